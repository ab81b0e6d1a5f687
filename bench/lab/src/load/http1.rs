//! HTTP/1.1, as a client.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;

use crate::load::expectation::{Dates, Expectation, excerpt};
use crate::load::plan::Request;
use crate::load::protocol::{Fault, Phase, Protocol};
use crate::load::template::{self, Comparison, Template};
use crate::load::traffic::Ticket;

/// What the connections of a thread share.
#[derive(Debug)]
pub(super) struct Http1 {
    /// The request, some times over, so that several can be sent at once.
    requests: Vec<u8>,
    /// How long one of them is.
    length: usize,
    /// The request that says that the connection is to be closed.
    last_request: Vec<u8>,
    most_under_way: usize,
    expectation: Arc<Expectation>,
    /// What is right for a response, and for one after which the server closes.
    templates: [Option<Template>; 2],
    dates: Dates,
}

/// A connection.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// The requests that are under way: responses come in their order.
    tickets: VecDeque<Ticket>,
    /// How many bytes of requests are still to be sent, the last one not counted.
    unsent: usize,
    /// How many of the last one.
    unsent_of_last: usize,
    /// Whether the last request was asked for.
    is_last_asked: bool,
    /// How far the response agrees with its template.
    at: usize,
    /// The response so far, if it does not.
    parsed: Vec<u8>,
    /// Whether the server has said that it will close.
    is_closing: bool,
}

/// How many bytes of requests are prepared to be sent at once.
const AT_ONCE: usize = 64 << 10;

impl Http1 {
    pub(super) fn new(
        request: &Request,
        authority: &str,
        most_under_way: usize,
        expectation: Arc<Expectation>,
    ) -> Self {
        let one = bytes_of(request, authority, false);
        let times = most_under_way.clamp(1, (AT_ONCE / one.len()).max(1));
        Http1 {
            requests: one.repeat(times),
            length: one.len(),
            last_request: bytes_of(request, authority, true),
            most_under_way,
            expectation,
            templates: [None, None],
            dates: Dates::new(),
        }
    }

    /// Looks at the beginning of some input, which belongs to a response that is due. Returns how
    /// much of it does, and whether the response is complete.
    fn read(&mut self, client: &mut Client, input: &[u8]) -> Result<(usize, bool), Fault> {
        let is_last = client.is_last_asked && client.tickets.len() == 1;
        let template = &mut self.templates[usize::from(is_last)];
        if let Some(template) = template.as_ref().filter(|_| client.parsed.is_empty()) {
            let so_far = client.at;
            match template.compare(&mut client.at, input, &mut self.dates) {
                Comparison::Incomplete => return Ok((input.len(), false)),
                Comparison::Complete(length) => {
                    client.is_closing = template.closes;
                    return Ok((length, true));
                }
                Comparison::Differs => {
                    template.beginning(so_far, &self.dates, &mut client.parsed);
                    client.at = 0;
                }
            }
        }
        let before = client.parsed.len();
        client.parsed.extend_from_slice(input);
        let parsed = template::parse(&client.parsed, false, &self.expectation, &mut self.dates)?;
        let Some(parsed) = parsed else { return Ok((input.len(), false)) };
        client.parsed.clear();
        let is_complete = !parsed.is_interim;
        if is_complete {
            client.is_closing = parsed.template.closes;
            template.get_or_insert(parsed.template);
        }
        Ok((parsed.length - before, is_complete))
    }
}

impl Protocol for Http1 {
    type Client = Client;

    fn open(&self) -> Client {
        Client::default()
    }

    fn connected(&self, _client: &mut Client, _answered: &mut Vec<Ticket>) {}

    fn phase(&self, client: &Client) -> Phase {
        if client.is_last_asked || client.is_closing { Phase::Closing } else { Phase::Open }
    }

    fn under_way(&self, client: &Client) -> usize {
        client.tickets.len()
    }

    fn most_under_way(&self, _client: &Client) -> usize {
        self.most_under_way
    }

    fn ask(&self, client: &mut Client, ticket: Ticket, is_last: bool) {
        client.tickets.push_back(ticket);
        if is_last {
            client.is_last_asked = true;
            client.unsent_of_last = self.last_request.len();
        } else {
            client.unsent += self.length;
        }
    }

