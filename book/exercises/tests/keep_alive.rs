use exercises::keep_alive::{Exchange, MOST_DISCARDED, Version, keeps_alive};

const NEW: Exchange<'_> = Exchange {
    version: Version::Http11,
    connection: None,
    server_stops: false,
    unread_body: 0,
    response_has_length: true,
};

const OLD: Exchange<'_> = Exchange { version: Version::Http10, ..NEW };

#[test]
fn http_1_1_persists_and_http_1_0_does_not() {
    assert!(keeps_alive(&NEW));
    assert!(!keeps_alive(&OLD));
}

#[test]
fn http_1_0_persists_when_asked_to() {
    for connection in ["keep-alive", "Keep-Alive", "foo, KEEP-ALIVE ,bar"] {
        assert!(keeps_alive(&Exchange { connection: Some(connection), ..OLD }), "{connection}");
    }
    for connection in ["", "foo", "keep-alive2", "keep alive", "not-keep-alive"] {
        assert!(!keeps_alive(&Exchange { connection: Some(connection), ..OLD }), "{connection}");
    }
}

#[test]
fn close_wins() {
    for connection in ["close", "CLOSE", "upgrade,close", "keep-alive, Close", "\tclose "] {
        assert!(!keeps_alive(&Exchange { connection: Some(connection), ..NEW }), "{connection}");
        assert!(!keeps_alive(&Exchange { connection: Some(connection), ..OLD }), "{connection}");
    }
    for connection in ["", "closed", "close;", "clo se", "dis-close", "keep-alive"] {
        assert!(keeps_alive(&Exchange { connection: Some(connection), ..NEW }), "{connection}");
    }
}

#[test]
fn a_server_that_stops_keeps_nothing() {
    assert!(keeps_alive(&Exchange { server_stops: false, ..NEW }));
    assert!(!keeps_alive(&Exchange { server_stops: true, ..NEW }));
}

#[test]
fn a_small_rest_of_a_body_is_worth_reading() {
    assert!(keeps_alive(&Exchange { unread_body: MOST_DISCARDED, ..NEW }));
    assert!(!keeps_alive(&Exchange { unread_body: MOST_DISCARDED + 1, ..NEW }));
}

#[test]
fn a_response_of_unknown_length_needs_chunks_or_the_end() {
    let asked = Some("keep-alive");
    assert!(keeps_alive(&Exchange { response_has_length: false, ..NEW }));
    assert!(keeps_alive(&Exchange { connection: asked, ..OLD }));
    assert!(!keeps_alive(&Exchange { connection: asked, response_has_length: false, ..OLD }));
}
