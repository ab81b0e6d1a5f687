use exercises::body_length::{Ambiguous, Body, Head, Version, body};

fn of(version: Version, fields: &[(&str, &str)]) -> Result<Body, Ambiguous> {
    body(&Head { version, fields })
}

fn new(fields: &[(&str, &str)]) -> Result<Body, Ambiguous> {
    of(Version::Http11, fields)
}

#[test]
fn a_request_that_says_nothing_has_no_body() {
    assert_eq!(new(&[]), Ok(Body::Length(0)));
    assert_eq!(of(Version::Http10, &[("Host", "a"), ("Length", "5")]), Ok(Body::Length(0)));
}

#[test]
fn a_length_is_decimal() {
    for (value, length) in
        [("0", 0), ("5", 5), ("005", 5), (" 7\t", 7), ("18446744073709551615", u64::MAX)]
    {
        assert_eq!(new(&[("content-LENGTH", value)]), Ok(Body::Length(length)), "{value:?}");
        let old = of(Version::Http10, &[("Host", "a"), ("Content-Length", value)]);
        assert_eq!(old, Ok(Body::Length(length)), "{value:?}");
    }
}

#[test]
fn what_is_no_decimal_length_is_refused() {
    for value in [
        "",
        " ",
        "+5",
        "-0",
        "-5",
        "5,5",
        "5, 6",
        "0x5",
        "5.0",
        "5e0",
        "five",
        "5 5",
        "\"5\"",
        "18446744073709551616",
        "99999999999999999999999",
        "\u{665}",
    ] {
        assert_eq!(new(&[("Content-Length", value)]), Err(Ambiguous), "{value:?}");
    }
}

#[test]
fn a_second_length_is_refused_even_if_both_agree() {
    for second in ["5", "6", ""] {
        let fields = [("Content-Length", "5"), ("Host", "a"), ("content-length", second)];
        assert_eq!(new(&fields), Err(Ambiguous), "{second:?}");
    }
}

#[test]
fn chunked_is_the_one_coding_that_is_known() {
    for value in ["chunked", "CHUNKED", " Chunked\t"] {
        assert_eq!(new(&[("transfer-Encoding", value)]), Ok(Body::Chunked), "{value:?}");
    }
    for value in [
        "",
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "xchunked",
        "chunkedx",
        "identity",
        "chunked,",
    ] {
        assert_eq!(new(&[("Transfer-Encoding", value)]), Err(Ambiguous), "{value:?}");
    }
    let twice = [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")];
    assert_eq!(new(&twice), Err(Ambiguous));
}

#[test]
fn http_1_0_has_no_chunks() {
    assert_eq!(of(Version::Http10, &[("Transfer-Encoding", "chunked")]), Err(Ambiguous));
}

#[test]
fn both_fields_are_refused_in_either_order() {
    let (length, coding) = (("Content-Length", "5"), ("Transfer-Encoding", "chunked"));
    assert_eq!(new(&[length, coding]), Err(Ambiguous));
    assert_eq!(new(&[coding, length]), Err(Ambiguous));
    assert_eq!(new(&[coding, ("Content-Length", "0")]), Err(Ambiguous));
}
