//! A server as it stands in the tables.

use std::io;

use crate::entries::ability::Ability;
use crate::entries::cargo::workspace;
use crate::entries::launch::Launch;
use crate::entries::running::Running;
use crate::results::Kind;

/// A server that can be measured.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name, unique.
    pub name: &'static str,
    /// Whose it is.
    pub kind: Kind,
    /// The concurrency model.
    pub model: &'static str,
    /// The name of the entry that is the floor of this one's model.
    pub floor: Option<&'static str>,
    /// What it can do besides answering `GET /text`.
    pub abilities: &'static [Ability],
    /// Program and version, as far as it says one.
    pub version: String,
    /// How it is started.
    pub launch: Launch,
}

/// The name of an entry that cannot be measured here, and the reason.
pub type Missing = (String, String);

impl Entry {
    /// Starts the server on the core on which the calling thread is, and waits until it answers.
    ///
    /// # Errors
    /// If it does not within some seconds; with what it said.
    pub fn start(&self) -> io::Result<Running> {
        self.launch.start(self.name, self.kind, self.abilities)
    }

    /// The command that starts it. Words in braces are filled in at each start: `{port}` is one
    /// that is free, `{files}` the directory of [`Files`](super::Files).
    #[must_use]
    pub fn command(&self) -> Vec<String> {
        self.launch.command(&workspace())
    }

    /// Whether it can do this.
    #[must_use]
    pub fn can(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
    }
}
