//! A backend without its type, so that a program can have several and choose one when it runs.

use std::io;

use backend_common::Backend;

use crate::cli::configuration::Configuration;
use crate::cli::error::Error;
use crate::cli::options::Options;
use crate::cli::serve::serve;
use crate::console::Console;
use crate::operation::Inherited;

/// A backend that a program can serve with: see [`main_with`](crate::main_with).
#[derive(Clone, Debug)]
pub struct AnyBackend {
    pub(super) name: &'static str,
    pub(super) models: Vec<Model>,
    check_system: fn() -> io::Result<()>,
    pub(super) serve: fn(Configuration, Inherited, &Console, &Console) -> Result<(), Error>,
}

/// A variant of a backend, in words.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
}

impl AnyBackend {
    /// The backend of this type.
    #[must_use]
    pub fn of<B: Backend>() -> Self {
        let models = B::MODELS.iter();
        AnyBackend {
            name: B::NAME,
            models: models.map(|it| Model { name: it.name, summary: it.summary }).collect(),
            check_system: B::check_system,
            serve: serve::<B>,
        }
    }

    pub(super) fn has(&self, model: &str) -> bool {
        self.models.iter().any(|it| it.name == model)
    }
}

/// The backend that the options name, or else the first one that has their model and what it needs
/// of the system.
///
/// # Errors
/// If the backend that is named has no such model, in a sentence.
pub(super) fn choose<'a>(
    backends: &'a [AnyBackend],
    options: &Options,
) -> Result<&'a AnyBackend, String> {
    let has_model = |it: &&AnyBackend| options.model.as_ref().is_none_or(|model| it.has(model));
    let Some(name) = &options.backend else {
        let mut fitting = backends.iter().filter(has_model);
        let first = fitting.clone().next().unwrap_or(&backends[0]);
        return Ok(fitting.find(|it| (it.check_system)().is_ok()).unwrap_or(first));
    };
    let named = backends.iter().find(|it| it.name == name).unwrap_or(&backends[0]);
    if has_model(&named) {
        return Ok(named);
    }
    let names: Vec<_> = named.models.iter().map(|it| it.name).collect();
    Err(format!("the models of {name} are: {}", names.join(", ")))
}