    fn output<'a>(&'a self, client: &'a Client) -> &'a [u8] {
        if client.unsent == 0 {
            return &self.last_request[self.last_request.len() - client.unsent_of_last..];
        }
        let sent_of_one = (self.length - client.unsent % self.length) % self.length;
        let end = self.requests.len().min(sent_of_one + client.unsent);
        &self.requests[sent_of_one..end]
    }

    fn sent(&self, client: &mut Client, bytes: usize) {
        if client.unsent == 0 {
            client.unsent_of_last -= bytes;
        } else {
            client.unsent -= bytes;
        }
    }

    fn receive(
        &mut self,
        client: &mut Client,
        mut input: &[u8],
        answered: &mut Vec<Ticket>,
    ) -> Result<(), Fault> {
        while !input.is_empty() {
            if client.tickets.is_empty() || client.is_closing {
                return Err(Fault::Wrong(format!("nobody asked for {}", excerpt(input))));
            }
            let (length, is_complete) = self.read(client, input)?;
            input = &input[length..];
            if is_complete {
                answered.extend(client.tickets.pop_front());
            }
        }
        Ok(())
    }

    fn closed(
        &mut self,
        client: &mut Client,
        is_reset: bool,
        answered: &mut Vec<Ticket>,
    ) -> Result<(), Fault> {
        if client.at > 0 || is_reset && !client.parsed.is_empty() {
            return Err(Fault::Closed);
        }
        if !client.parsed.is_empty() {
            let parsed = template::parse(&client.parsed, true, &self.expectation, &mut self.dates)?;
            if parsed.is_none_or(|parsed| parsed.is_interim) {
                return Err(Fault::Closed);
            }
            client.is_closing = true;
            answered.extend(client.tickets.pop_front());
        }
        if client.tickets.is_empty() || client.is_closing { Ok(()) } else { Err(Fault::Closed) }
    }

    fn oldest(&self, client: &Client) -> Option<Ticket> {
        client.tickets.front().copied()
    }

    fn take_unanswered(&self, client: &mut Client, into: &mut Vec<Ticket>) {
        into.extend(client.tickets.drain(..));
    }
}

