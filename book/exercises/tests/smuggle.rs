use exercises::smuggle::{Believes, chunks_in_front, is_ambiguous, length_in_front, read};

/// What was sent is one request for the proxy, and two for the server.
#[track_caller]
fn is_smuggled(wire: &[u8], proxy: Believes, server: Believes) {
    let seen = read(wire, proxy);
    assert_eq!((&seen.targets[..], seen.left), (&["/public".to_owned()][..], 0), "the proxy");
    assert_eq!(read(wire, server).targets, ["/public", "/admin"], "the server");
    let text = str::from_utf8(wire).unwrap();
    for target in ["/public", "/admin"] {
        let (_, rest) = text.split_once(target).unwrap();
        let (head, _) = rest.split_once("\r\n\r\n").expect("a head ends");
        assert!(head.starts_with(" HTTP/1.1\r\n"), "{target}: {head:?}");
        assert!(head.to_lowercase().contains("\r\nhost:"), "{target} needs a Host: {head:?}");
    }
}

#[test]
fn a_proxy_that_believes_the_length_is_deceived() {
    is_smuggled(&length_in_front(), Believes::Length, Believes::Chunks);
}

#[test]
fn a_proxy_that_believes_the_chunks_is_deceived() {
    is_smuggled(&chunks_in_front(), Believes::Chunks, Believes::Length);
}

#[test]
fn both_attacks_are_refused_at_the_head() {
    assert!(is_ambiguous(&length_in_front()));
    assert!(is_ambiguous(&chunks_in_front()));
    let spelt = b"POST / HTTP/1.1\r\nTRANSFER-encoding: chunked\r\ncontent-LENGTH: 0\r\n\r\n";
    assert!(is_ambiguous(spelt), "names are in any case");
}

#[test]
fn honest_requests_are_not_refused() {
    for wire in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 30\r\n\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        assert!(!is_ambiguous(wire.as_bytes()), "{wire:?}");
    }
}
