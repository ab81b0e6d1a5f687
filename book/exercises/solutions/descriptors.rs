//! Under `std::net`: the table of descriptors of a process.
//!
//! A place in the table holds an `Rc`: the thing is shared by its numbers, and it counts them.
//! That is what the kernel does, too: a close only counts down, and the last one ends the
//! connection. So a `TcpStream::try_clone` that somebody still holds keeps a connection open.
//! `Rc::into_inner` answers "was this the last one?" and "which thing was it?" at the same time.
//!
//! The free number is searched from the front. The kernel keeps a bitmap of what is taken, which is
//! faster and says the same.

use std::rc::Rc;

#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    Bad,
    TooMany,
}

pub struct Table {
    places: Vec<Option<Rc<String>>>,
}

impl Table {
    /// `limit` is at least 3.
    pub fn new(limit: usize) -> Self {
        let terminal = Rc::new("terminal".to_owned());
        let mut places = vec![None; limit];
        places[..3].fill(Some(terminal));
        Table { places }
    }

    pub fn open(&mut self, name: &str) -> Result<usize, Error> {
        self.take_place(Rc::new(name.to_owned()))
    }

    pub fn dup(&mut self, number: usize) -> Result<usize, Error> {
        let thing = self.places.get(number).cloned().flatten().ok_or(Error::Bad)?;
        self.take_place(thing)
    }

    pub fn close(&mut self, number: usize) -> Result<Option<String>, Error> {
        let place = self.places.get_mut(number).ok_or(Error::Bad)?;
        let thing = place.take().ok_or(Error::Bad)?;
        Ok(Rc::into_inner(thing))
    }

    /// The name of the thing that a number stands for.
    pub fn name(&self, number: usize) -> Option<&str> {
        let thing = self.places.get(number)?.as_ref()?;
        Some(thing.as_str())
    }

    fn take_place(&mut self, thing: Rc<String>) -> Result<usize, Error> {
        let free = self.places.iter().position(Option::is_none).ok_or(Error::TooMany)?;
        self.places[free] = Some(thing);
        Ok(free)
    }
}
