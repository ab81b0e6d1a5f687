//! What is measured, and under which name.

use std::fmt;

/// A function that is measured, by the three parts of its name.
pub struct Measured {
    /// What is done. Those with the same group are compared.
    pub group: &'static str,
    /// Whose code does it: `protocol`, a layer, or the library below.
    pub by: &'static str,
    /// What it is done to.
    pub input: &'static str,
    /// How long the input is, in bytes.
    pub bytes: usize,
    /// Does it once.
    pub run: Box<dyn FnMut()>,
}

impl Measured {
    pub(crate) fn new(
        group: &'static str,
        by: &'static str,
        (input, bytes): (&'static str, usize),
        run: impl FnMut() + 'static,
    ) -> Self {
        Measured { group, by, input, bytes, run: Box::new(run) }
    }

    /// Whether it is code of this repository, not of a library below it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.by == "protocol" || self.by.starts_with("layer-")
    }
}

impl fmt::Debug for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.group, self.by, self.input)
    }
}
