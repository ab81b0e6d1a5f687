//! Static or dynamic: a table of functions by hand, without `dyn` for the trait.
//!
//! # Explanation
//! What `&dyn Shape` does is done here in the open: an object is its data and a table of functions
//! for the type that the data has. `Tables` makes the compiler build one table for each type, as a
//! constant, so an object holds a reference that costs nothing to make. The functions of the table
//! take `&dyn Any`, because a table must have one type for all: each turns it back into the type it
//! was made for. The `Any` is what keeps this safe; a real table of the compiler does without the
//! check, since it cannot be put together wrongly.

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

/// The table of a type, made while the program is compiled.
trait Tables {
    const TABLE: Table;
}

impl<S: Shape> Tables for S {
    const TABLE: Table = Table {
        name: |data| known::<S>(data).name(),
        area: |data| known::<S>(data).area(),
        grow: |data, factor| {
            let shape: &mut S = data.downcast_mut().expect("the table is that of the type");
            shape.grow(factor);
        },
    };
}

fn known<S: Shape>(data: &dyn Any) -> &S {
    data.downcast_ref().expect("the table is that of the type")
}

/// A shape of any type: its data, and the table of its type.
pub struct Object {
    data: Box<dyn Any>,
    table: &'static Table,
}

impl Object {
    /// An object from a shape.
    pub fn new<S: Shape>(shape: S) -> Self {
        Object { data: Box::new(shape), table: &S::TABLE }
    }

    /// The table of its type.
    pub fn table(&self) -> &'static Table {
        self.table
    }

    pub fn name(&self) -> String {
        (self.table.name)(&*self.data)
    }

    pub fn area(&self) -> u64 {
        (self.table.area)(&*self.data)
    }

    pub fn grow(&mut self, factor: u64) {
        (self.table.grow)(&mut *self.data, factor);
    }

    /// The shape as what it was before, if it was an `S`.
    pub fn downcast<S: Shape>(self) -> Result<S, Object> {
        let table = self.table;
        match self.data.downcast::<S>() {
            Ok(shape) => Ok(*shape),
            Err(data) => Err(Object { data, table }),
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())
    }
}
