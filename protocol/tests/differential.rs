//! What a connection understands is what others understand: the crate `reference`, which reads
//! everything at once and as plainly as possible, and `httparse` by itself.

#![allow(clippy::disallowed_types, reason = "what a handler has seen is shared with its test")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod requests;
mod understanding;

use proptest::prelude::*;
use requests::{cases, input, limits};
use understanding::{understand, understand_whole};

proptest! {
    #![proptest_config(cases(8000))]

    #[test]
    fn what_we_understand_is_what_the_reference_understands(input in input(), limits in limits()) {
        understand_whole(&input, &limits).assert_as_reference(&input, &limits);
    }
}
proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn arbitrary_bytes_are_understood_alike(
        input in proptest::collection::vec(any::<u8>(), 0..200),
        limits in limits(),
    ) {
        let bytewise = understand(input.chunks(1), &limits);
        bytewise.assert_as_reference(&input, &limits);
        prop_assert_eq!(bytewise, understand_whole(&input, &limits));
    }
}
