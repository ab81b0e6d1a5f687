use std::io;

use exercises::predict_writes::*;

/// How often the writer is called when this is run.
fn count(most: usize, run: impl FnOnce(&mut Counted) -> io::Result<()>) -> usize {
    let mut counted = Counted { most, calls: 0, bytes: Vec::new() };
    run(&mut counted).unwrap();
    counted.calls
}

const WIDE: usize = 1 << 20;

#[test]
fn macro_straight_is_called_as_often_as_predicted() {
    assert_eq!(calls().macro_straight, count(WIDE, |out| macro_straight(out, 42)));
}

#[test]
fn format_first_is_called_as_often_as_predicted() {
    assert_eq!(calls().format_first, count(WIDE, |out| format_first(out, 42)));
}

#[test]
fn several_values_is_called_as_often_as_predicted() {
    assert_eq!(calls().several_values, count(WIDE, |out| several_values(out, 42)));
}

#[test]
fn through_a_buffer_is_called_as_often_as_predicted() {
    assert_eq!(calls().through_a_buffer, count(WIDE, |out| through_a_buffer(out, 42)));
}

#[test]
fn a_buffer_too_small_for_both_is_called_as_often_as_predicted() {
    assert_eq!(calls().a_buffer_too_small_for_both, count(WIDE, a_buffer_too_small_for_both));
}

#[test]
fn a_piece_larger_than_the_buffer_is_called_as_often_as_predicted() {
    assert_eq!(calls().a_piece_larger_than_the_buffer, count(WIDE, a_piece_larger_than_the_buffer));
}

#[test]
fn dropped_without_flush_is_called_as_often_as_predicted() {
    assert_eq!(calls().dropped_without_flush, count(WIDE, dropped_without_flush));
}

#[test]
fn flushed_for_nothing_is_called_as_often_as_predicted() {
    assert_eq!(calls().flushed_for_nothing, count(WIDE, flushed_for_nothing));
}

#[test]
fn by_lines_is_called_as_often_as_predicted() {
    assert_eq!(calls().by_lines, count(WIDE, by_lines));
}

#[test]
fn a_narrow_connection_is_called_as_often_as_predicted() {
    assert_eq!(calls().a_narrow_connection, count(4, a_narrow_connection));
}
