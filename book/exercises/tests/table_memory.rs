use exercises::table_memory::{Handler, Hello, Memory, Page, Site, Text, of_boxes, of_enums};

const POINTER: usize = size_of::<usize>();

fn page() -> Page {
    Page { text: [b'x'; 200], length: 3 }
}

fn text(length: usize) -> Text {
    Text("x".repeat(length))
}

#[test]
fn entries_of_an_enum_lie_in_the_table() {
    let table = [Site::Hello(Hello), Site::Text(text(5)), Site::Page(page()), Site::Hello(Hello)];
    let memory = of_enums(&table);
    assert_eq!(memory.table, 4 * size_of::<Site>());
    assert_eq!((memory.heap, memory.allocations), (0, 0));
}

#[test]
fn an_entry_of_an_enum_is_as_large_as_the_largest() {
    let one = |site: Site| of_enums(&[site]).unused;
    assert_eq!(one(Site::Hello(Hello)), size_of::<Site>());
    assert_eq!(one(Site::Text(text(0))), size_of::<Site>() - size_of::<String>());
    assert_eq!(one(Site::Page(page())), size_of::<Site>() - size_of::<Page>());
    let table = [Site::Hello(Hello), Site::Page(page())];
    assert_eq!(of_enums(&table).unused, 2 * size_of::<Site>() - size_of::<Page>());
}

#[test]
fn a_box_is_two_pointers_and_what_they_lead_to() {
    let memory = of_boxes(&[Box::new(text(5)), Box::new(page())]);
    assert_eq!(memory.table, 4 * POINTER, "the data, and the functions");
    assert_eq!(memory.heap, size_of::<Text>() + size_of::<Page>());
    assert_eq!((memory.allocations, memory.unused), (2, 0));
}

#[test]
fn a_handler_without_bytes_is_not_allocated() {
    let memory = of_boxes(&[Box::new(Hello), Box::new(page()), Box::new(Hello)]);
    assert_eq!((memory.heap, memory.allocations), (size_of::<Page>(), 1));
    assert_eq!(memory.table, 6 * POINTER);
}

/// A handler that the table has never heard of: nobody can list the types.
struct Other<const N: usize>([u8; N]);

impl<const N: usize> Handler for Other<N> {
    fn answer(&self) -> &str {
        if self.0.is_empty() { "nothing" } else { "something" }
    }
}

#[test]
fn handlers_of_any_type_are_measured() {
    let table: [Box<dyn Handler>; 4] = [
        Box::new(Other([0; 0])),
        Box::new(Other([0; 1])),
        Box::new(Other([0; 999])),
        Box::new(Other([0; 5000])),
    ];
    let memory = of_boxes(&table);
    assert_eq!((memory.heap, memory.allocations), (6000, 3));
}

#[test]
fn what_a_handler_points_to_does_not_count() {
    assert_eq!(of_enums(&[Site::Text(text(0))]), of_enums(&[Site::Text(text(5000))]));
    assert_eq!(of_boxes(&[Box::new(text(0))]), of_boxes(&[Box::new(text(5000))]));
}

#[test]
fn an_empty_table_takes_nothing() {
    assert_eq!((of_enums(&[]), of_boxes(&[])), (Memory::default(), Memory::default()));
}

/// What the measurement is for: which table is smaller depends on what is in it.
#[test]
fn small_handlers_beside_a_large_type_are_cheaper_in_boxes() {
    let total = |memory: Memory| memory.table + memory.heap;
    let enums = of_enums(&vec![Site::Hello(Hello); 100]);
    let boxes: Vec<_> = (0..100).map(|_| Box::new(Hello) as Box<dyn Handler>).collect();
    assert_eq!(total(of_boxes(&boxes)), 200 * POINTER);
    assert!(10 * total(of_boxes(&boxes)) < total(enums));
    let pages: Vec<_> = (0..100).map(|_| Box::new(page()) as Box<dyn Handler>).collect();
    assert!(total(of_boxes(&pages)) > total(of_enums(&vec![Site::Page(page()); 100])));
}
