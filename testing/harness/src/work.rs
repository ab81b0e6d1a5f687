//! Work, done here and now.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use protocol::{Outcome, Work};

/// Does a piece of work. A future has to be ready within a few looks at it.
#[must_use]
pub fn run(work: Work) -> Outcome {
    match work {
        Work::Blocking(job) => job.run(),
        Work::Future(mut task) => {
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..100 {
                if let Poll::Ready(outcome) = Pin::new(&mut task).poll(&mut context) {
                    return outcome;
                }
            }
            panic!("a future that is never ready");
        }
    }
}
