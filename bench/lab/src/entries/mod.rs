//! What is measured: how each server is started and stopped, and what the kernel counts for it.
//!
//! All are told one thread, and run on the core that they are started from. Our own binaries choose
//! their ports and say them, and end when the lab does, since their standard input ends with it.
//! Peers are given a port. Those that are installed on the system are killed when their [`Running`]
//! is dropped, and get the ctrl-C that the lab gets; if the lab itself is killed, they stay.
//!
//! # Map
//! * `ours`, `peers`, `installed`: the tables of entries; `files`: what they all serve;
//! * `cargo`: builds those that are built here;
//! * `entry`, `ability`: what an entry is; `launch`: from an entry to a server that answers, in
//!   a `place` of its own, with its `output`; `running`: what can be done with it;
//! * `usage`: what the kernel counts; `gate`: whether a server may be measured at all.

mod ability;
mod cargo;
mod entry;
mod files;
mod gate;
mod installed;
mod launch;
mod ours;
mod output;
mod peers;
mod place;
mod running;
mod usage;

use std::io;
use std::sync::Arc;

pub use ability::Ability;
pub use entry::{Entry, Missing};
pub use files::Files;
pub use gate::gate;
pub use installed::all as installed;
pub use launch::Launch;
pub use ours::{floors, ours};
pub use peers::all as peers;
pub use running::Running;
pub use usage::{Switches, Usage};

pub(crate) use cargo::workspace;

/// All entries that this machine can measure, and those that it cannot, with the reason.
///
/// Our backends and the floors are built if they have changed. Peers are not: see [`build_peers`].
///
/// # Errors
/// If our own binaries cannot be built, or there is no room for the files that are served.
pub fn all() -> io::Result<(Vec<Entry>, Vec<Missing>)> {
    let files = Arc::new(Files::new()?);
    let built = cargo::build(&workspace(), &["-p", "subject", "-p", "floors"])?;
    let (mut entries, mut missing) = (Vec::new(), Vec::new());
    for entry in ours(built.get("subject")?, &files).into_iter().chain(floors(built.get("floor")?))
    {
        match entry.launch.check() {
            Ok(()) => entries.push(entry),
            Err(reason) => missing.push((entry.name.to_owned(), reason)),
        }
    }
    for found in peers(&files).chain(installed(&files)) {
        match found {
            Ok(entry) => entries.push(entry),
            Err(reason) => missing.push(reason),
        }
    }
    Ok((entries, missing))
}

/// Builds the peers, which are a workspace of their own: nobody builds them unasked. From then on
/// [`all`] has them.
///
/// # Errors
/// If one cannot be built.
pub fn build_peers() -> io::Result<()> {
    cargo::build(&peers::workspace(), &["--target-dir", &peers::target().to_string_lossy()])?;
    Ok(())
}
