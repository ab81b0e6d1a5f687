use exercises::refused_head::{Connection, MOST};

/// What is said to these bytes, in pieces of this size, and then to a timeout if one is to come.
fn said(bytes: &str, step: usize, is_late: bool) -> String {
    let (mut connection, mut out) = (Connection::default(), String::new());
    for piece in bytes.as_bytes().chunks(step) {
        connection.receive(piece, &mut out);
    }
    if is_late {
        connection.handle_timeout(&mut out);
    }
    assert_eq!(connection.closed, !out.contains(" 200 "), "a refusal ends the connection");
    out
}

fn head_of(status: &str, length: usize) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n")
}

/// The refusal of `HEAD ...` has no content, and that of `GET ...` has.
#[track_caller]
fn refuses(rest: &str, is_late: bool, status: &str) {
    for step in [1, 2, 7, 1000] {
        let head = said(&format!("HEAD{rest}"), step, is_late);
        assert_eq!(head, head_of(status, 7), "HEAD{rest} in pieces of {step}");
        for method in ["GET", "head", "HEADER"] {
            let other = said(&format!("{method}{rest}"), step, is_late);
            assert_eq!(other, head_of(status, 7) + "refused", "{method}{rest}");
        }
    }
}

#[test]
fn a_wrong_line() {
    refuses(" /\r\n\r\n", false, "400 Bad Request");
    refuses(" / HTTP/3\r\n\r\n", false, "400 Bad Request");
}

#[test]
fn a_head_that_is_too_long() {
    refuses(&format!(" /{}", "x".repeat(MOST)), false, "431 Request Header Fields Too Large");
}

#[test]
fn a_head_that_does_not_come_in_time() {
    refuses(" / HTTP/1.1\r\nHost: ", true, "408 Request Timeout");
    refuses(" ", true, "408 Request Timeout");
}

#[test]
fn what_is_answered_is_as_it_was_and_a_refusal_behind_it_knows_its_own_method() {
    let (get, head) = ("GET /a HTTP/1.1\r\n\r\n", "HEAD /abc HTTP/1.1\r\n\r\n");
    for (wire, last) in [("HEAD /\r\n\r\n", ""), ("GET /\r\n\r\n", "refused")] {
        let (mut connection, mut out) = (Connection::default(), String::new());
        connection.receive(format!("{get}{head}{get}{wire}").as_bytes(), &mut out);
        let answered = [&head_of("200 OK", 2), "/a", &head_of("200 OK", 4)].concat();
        let refused = head_of("400 Bad Request", 7) + last;
        assert_eq!(out, [&answered, &head_of("200 OK", 2), "/a", &refused].concat());
    }
}
