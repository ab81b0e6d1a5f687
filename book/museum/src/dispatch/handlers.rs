//! What a server may be asked to do.

// ANCHOR: handler
/// A handler: answers requests.
pub trait Handler {
    /// The status of its responses.
    fn status(&self) -> u16;

    /// Appends the body of the response to a request for this path.
    fn body(&self, path: &str, out: &mut Vec<u8>);
}
// ANCHOR_END: handler

// ANCHOR: three
/// Says hello.
#[derive(Clone, Copy, Debug)]
pub struct Hello;

impl Handler for Hello {
    fn status(&self) -> u16 {
        200
    }

    fn body(&self, _path: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"hello\n");
    }
}
// ANCHOR_END: three

/// Says what was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Echo;

impl Handler for Echo {
    fn status(&self) -> u16 {
        200
    }

    fn body(&self, path: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(path.as_bytes());
        out.push(b'\n');
    }
}

/// Refuses with a status that was chosen when the program started.
#[derive(Clone, Copy, Debug)]
pub struct Refuse {
    /// The status.
    pub status: u16,
}

impl Handler for Refuse {
    fn status(&self) -> u16 {
        self.status
    }

    fn body(&self, _path: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"no\n");
    }
}
