//! The enum: a list of handlers that is closed.

use crate::dispatch::handlers::{Echo, Handler, Hello, Refuse};

// ANCHOR: site
/// Every handler of this site.
#[derive(Clone, Copy, Debug)]
pub enum Site {
    /// Says hello.
    Hello(Hello),
    /// Says what was asked for.
    Echo(Echo),
    /// Refuses.
    Refuse(Refuse),
}

impl Handler for Site {
    fn status(&self) -> u16 {
        match self {
            Site::Hello(it) => it.status(),
            Site::Echo(it) => it.status(),
            Site::Refuse(it) => it.status(),
        }
    }

    fn body(&self, path: &str, out: &mut Vec<u8>) {
        match self {
            Site::Hello(it) => it.body(path, out),
            Site::Echo(it) => it.body(path, out),
            Site::Refuse(it) => it.body(path, out),
        }
    }
}
// ANCHOR_END: site
