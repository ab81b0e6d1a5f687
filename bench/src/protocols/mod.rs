//! The protocols without a socket: what a server does for one message, as functions that can be
//! called again and again, each beside what the raw library below it takes for the same bytes.
//!
//! The benches measure these functions with a clock, [`counts`](crate::counts) counts their
//! instructions: both call the same ones.

mod driven;
mod http1;
mod http2;
mod measured;
mod websocket;

pub use measured::Measured;

/// All functions, those of a group together.
#[must_use]
pub fn all() -> Vec<Measured> {
    [http1::all(), http2::all(), websocket::all()].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_function_can_be_called_again_and_has_a_name_of_its_own() {
        let mut names = HashSet::new();
        for mut measured in all() {
            let name = format!("{measured:?}");
            (0..3).for_each(|_| (measured.run)());
            assert!(names.insert(name), "{measured:?}");
            // Criterion makes folders of them.
            for part in [measured.group, measured.by, measured.input] {
                assert!(!part.contains(['/', '\\', ':', '?', '*', '"', '<', '>', '|']), "{part}");
            }
        }
    }

    #[test]
    fn each_input_of_a_group_is_given_to_the_library_and_to_ours() {
        let all = all();
        for measured in &all {
            let same = |it: &&Measured| (it.group, it.input) == (measured.group, measured.input);
            assert_eq!(all.iter().filter(same).count(), 2, "{measured:?}");
        }
    }
}
