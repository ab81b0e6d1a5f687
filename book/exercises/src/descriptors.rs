//! Under `std::net`: the table of descriptors of a process.
//!
//! The kernel holds things: files, sockets. A process holds numbers, and its table says which
//! number stands for which thing. Build the table:
//!
//! * At the start 0, 1 and 2 are open, and all three stand for one thing, "terminal".
//! * `open` makes a *new* thing and returns its number: always the lowest one that is free. Two
//!   things may have the same name, and are two things all the same.
//! * `dup` returns a further number for the same thing, by the same rule.
//! * `close` frees a number. When it was the last one of its thing, the thing is gone, and its
//!   name is returned. As long as another number stands for it, the result is `None`.
//! * A table has at most `limit` numbers, from 0 to `limit - 1`. When all are taken, `open` and
//!   `dup` fail with `TooMany` (its errno is EMFILE).
//! * A number that is not open is `Bad` (EBADF), in `dup` and in `close`. If the number is not open
//!   *and* the table is full, `dup` fails with `Bad`.

#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    Bad,
    TooMany,
}

pub struct Table {
    // Yours.
}

impl Table {
    /// `limit` is at least 3.
    pub fn new(limit: usize) -> Self {
        todo!()
    }

    pub fn open(&mut self, name: &str) -> Result<usize, Error> {
        todo!()
    }

    pub fn dup(&mut self, number: usize) -> Result<usize, Error> {
        todo!()
    }

    pub fn close(&mut self, number: usize) -> Result<Option<String>, Error> {
        todo!()
    }

    /// The name of the thing that a number stands for.
    pub fn name(&self, number: usize) -> Option<&str> {
        todo!()
    }
}