/// A request as it is sent.
pub(super) fn bytes_of(request: &Request, authority: &str, is_last: bool) -> Vec<u8> {
    let Request { method, target, fields, body, .. } = request;
    let is_named = |name: &str| fields.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    let mut field = |name: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = write!(head, "{name}: {value}\r\n");
    };
    if !is_named("host") {
        field("Host", authority);
    }
    for (name, value) in fields {
        field(name, value);
    }
    if !body.is_empty() || matches!(method.as_str(), "POST" | "PUT" | "PATCH") {
        field("Content-Length", &body.len().to_string());
    }
    if is_last {
        field("Connection", "close");
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    fn request() -> Request {
        Request {
            method: "GET".into(),
            target: "/x".into(),
            fields: vec![("Accept".into(), "*/*".into())],
            body: Vec::new(),
            status: 200,
            expected: None,
        }
    }

    fn http1(most_under_way: usize) -> Http1 {
        let request = request();
        Http1::new(&request, "host:1", most_under_way, Arc::new(Expectation::of(&request)))
    }

    fn ticket(scheduled: u64) -> Ticket {
        Ticket { scheduled, sent: scheduled }
    }

    /// All that is to be sent, taken a few bytes at a time.
    fn take_output(http1: &Http1, client: &mut Client, piece: usize) -> String {
        let mut output = Vec::new();
        loop {
            let bytes = http1.output(client);
            if bytes.is_empty() {
                return String::from_utf8(output).unwrap();
            }
            let piece = piece.min(bytes.len());
            output.extend_from_slice(&bytes[..piece]);
            http1.sent(client, piece);
        }
    }

    #[test]
    fn requests_are_written_with_their_fields_and_their_body() {
        let plain = "GET /x HTTP/1.1\r\nHost: host:1\r\nAccept: */*\r\n\r\n";
        assert_eq!(bytes_of(&request(), "host:1", false), plain.as_bytes());
        let last = plain.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        assert_eq!(bytes_of(&request(), "host:1", true), last.as_bytes());
        let upload = Request {
            method: "POST".into(),
            fields: vec![("host".into(), "other".into())],
            body: b"abc".to_vec(),
            ..request()
        };
        let expected = "POST /x HTTP/1.1\r\nhost: other\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(bytes_of(&upload, "host:1", false), expected.as_bytes());
    }

    #[test]
    fn all_requests_are_sent_however_little_the_kernel_takes() {
        let http1 = http1(3);
        let one = String::from_utf8(bytes_of(&request(), "host:1", false)).unwrap();
        let last = String::from_utf8(bytes_of(&request(), "host:1", true)).unwrap();
        for piece in 1..2 * one.len() {
            let mut client = http1.open();
            (0..5).for_each(|number| http1.ask(&mut client, ticket(number), number == 4));
            let expected = one.repeat(4) + &last;
            assert!(take_output(&http1, &mut client, piece) == expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn responses_are_answers_in_any_pieces() {
        let stream = RESPONSE.repeat(3);
        for piece in 1..stream.len() {
            let mut http1 = http1(3);
            let mut client = http1.open();
            (0..3).for_each(|number| http1.ask(&mut client, ticket(number), false));
            let mut answered = Vec::new();
            for part in stream.as_bytes().chunks(piece) {
                http1.receive(&mut client, part, &mut answered).unwrap();
            }
            assert_eq!(answered, [ticket(0), ticket(1), ticket(2)], "in pieces of {piece}");
        }
    }

    #[test]
    fn fields_in_another_order_are_no_mistake() {
        let mut http1 = http1(1);
        let mut client = http1.open();
        let mut answered = Vec::new();
        for response in [
            "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: 1\r\n\r\nok",
            "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 2\r\n\r\nok",
        ] {
            http1.ask(&mut client, ticket(7), false);
            http1.receive(&mut client, response.as_bytes(), &mut answered).unwrap();
        }
        assert_eq!(answered, [ticket(7); 4]);
    }

    #[test]
    fn what_nobody_asked_for_is_wrong() {
        let mut http1 = http1(1);
        let mut client = http1.open();
        http1.ask(&mut client, ticket(0), false);
        let twice = RESPONSE.repeat(2);
        let wrong = http1.receive(&mut client, twice.as_bytes(), &mut Vec::new());
        assert!(matches!(wrong, Err(Fault::Wrong(what)) if what.contains("nobody asked for")));
    }

    #[test]
    fn requests_behind_an_announced_close_may_be_sent_again() {
        let mut http1 = http1(3);
        let mut client = http1.open();
        (0..3).for_each(|number| http1.ask(&mut client, ticket(number), false));
        let last = RESPONSE.replace("OK\r\n", "OK\r\nConnection: close\r\n");
        let mut answered = Vec::new();
        let all = RESPONSE.to_owned() + &last;
        http1.receive(&mut client, all.as_bytes(), &mut answered).unwrap();
        assert_eq!(http1.phase(&client), Phase::Closing);
        assert_eq!(http1.closed(&mut client, false, &mut answered), Ok(()));
        assert_eq!(answered, [ticket(0), ticket(1)]);
        let mut unanswered = Vec::new();
        http1.take_unanswered(&mut client, &mut unanswered);
        assert_eq!(unanswered, [ticket(2)]);
    }

    #[test]
    fn an_end_in_the_middle_is_a_fault_and_an_end_between_two_is_none() {
        for length in 0..RESPONSE.len() {
            let mut http1 = http1(1);
            let mut client = http1.open();
            // Twice: without a template, and with one.
            for _ in 0..2 {
                http1.ask(&mut client, ticket(0), false);
                http1.receive(&mut client, RESPONSE.as_bytes(), &mut Vec::new()).unwrap();
                let mut other = http1.open();
                http1.ask(&mut other, ticket(0), false);
                http1.receive(&mut other, &RESPONSE.as_bytes()[..length], &mut Vec::new()).unwrap();
                assert_eq!(http1.closed(&mut other, false, &mut Vec::new()), Err(Fault::Closed));
            }
            assert_eq!(http1.closed(&mut client, false, &mut Vec::new()), Ok(()));
        }
    }
}
