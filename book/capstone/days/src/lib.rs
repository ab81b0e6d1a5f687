//! What judges the capstone day by day, written once, generic over the backend: [`mod@day1`] to
//! [`mod@day4`], and in the end [`mod@seeds`] and, on Linux, `budget`. [`after`] has the loop as it
//! may look on the evening of a day; the last evening is the package `backend-poll`.
//!
//! The tests of a day go on holding on all later days.

#![cfg(unix)]
#![allow(missing_docs, reason = "the names of the tests say what they test")]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "these are tests")]

pub mod after;
#[cfg(target_os = "linux")]
pub mod budget;
pub mod day1;
pub mod day2;
pub mod day3;
pub mod day4;
pub mod seeds;
mod sleep;

use std::net::SocketAddr;
use std::time::Duration;

use backend_common::{Backend, Handler, Limits, Reply, Request, Response, Server};
use backend_suite::client::Client;

/// How long a client waits for anything before its test fails. More than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts a server that is never shut down: it ends with the process of the tests. Shutdown is a
/// matter of the fourth day.
fn start<B: Backend>(model: B, limits: Limits, handler: impl Handler) -> SocketAddr {
    let server = Server::bind("127.0.0.1:0").unwrap().model(model).limits(limits).workers(2);
    server.spawn(handler).unwrap().address()
}

/// A server that answers with the path, with 16 MiB, or with the thread that it runs on.
fn echo<B: Backend>(model: B) -> SocketAddr {
    start(model, Limits::default(), answer)
}

/// The size of what is behind `/large`: more than the buffers of two sockets hold.
const LARGE: usize = 16 << 20;

fn answer(request: &Request<'_>) -> Reply {
    match request.path() {
        "/large" => Response::text("x".repeat(LARGE)).into(),
        "/thread" => museum::scheduler::current_thread().into(),
        path => Response::text(path.to_owned()).into(),
    }
}

fn connect(address: SocketAddr) -> Client {
    let client = Client::connect(address);
    client.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

/// Makes tests of functions: `tests!(Model; day1::name, …)`.
#[doc(hidden)]
#[macro_export]
macro_rules! tests {
    ($model:expr; $($module:ident :: $test:ident,)*) => {
        $(
            #[test]
            fn $test() {
                $crate::$module::$test($model);
            }
        )*
    };
}
