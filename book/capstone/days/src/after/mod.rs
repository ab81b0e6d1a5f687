//! The loop as it may look on the evenings of the first three days. Look when you have one of your
//! own; there are other good ones.
//!
//! `diff day1.rs day2.rs` shows what a day has changed.

mod day1;
mod day2;
mod day3;

use std::io;
use std::sync::Arc;

use backend_common::{Backend, Context, Listener, Variant};

/// Makes a backend of the loop of a day.
macro_rules! evening {
    ($model:ident, $day:ident, $name:literal) => {
        #[doc = concat!("The backend on the evening of ", stringify!($day), ".")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $model;

        impl Backend for $model {
            const NAME: &'static str = $name;
            const MODELS: &'static [Variant<Self>] =
                &[Variant { model: $model, name: "loop", summary: "not finished yet" }];

            fn serve(self, listener: Listener, context: Arc<Context>) -> io::Result<()> {
                $day::serve(&listener, &context)
            }
        }
    };
}

evening!(Day1, day1, "poll-1");
evening!(Day2, day2, "poll-2");
evening!(Day3, day3, "poll-3");
