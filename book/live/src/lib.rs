//! The protocol as a program: a script of steps goes in; the calls that were made, the bytes that
//! were written, the waits and the states come out. The course runs it in its pages, compiled to
//! WebAssembly, for its figures and for the questions that it computes.
//!
//! A script is text, a step a line. The first line may say what is driven (`speak http1` if it
//! does not); lines that begin with `#` say nothing.
//!
//! ```
//! let script = "receive GET /echo/hi HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n\nshow statuses";
//! assert_eq!(live::shown(script).unwrap(), ["200"]);
//! ```
//!
//! | step | for | what happens |
//! |---|---|---|
//! | `speak NAME` | | what is driven: `http1`, `http2`, `chunks`, `frames`, `poller`, `ring`, `pool`, `asking` |
//! | `limit NAME VALUE` | connections | a limit is another: seconds, or bytes |
//! | `receive BYTES` | | these bytes arrive in one piece; `\r`, `\n`, `\t`, `\\`, `\x0f` |
//! | `fill N` | connections | so many bytes arrive, all of them `x` |
//! | `eof` | connections | the client closes its side |
//! | `takes all`, `takes none` | connections | whether the client takes output as it comes |
//! | `take N`, `take all` | connections | the client takes so much |
//! | `pass MS` | connections | time passes, and each deadline is met at its moment |
//! | `late MS` | connections | time passes, and the thread does something else meanwhile |
//! | `timeout` | connections | the timer rings now, rightly or not |
//! | `complete N` | connections | a piece of work is done, the oldest if no number is given |
//! | `shutdown MS` | connections | shutdown begins, and has so much time |
//! | `preface WINDOW`, `get STREAM PATH`, `post STREAM PATH`, `data STREAM N`, `end STREAM N`, `window STREAM N`, `reset STREAM`, `pong` | HTTP/2 | the client sends such a frame |
//! | `upgrade`, `text TEXT`, `begin TEXT`, `finish TEXT`, `binary N`, `ping TEXT`, `close CODE` | WebSocket | the client sends this |
//! | `cuts BYTES` | http1 | all ways to cut these bytes twice are tried |
//! | `show WHAT` | | the answer ends with this value |
//!
//! What the models of the kernel take is in [their documentation](models).
//!
//! # Map
//! * [`run`] and [`shown`]; `script`: steps are played; `subject`: what
//!   they are played to; `json`: how answers are written;
//! * `driver`: a connection and its client; `handler`: what it serves; `steps`: what a script can
//!   say to it; `cuts`: all ways to cut;
//! * [`frames`]: frames of HTTP/2; `websocket`: frames of WebSocket; `chunks`: a body by the byte;
//! * [`models`]: small models of the kernel and of a pool of threads.

#![forbid(unsafe_code)]

mod chunks;
mod cuts;
mod driver;
pub mod frames;
mod handler;
mod json;
pub mod models;
mod script;
mod steps;
mod subject;
mod websocket;

pub use handler::Routes;
pub use script::{run, shown};
