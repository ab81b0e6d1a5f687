//! Static or dynamic: the memory of two tables.
//!
//! `size_of_val` of a `&dyn Handler` looks into the table of functions of its type, which has the
//! size: so it can be asked while the program runs. It has to be given the handler and not the box;
//! `size_of_val(handler)` of a `&Box<dyn Handler>` is the size of two pointers, whatever they lead
//! to.
//!
//! What comes out depends on what is in the table. With three handlers of which one is large, the
//! enum pays for the largest each time, and the boxes pay two pointers and an allocation each. A
//! table of `Hello` alone costs nothing but pointers in boxes, and a page for each in enums.

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
    let content = |site: &Site| match site {
        Site::Hello(handler) => size_of_val(handler),
        Site::Text(handler) => size_of_val(handler),
        Site::Page(handler) => size_of_val(handler),
    };
    let unused = table.iter().map(|site| size_of_val(site) - content(site)).sum();
    Memory { table: size_of_val(table), unused, ..Memory::default() }
}

/// The memory of a table of boxes.
pub fn of_boxes(table: &[Box<dyn Handler>]) -> Memory {
    let sizes = table.iter().map(|handler| size_of_val(&**handler));
    Memory {
        table: size_of_val(table),
        heap: sizes.clone().sum(),
        allocations: sizes.filter(|size| *size > 0).count(),
        unused: 0,
    }
}
