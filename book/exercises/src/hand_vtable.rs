//! Static or dynamic: a table of functions by hand, without `dyn` for the trait.
//!
//! Build what `Box<dyn Shape>` is, in the open. An [`Object`] holds the data of a shape, whose type
//! is forgotten, and a [`Table`] of functions that still know it.
//!
//! * You may use `Box<dyn Any>` for the data, and its methods `downcast_ref`, `downcast_mut` and
//!   `downcast`. You may not use `dyn Shape`, `unsafe`, or a list of types.
//! * A table is a constant: making an object makes no table. (How do you get a `&'static Table` for
//!   each type? A trait can have a constant, and it can be implemented for every `S: Shape`.)
//! * A function of a table that gets the data of another type panics.
//! * `downcast` gives the shape back as what it was, or the same object if it was something else.

use std::any::Any;
use std::fmt;

/// Something with an area.
pub trait Shape: Any {
    /// Its name.
    fn name(&self) -> String;
    /// How large it is.
    fn area(&self) -> u64;
    /// Makes it longer by this factor in both directions.
    fn grow(&mut self, factor: u64);
}

/// The methods of one type of shape.
#[derive(Clone, Copy)]
pub struct Table {
    pub name: fn(&dyn Any) -> String,
    pub area: fn(&dyn Any) -> u64,
    pub grow: fn(&mut dyn Any, u64),
}

/// A shape of any type: its data, and the table of its type.
pub struct Object {
    data: Box<dyn Any>,
    table: &'static Table,
}

impl Object {
    /// An object from a shape.
    pub fn new<S: Shape>(shape: S) -> Self {
        todo!()
    }

    /// The table of its type.
    pub fn table(&self) -> &'static Table {
        todo!()
    }

    pub fn name(&self) -> String {
        todo!()
    }

    pub fn area(&self) -> u64 {
        todo!()
    }

    pub fn grow(&mut self, factor: u64) {
        todo!()
    }

    /// The shape as what it was before, if it was an `S`.
    pub fn downcast<S: Shape>(self) -> Result<S, Object> {
        todo!()
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())
    }
}
