use exercises::tried_first::{Connection, TIMEOUT};

/// A connection to whose socket this comes, and then the loop finds its deadline over.
fn after(pieces: &[&'static str]) -> Connection {
    let mut connection = Connection::new(0);
    connection.socket.arrived.extend(pieces);
    connection.on_time(TIMEOUT);
    connection
}

#[test]
fn a_request_that_came_in_time_is_answered() {
    let mut connection = after(&["GET /\n"]);
    assert_eq!(connection.answers, ["200 GET /"]);
    assert!(!connection.closed);
    assert_eq!(connection.deadline, 2 * TIMEOUT, "the next request has its own time");
    connection.on_time(2 * TIMEOUT);
    assert_eq!(connection.answers, ["200 GET /", "408"], "which can be over, too");
}

#[test]
fn a_request_in_many_pieces_is_received_whole() {
    let connection = after(&["G", "E", "T", " /", "\nGET /b\nGET", " /c"]);
    assert_eq!(connection.answers, ["200 GET /", "200 GET /b"]);
    assert!(!connection.closed);
}

#[test]
fn half_a_request_does_not_help_but_is_read() {
    let connection = after(&["GET", " /"]);
    assert_eq!(connection.answers, ["408"]);
    assert!(connection.closed);
    assert!(connection.socket.arrived.is_empty(), "the socket was tried");
}

#[test]
fn a_byte_now_and_then_is_no_reason_to_wait_forever() {
    let mut connection = after(&["GET /a\n", "G"]);
    connection.socket.arrived.extend(["E"]);
    connection.on_time(2 * TIMEOUT);
    assert_eq!(connection.answers, ["200 GET /a", "408"]);
}

#[test]
fn a_client_that_has_gone_is_not_told_that_it_is_late() {
    for pieces in [&["GET", ""][..], &[""], &["GET /\n", ""]] {
        let connection = after(pieces);
        assert!(connection.closed, "{pieces:?}");
        assert!(!connection.answers.contains(&"408".to_owned()), "{pieces:?}");
    }
}

#[test]
fn before_its_deadline_a_socket_is_not_tried() {
    let mut connection = Connection::new(0);
    connection.on_time(TIMEOUT - 1);
    assert_eq!(connection.socket.reads, 0);
    connection.socket.arrived.push_back("GET /\n");
    connection.on_time(TIMEOUT);
    assert_eq!(connection.answers, ["200 GET /"]);
    connection.on_time(TIMEOUT);
    assert_eq!(connection.socket.reads, 2, "once for the request, once for nothing more");
}
