//! The steps that a connection understands, and what it shows.

use std::time::Duration;

use crate::cuts;
use crate::driver::{Driver, End, Spoken};
use crate::frames;
use crate::json::{self, Object};
use crate::subject::{Subject, number, unescape};
use crate::websocket;

impl Subject for Driver {
    fn step(&mut self, verb: &str, rest: &str) -> Result<(), String> {
        self.record = Default::default();
        match verb {
            "receive" => self.feed(&unescape(rest)?),
            "fill" => self.feed(&vec![b'x'; number::<u16>(Some(rest))?.into()]),
            "eof" => self.close_client(),
            "takes" => self.takes_all(rest == "all"),
            "take" if rest == "all" => self.take(usize::MAX),
            "take" => self.take(number(Some(rest))?),
            "pass" => self.pass(milliseconds(rest)?, true),
            "late" => self.pass(milliseconds(rest)?, false),
            "timeout" => self.handle_timeout(),
            "complete" => self.complete_at(rest)?,
            "shutdown" => self.shutdown(milliseconds(rest)?),
            "cuts" => self.try_cuts(&unescape(rest)?),
            _ => {
                let bytes = self.client_sends(verb, rest)?;
                self.feed(&bytes);
            }
        }
        Ok(())
    }

    fn report(&mut self, to: &mut Object) {
        to.raw("time", self.time.as_millis());
        let calls = &self.record.calls;
        let call =
            |(call, result): &(String, String)| json::list([json::text(call), json::text(result)]);
        to.list("calls", calls.iter().map(call));
        to.bytes("out", &self.record.written);
        to.text("frames", &self.frames_written());
        to.raw("consumed", self.record.consumed);
        to.raw("read", self.wait.read && self.end != End::Closed);
        to.raw("deadline", json::number(self.deadline().map(|at| (self.time + at).as_millis())));
        to.bytes("socket", &self.in_socket());
        to.bytes("kept", &self.kept);
        to.raw("unsent", self.unsent.len());
        to.list("work", self.work.iter().map(|(ticket, _)| json::text(&format!("{ticket:?}"))));
        to.text("end", self.end_name());
        for name in ["phase", "incoming", "outgoing", "streams", "served"] {
            to.text(name, &self.state(name));
        }
        to.list("told", self.told.all().iter().map(|what| json::text(what)));
    }

    fn show(&self, what: &str) -> Result<String, String> {
        Ok(match what {
            "statuses" => or_none(statuses(&self.wire).join(" ")),
            "read" => format!("read: {}", self.wait.read && self.end != End::Closed),
            "deadline" => self.deadline().map_or_else(|| "none".to_owned(), in_seconds),
            "consumed" => self.record.consumed.to_string(),
            "kept" => self.kept.len().to_string(),
            "socket" => self.in_socket().len().to_string(),
            "unsent" => self.unsent.len().to_string(),
            "written" => self.record.written.len().to_string(),
            "work" => self.work.len().to_string(),
            "end" => self.end_name().to_owned(),
            "phase" | "incoming" | "outgoing" | "streams" | "served" => self.state(what),
            "frames" => or_none(self.frames_written()),
            "told" => or_none(self.told.all().join(", ")),
            "polls" => self.polls().join(", "),
            _ => return Err(format!("a connection does not show `{what}`")),
        })
    }
}

impl Driver {
    fn complete_at(&mut self, rest: &str) -> Result<(), String> {
        let at = if rest.is_empty() { 0 } else { number(Some(rest))? };
        if at >= self.work.len() {
            return Err(format!("there are {} pieces of work", self.work.len()));
        }
        self.complete(at);
        Ok(())
    }

    fn try_cuts(&mut self, input: &[u8]) {
        let cuts = cuts::try_all(input);
        let same = match cuts.differing {
            None => "the same answer each time".to_owned(),
            Some((first, second)) => format!("another answer when cut at {first} and {second}"),
        };
        self.record.calls.push((format!("{} ways", cuts.ways), same));
    }

    /// The bytes that a client of HTTP/2 or WebSocket sends.
    fn client_sends(&self, verb: &str, rest: &str) -> Result<Vec<u8>, String> {
        let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
        let stream = || number(Some(first));
        Ok(match (&self.spoken, verb) {
            (Spoken::Http2(_), "preface") => frames::preface(number(Some(first))?),
            (Spoken::Http2(_), "get") => frames::get(stream()?, second),
            (Spoken::Http2(_), "post") => frames::post(stream()?, second),
            (Spoken::Http2(_), "data" | "end") => {
                let length: u16 = number(Some(second))?;
                let content = vec![b'x'; usize::from(length).min(frames::LONGEST)];
                frames::data(stream()?, &content, verb == "end")
            }
            (Spoken::Http2(_), "window") => frames::window_update(stream()?, number(Some(second))?),
            (Spoken::Http2(_), "reset") => frames::reset(stream()?),
            (Spoken::Http2(_), "pong") => frames::ping_answer(&self.wire),
            (Spoken::Http1(_), "upgrade") => websocket::HANDSHAKE.to_vec(),
            (Spoken::Next(_), _) => websocket::client_frame(verb, rest)?,
            _ => return Err(format!("there is no step `{verb}`")),
        })
    }

    fn deadline(&self) -> Option<Duration> {
        self.patience().filter(|_| self.end != End::Closed)
    }

