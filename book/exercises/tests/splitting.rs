use exercises::splitting::{REFUSAL, attack, mended, naive};

/// The status and the body of the next response, and what comes behind it.
fn next(input: &str) -> Option<(u16, &str, &str)> {
    let (head, rest) = input.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let lengths = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    let length: usize = lengths.into_iter().next()?.parse().ok()?;
    Some((status, rest.get(..length)?, &rest[length..]))
}

#[test]
fn the_attack_gives_the_client_a_second_response() {
    let sent = naive(&attack());
    let (status, _, rest) = next(&sent).expect("there is a first response");
    assert_eq!(status, 200);
    let (status, body, _) = next(rest).expect("there is a second response");
    assert_eq!((status, body), (200, "owned"));
}

#[test]
fn the_attack_is_refused_by_the_mended_server() {
    assert_eq!(mended(&attack()), REFUSAL);
}

#[test]
fn each_control_character_is_refused() {
    for byte in (0..0x20).chain([0x7f]).filter(|byte| *byte != b'\t') {
        let name = format!("An{}n", char::from(byte));
        assert_eq!(mended(&name), REFUSAL, "{byte:#x}");
        assert_eq!(mended(&char::from(byte).to_string()), REFUSAL, "{byte:#x}, alone");
    }
}

#[test]
fn every_other_name_is_greeted() {
    for name in ["Ann", "Zoë", "吴", "", "a\tb", "Ann: x", "\"', \\r\\n", "a\u{85}b", "~ !"] {
        let sent = mended(name);
        assert_eq!(sent, naive(name), "{name:?}");
        let (status, body, rest) = next(&sent).unwrap();
        assert_eq!((status, body, rest), (200, format!("Hello, {name}.").as_str(), ""));
    }
}
