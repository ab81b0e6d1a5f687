use std::any::Any;
use std::sync::Arc;

use exercises::hand_vtable::{Object, Shape};

#[derive(Debug, PartialEq)]
struct Square(u64);

impl Shape for Square {
    fn name(&self) -> String {
        format!("square of {}", self.0)
    }
    fn area(&self) -> u64 {
        self.0 * self.0
    }
    fn grow(&mut self, factor: u64) {
        self.0 *= factor;
    }
}

#[derive(Debug, PartialEq)]
struct Rectangle {
    width: u64,
    height: u64,
    alive: Arc<()>,
}

impl Shape for Rectangle {
    fn name(&self) -> String {
        format!("{} by {}", self.width, self.height)
    }
    fn area(&self) -> u64 {
        self.width * self.height
    }
    fn grow(&mut self, factor: u64) {
        self.width *= factor;
        self.height *= factor;
    }
}

fn rectangle(width: u64, height: u64) -> Rectangle {
    Rectangle { width, height, alive: Arc::new(()) }
}

#[test]
fn shapes_of_several_types_stand_in_one_list() {
    let shapes = [Object::new(Square(3)), Object::new(rectangle(2, 5)), Object::new(Square(1))];
    let areas: Vec<u64> = shapes.iter().map(Object::area).collect();
    assert_eq!(areas, [9, 10, 1]);
    let names: Vec<String> = shapes.iter().map(Object::name).collect();
    assert_eq!(names, ["square of 3", "2 by 5", "square of 1"]);
}

#[test]
fn what_grows_is_the_shape_inside() {
    let mut objects = [Object::new(Square(3)), Object::new(rectangle(2, 5))];
    objects.iter_mut().for_each(|object| object.grow(10));
    objects[0].grow(2);
    assert_eq!((objects[0].area(), objects[1].area()), (3600, 1000));
    assert_eq!(objects[1].name(), "20 by 50");
}

#[test]
fn a_table_works_on_the_data_of_its_type() {
    let table = Object::new(Square(3)).table();
    assert_eq!((table.area)(&Square(7)), 49);
    assert_eq!((table.name)(&Square(7)), "square of 7");
    let mut square = Square(2);
    (table.grow)(&mut square, 3);
    assert_eq!(square, Square(6));
}

#[test]
fn a_table_refuses_the_data_of_another_type() {
    let table = Object::new(Square(3)).table();
    let panics =
        |run: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err();
    assert!(panics(&|| drop((table.name)(&rectangle(1, 1)))));
    assert!(panics(&|| {
        let _ = (table.area)(&7_u64);
    }));
    assert!(panics(&|| (table.grow)(&mut rectangle(1, 1) as &mut dyn Any, 2)));
}

#[test]
fn an_object_can_become_what_it_was() {
    let mut object = Object::new(Square(3));
    object.grow(2);
    assert_eq!(object.downcast::<Square>().unwrap(), Square(6));
}

#[test]
fn what_was_something_else_stays_an_object() {
    let object = Object::new(Square(3)).downcast::<Rectangle>().unwrap_err();
    assert_eq!((object.area(), object.name()), (9, "square of 3".to_owned()));
    let mut object = Object::new(rectangle(2, 3)).downcast::<Square>().unwrap_err();
    object.grow(2);
    assert_eq!(object.area(), 24);
}

#[test]
fn the_data_is_dropped_with_its_object_and_not_before() {
    let rectangle = rectangle(1, 1);
    let alive = Arc::downgrade(&rectangle.alive);
    let object = Object::new(rectangle).downcast::<Square>().unwrap_err();
    assert_eq!(alive.strong_count(), 1);
    drop(object);
    assert_eq!(alive.strong_count(), 0);
}