    fn in_socket(&self) -> Vec<u8> {
        self.socket.iter().flatten().copied().collect()
    }

    fn end_name(&self) -> &'static str {
        match self.end {
            End::Open => "open",
            End::HalfClosed => "half-closed",
            End::Closed => "closed",
        }
    }

    fn frames_written(&self) -> String {
        match &self.spoken {
            Spoken::Http1(_) => String::new(),
            Spoken::Http2(_) => frames::describe(&self.record.written),
            Spoken::Next(_) => websocket::describe(&self.record.written),
        }
    }

    /// A state by its name, as the connection describes itself; empty if it has no such state.
    fn state(&self, name: &str) -> String {
        let described = match &self.spoken {
            Spoken::Http1(connection) => format!("{connection:?}"),
            Spoken::Http2(connection) => format!("{connection:?}"),
            Spoken::Next(_) => return String::new(),
        };
        let value = described.split_once(&format!(" {name}: ")).map_or("", |(_, value)| value);
        value.chars().take_while(char::is_ascii_alphanumeric).collect()
    }

    /// What `poll` said in the last step, by the names.
    fn polls(&self) -> Vec<&str> {
        let said = self.record.calls.iter().filter(|(call, _)| call == "poll()");
        said.map(|(_, result)| result.split([' ', '(']).next().unwrap_or_default()).collect()
    }
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    Ok(Duration::from_millis(number::<u32>(Some(text))?.into()))
}

/// A time from now, without zeros that say nothing.
fn in_seconds(time: Duration) -> String {
    let text = format!("{}.{:03}", time.as_secs(), time.subsec_millis());
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The status codes of the responses of HTTP/1.1 in an output.
fn statuses(wire: &[u8]) -> Vec<String> {
    const START: &[u8] = b"HTTP/1.1 ";
    let starts = wire.windows(START.len()).enumerate().filter(|(_, it)| *it == START);
    let code = |(at, _): (usize, &[u8])| wire.get(at + START.len()..at + START.len() + 3);
    starts.filter_map(code).map(|code| String::from_utf8_lossy(code).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use crate::{run, shown};

    const REQUEST: &str = r"receive GET /work HTTP/1.1\r\nHost: h\r\n\r\n";

    fn show(script: &str, what: &str) -> String {
        let script = what.split(' ').fold(script.to_owned(), |it, what| it + "\nshow " + what);
        shown(&script).unwrap().join(" | ")
    }

    #[test]
    fn half_a_head_is_kept_and_has_ten_seconds() {
        let half = r"receive GET / HTTP/1.1\r\nHos";
        assert_eq!(show(half, "kept consumed deadline statuses"), "19 | 0 | 10 s | none");
        assert_eq!(show(&format!("{half}\npass 10000"), "statuses phase"), "408 | Lingering");
    }

    #[test]
    fn work_that_is_outstanding_leaves_input_in_the_socket() {
        let two = format!("{REQUEST}\nreceive GET /echo/b HTTP/1.1\\r\\n\\r\\n");
        assert_eq!(show(&two, "read socket work incoming"), "read: false | 24 | 1 | Complete");
        let done = format!("{two}\ncomplete");
        assert_eq!(show(&done, "statuses socket work"), "200 400 | 0 | 0");
    }

    #[test]
    fn output_that_is_not_taken_has_a_deadline() {
        let script = "takes none\nreceive GET /echo/hello HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n";
        assert_eq!(show(script, "deadline outgoing"), "20 s | Nothing");
        assert_eq!(show(&format!("{script}\npass 20000"), "end"), "closed");
        assert_eq!(show(&format!("{script}\ntake all"), "unsent deadline"), "0 | 60 s");
    }

    #[test]
    fn a_thread_that_is_late_meets_no_deadline() {
        assert_eq!(show("receive G\nlate 15000", "statuses"), "none");
        assert_eq!(show("receive G\nlate 15000\ntimeout", "statuses"), "408");
    }

    #[test]
    fn frames_of_http2_are_sent_and_described() {
        let script = "speak http2\npreface 10\nget 1 /bytes/15";
        assert_eq!(show(script, "frames"), "HEADERS 1, DATA 1 (10 bytes)");
        let more = format!("{script}\nwindow 1 10");
        assert_eq!(show(&more, "frames"), "DATA 1 (5 bytes) END_STREAM");
    }

    #[test]
    fn a_socket_behind_an_upgrade_is_told_messages() {
        let script = "receive \nupgrade\ntext hello";
        assert_eq!(show(script, "statuses told frames"), "101 | text \"hello\" | text (5 bytes)");
        let closed = format!("{script}\nclose 1000\neof");
        let told = "text \"hello\", closed by the client, 1000 | closed";
        assert_eq!(show(&closed, "told end"), told);
    }

    #[test]
    fn a_report_shows_calls_and_states() {
        let answer = run(REQUEST);
        assert!(answer.contains(r#"["receive(31 bytes, 31 new)","31 consumed"]"#), "{answer}");
        assert!(answer.contains(r#""incoming":"Complete","outgoing":"Owed""#), "{answer}");
        assert!(answer.contains(r#""work":["Ticket(1)"]"#), "{answer}");
    }

    #[test]
    fn steps_of_another_protocol_are_mistakes() {
        assert!(shown("get 1 /").is_err() && shown("text hello").is_err());
        assert!(shown("complete").is_err() && shown("speak http2\nupgrade").is_err());
    }
}
