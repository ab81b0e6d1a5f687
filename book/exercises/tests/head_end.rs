use std::cell::Cell;

use exercises::head_end::{BareLf, HeadEnd, Input};

/// Presents `wire` in pieces that end at these places; the first answer that is not `None`.
fn find(
    wire: &[u8],
    ends: impl IntoIterator<Item = usize>,
) -> (Result<Option<usize>, BareLf>, usize) {
    let looks = Cell::new(0);
    let mut head = HeadEnd::default();
    for end in ends {
        match head.find(&Input::new(&wire[..end], &looks)) {
            Ok(None) => {}
            answer => return (answer, looks.get()),
        }
    }
    (Ok(None), looks.get())
}

const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";

#[test]
fn a_head_in_one_piece() {
    assert_eq!(find(HEAD, [HEAD.len()]).0, Ok(Some(HEAD.len())));
}

#[test]
fn what_follows_does_not_belong_to_it() {
    let wire = [HEAD, b"POST / HTTP/1.1\r\n\r\n\n\n"].concat();
    assert_eq!(find(&wire, [wire.len()]).0, Ok(Some(HEAD.len())));
}

#[test]
fn a_head_in_two_pieces_whatever_the_split() {
    for at in 0..=HEAD.len() {
        assert_eq!(find(HEAD, [at, HEAD.len()]).0, Ok(Some(HEAD.len())), "split at {at}");
    }
}

#[test]
fn a_head_byte_by_byte() {
    assert_eq!(find(HEAD, 0..=HEAD.len()).0, Ok(Some(HEAD.len())));
}

#[test]
fn only_an_empty_line_ends_it() {
    let wire = b"G\r\na\r\n\rb\r\n\r\n";
    for at in 0..=wire.len() {
        assert_eq!(find(wire, [at, wire.len()]).0, Ok(Some(wire.len())), "split at {at}");
    }
}

#[test]
fn no_end_is_no_answer() {
    for end in 0..HEAD.len() {
        assert_eq!(find(HEAD, [end]).0, Ok(None));
    }
}

#[test]
fn a_bare_lf_is_refused_in_every_split() {
    for wire in [&b"GET / HTTP/1.1\nHost: h\r\n\r\n"[..], b"GET / HTTP/1.1\r\nHost: h\r\n\n", b"\n"]
    {
        for at in 0..=wire.len() {
            assert_eq!(find(wire, [at, wire.len()]).0, Err(BareLf), "{wire:?} at {at}");
        }
    }
}

#[test]
fn a_byte_is_looked_at_three_times_at_most() {
    let mut wire = b"GET / HTTP/1.1\r\n".to_vec();
    for number in 0..500 {
        wire.extend_from_slice(format!("Field-{number}: {number}\r\n").as_bytes());
    }
    wire.extend_from_slice(b"\r\n");
    let (answer, looks) = find(&wire, 0..=wire.len());
    assert_eq!(answer, Ok(Some(wire.len())));
    assert!(looks <= 3 * wire.len(), "{looks} looks at {} bytes", wire.len());
}
