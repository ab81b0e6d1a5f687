//! Static or dynamic: how much memory is a table of handlers?
//!
//! Two tables hold the same handlers: one of enums, one of boxes. Measure both, without guessing
//! what the compiler does with them: it can be asked, by `size_of` for a type and `size_of_val` for
//! a value, also for one behind `dyn`.
//!
//! * `table`: the bytes of all entries, one behind the other.
//! * `heap`: the bytes of the handlers that lie outside of the table. What a handler itself points
//!   to, such as the text of a `String`, does not count: it is the same in both tables.
//! * `allocations`: how many pieces of the heap that are. A `Box` of a value without bytes
//!   allocates nothing.
//! * `unused`: the bytes of the entries that hold neither a handler nor a pointer. All entries of
//!   an enum are as large as its largest variant.

/// Something that answers.
pub trait Handler {
    fn answer(&self) -> &str;
}

/// Has no bytes.
#[derive(Clone, Debug)]
pub struct Hello;

/// Has a text of any length, elsewhere.
#[derive(Clone, Debug)]
pub struct Text(pub String);

/// Has its text in itself.
#[derive(Clone, Debug)]
pub struct Page {
    pub text: [u8; 200],
    pub length: u8,
}

impl Handler for Hello {
    fn answer(&self) -> &str {
        "hello"
    }
}

impl Handler for Text {
    fn answer(&self) -> &str {
        &self.0
    }
}

impl Handler for Page {
    fn answer(&self) -> &str {
        str::from_utf8(&self.text[..usize::from(self.length)]).unwrap_or("not text")
    }
}

/// One of the three.
#[derive(Clone, Debug)]
pub enum Site {
    Hello(Hello),
    Text(Text),
    Page(Page),
}

/// What a table takes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub table: usize,
    pub heap: usize,
    /// How many pieces of the heap.
    pub allocations: usize,
    pub unused: usize,
}

/// The memory of a table of enums.
pub fn of_enums(table: &[Site]) -> Memory {
    todo!()
}

/// The memory of a table of boxes.
pub fn of_boxes(table: &[Box<dyn Handler>]) -> Memory {
    todo!()
}
