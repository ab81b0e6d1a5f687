use exercises::utf8_pieces::{NoText, Text};

/// Feeds the pieces, and then the end.
fn check(pieces: &[&[u8]]) -> Result<(), NoText> {
    let mut text = Text::default();
    for piece in pieces {
        text.feed(piece)?;
    }
    text.end()
}

/// How many bytes go in, one by one, before they are refused.
fn refused_after(bytes: &[u8]) -> Option<usize> {
    let mut text = Text::default();
    bytes.iter().position(|byte| text.feed(&[*byte]).is_err()).map(|at| at + 1)
}

const TEXT: &str = "a\u{e9}\u{20ac}\u{1f980}\u{0}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{10ffff}z";

#[test]
fn text_in_any_three_pieces() {
    let bytes = TEXT.as_bytes();
    for first in 0..=bytes.len() {
        for second in first..=bytes.len() {
            let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            assert_eq!(check(&pieces), Ok(()), "cut at {first} and {second}");
        }
    }
    assert_eq!(check(&[b"", b"", b""]), Ok(()));
}

#[test]
fn half_a_character_is_wrong_at_the_end_only() {
    for whole in ["\u{e9}", "\u{20ac}", "\u{1f980}"] {
        let bytes = whole.as_bytes();
        for end in 1..bytes.len() {
            assert_eq!(refused_after(&bytes[..end]), None, "{whole}");
            assert_eq!(check(&[b"text", &bytes[..end]]), Err(NoText), "{whole}");
            assert_eq!(check(&[&bytes[..end], &bytes[end..], b"text"]), Ok(()), "{whole}");
        }
    }
}

#[test]
fn what_no_further_byte_can_mend_is_refused_at_once() {
    for (bytes, after) in [
        (&[0x80][..], 1),
        (&[0xc0], 1),
        (&[0xf5], 1),
        (&[0xff], 1),
        (&[0xc3, b'a'], 2),
        (&[0xe0, 0x80], 2),
        (&[0xed, 0xa0], 2),
        (&[0xf0, 0x80], 2),
        (&[0xf4, 0x90], 2),
        (&[0xe2, 0x82, b'a'], 3),
        (&[0xf0, 0x9f, 0xa6, 0xc3], 4),
    ] {
        assert_eq!(refused_after(bytes), Some(after), "{bytes:x?}");
        assert_eq!(Text::default().feed(bytes), Err(NoText), "{bytes:x?} in one piece");
        let behind = [b"text".as_slice(), bytes, b"more"].concat();
        assert_eq!(Text::default().feed(&behind), Err(NoText), "{bytes:x?} in a text");
    }
}

#[test]
fn a_wrong_byte_behind_a_cut_is_found() {
    assert_eq!(check(&[&[0xe2], &[0x82, 0xac, 0xff]]), Err(NoText));
    assert_eq!(check(&[&[0xe2, 0x82], b"abc"]), Err(NoText));
    assert_eq!(check(&[&[0xe2, 0x82], &[0xac, 0xe2], &[0x82, 0xac]]), Ok(()));
}

#[test]
fn nothing_is_kept_but_half_a_character() {
    assert!(size_of::<Text>() <= 16, "{} bytes", size_of::<Text>());
    let mut text = Text::default();
    for _ in 0..10_000 {
        text.feed("\u{20ac}".repeat(100).as_bytes()).unwrap();
    }
    assert_eq!(text.end(), Ok(()));
}
