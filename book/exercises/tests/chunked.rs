use exercises::chunked::{Chunked, Malformed};

/// The content, how many bytes were taken, and whether the body is complete.
fn decode(wire: &[u8], step: usize) -> Result<(String, usize, bool), Malformed> {
    let mut chunked = Chunked::default();
    let (mut content, mut taken) = (Vec::new(), 0);
    for piece in wire.chunks(step) {
        let now = chunked.decode(piece, &mut content)?;
        taken += now;
        if now < piece.len() {
            assert!(chunked.is_done(), "bytes were left although the body goes on");
            break;
        }
    }
    Ok((String::from_utf8(content).unwrap(), taken, chunked.is_done()))
}

fn check(wire: &str, expected: Result<(&str, usize, bool), Malformed>) {
    for step in [1, 2, 3, 5, 1000] {
        let expected = match &expected {
            Ok((content, taken, done)) => Ok((content.to_string(), *taken, *done)),
            Err(Malformed) => Err(Malformed),
        };
        assert_eq!(decode(wire.as_bytes(), step), expected, "{wire:?} in pieces of {step}");
    }
}

#[test]
fn an_empty_body() {
    check("0\r\n\r\n", Ok(("", 5, true)));
    check("000\r\n\r\n", Ok(("", 7, true)));
}

#[test]
fn chunks_are_joined() {
    check("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", Ok(("hello world", 26, true)));
}

#[test]
fn sizes_are_hexadecimal_in_either_case() {
    check("a\r\n0123456789\r\n0\r\n\r\n", Ok(("0123456789", 20, true)));
    check("00000010\r\n0123456789ABCDEF\r\n0\r\n\r\n", Ok(("0123456789ABCDEF", 33, true)));
    check("B\r\n0123456789A\r\n0\r\n\r\n", Ok(("0123456789A", 21, true)));
}

#[test]
fn content_may_look_like_framing() {
    check("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", Ok(("\r\n0\r\n\r\n", 17, true)));
}

#[test]
fn what_follows_is_left_alone() {
    check("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n", Ok(("x", 11, true)));
}

#[test]
fn an_unfinished_body_is_not_done() {
    for wire in ["", "5", "5\r", "5\r\n", "5\r\nhell", "5\r\nhello\r\n", "0\r\n", "0\r\n\r"] {
        let (_, taken, done) = decode(wire.as_bytes(), 1).unwrap();
        assert_eq!((taken, done), (wire.len(), false), "{wire:?}");
    }
}

#[test]
fn what_the_grammar_does_not_allow_is_refused() {
    for wire in [
        "\r\n",
        "g\r\n",
        "+1\r\n",
        "-1\r\n",
        "0x1\r\n",
        " 1\r\n",
        "1 \r\n",
        "1;a\r\n",
        "123456789\r\n",
        "000000001\r\nx\r\n0\r\n\r\n",
        "000000000\r\n\r\n",
        "1\nx",
        "1\r\rx",
        "1\r\nxy",
        "1\r\nx\n",
        "1\r\nx\ry",
        "0\r\nA: b\r\n",
        "0\r\n\r\r",
    ] {
        check(wire, Err(Malformed));
    }
}
