//! How predicates are defined.

/// Whether what is said of a trace is true.
pub type Predicate = fn(&str) -> bool;

/// Defines predicates, and lists them under their names.
macro_rules! predicates {
    ($($(#[$doc:meta])* fn $name:ident($trace:ident) $body:block)*) => {
        $($(#[$doc])* fn $name($trace: &str) -> bool $body)*

        /// The predicates of this chapter.
        pub(super) const ALL: &[(&str, $crate::predicates::Predicate)] =
            &[$((stringify!($name), $name)),*];
    };
}
pub(super) use predicates;
