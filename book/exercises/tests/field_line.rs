use exercises::field_line::{BadLine, FieldLine};

fn line(name: &str, value: &str) -> String {
    FieldLine::new(name, value).unwrap().to_string()
}

fn bad(name: &str, value: &str) -> BadLine {
    FieldLine::new(name, value).unwrap_err()
}

#[test]
fn a_line_ends_in_cr_lf_and_holds_no_other() {
    assert_eq!(line("Content-Language", "en"), "Content-Language: en\r\n");
    assert_eq!(line("X", ""), "X: \r\n");
    assert_eq!(line("!#$%&'*+-.^_`|~09azAZ", "a: b"), "!#$%&'*+-.^_`|~09azAZ: a: b\r\n");
}

#[test]
fn a_name_is_a_token() {
    assert_eq!(bad("", "x"), BadLine::NoName);
    for wrong in [" ", ":", "(", "\"", "/", "\t", "\r", "\n", "\0", "ë", "\x7f"] {
        let name = format!("a{wrong}b");
        assert_eq!(bad(&name, "x"), BadLine::Name { at: 1 }, "{name:?}");
    }
    assert_eq!(bad("Name ", "x"), BadLine::Name { at: 4 });
}

#[test]
fn no_control_character_stands_in_a_value_but_the_tab() {
    for byte in (0..0x20).chain([0x7f]).filter(|byte| *byte != b'\t') {
        let value = format!("ab{}c", char::from(byte));
        assert_eq!(bad("X", &value), BadLine::Value { at: 2 }, "{byte:#x}");
    }
    assert_eq!(line("X", "a\tb c"), "X: a\tb c\r\n");
    assert_eq!(line("X", "Zoë, 吴"), "X: Zoë, 吴\r\n");
    assert_eq!(line("X", "a\u{85}b"), "X: a\u{85}b\r\n");
}

#[test]
fn a_line_feed_at_an_end_is_refused_too() {
    assert_eq!(bad("X", "a\r\n"), BadLine::Value { at: 1 });
    assert_eq!(bad("X", "\na"), BadLine::Value { at: 0 });
}

#[test]
fn white_space_at_the_ends_is_cut_and_no_other() {
    assert_eq!(line("X", " \t a b\t "), "X: a b\r\n");
    assert_eq!(line("X", " \t "), "X: \r\n");
    assert_eq!(line("X", "\u{a0}a\u{2003}"), "X: \u{a0}a\u{2003}\r\n");
}

#[test]
fn a_position_is_one_in_the_text_that_was_given() {
    assert_eq!(bad("X", "  a\nb"), BadLine::Value { at: 3 });
    assert_eq!(bad("X", "ëë\n\r"), BadLine::Value { at: 4 });
    assert_eq!(bad("a(b)", "x"), BadLine::Name { at: 1 });
}

#[test]
fn the_end_of_the_body_is_not_for_a_handler_to_say() {
    for name in ["Content-Length", "content-length", "TRANSFER-ENCODING", "tRANSFER-eNCODING"] {
        assert_eq!(bad(name, "5"), BadLine::NotYours, "{name}");
    }
    assert_eq!(line("Content-Lengths", "5"), "Content-Lengths: 5\r\n");
}

#[test]
fn the_first_thing_that_is_wrong_is_named() {
    assert_eq!(bad("", "\n"), BadLine::NoName);
    assert_eq!(bad(" ", "\n"), BadLine::Name { at: 0 });
    assert_eq!(bad("Content-Length", "5\n"), BadLine::Value { at: 1 });
}
