//! A client of HTTP/1.1: pipelined or one after the other, with and without patience.

use conformance::Framing;
use conformance::response::{self, Response};

use crate::choices::Choices;
use crate::clients::client::{Client, Mishaps};
use crate::clients::plan::{Ask, asks};
use crate::stage::{Entries, Route};

/// Heads that are no requests. Requests before them are answered, and they are refused.
const WRONG: &[&str] = &[
    "GET / HTTP/1.1\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\nHost: h\n\n",
    "GET / HTTP/3.0\r\nHost: h\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\n folded: yes\r\n\r\n",
];

/// When it closes its side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaves {
    AfterTheLastWord,
    WhenAllIsAnswered,
    AfterTheServer,
}

pub(crate) struct Http1 {
    asks: Vec<Ask>,
    /// The bytes of each request: its head, and its body if that waits for `100 Continue`.
    words: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    wrong: Option<&'static str>,
    pipelines: bool,
    leaves: Leaves,
    /// Requests that have been begun.
    said: usize,
    /// A body that waits for `100 Continue`, and one that need not any more.
    held_body: Option<Vec<u8>>,
    released: Vec<u8>,
    heard: Vec<u8>,
    answers: Vec<Response>,
    has_ended: bool,
}

impl Http1 {
    pub(crate) fn new(choices: &mut Choices) -> Self {
        let asks = asks(choices);
        let wrong = choices.one_in(5).then(|| choices.of(WRONG));
        // A server that says so must not go on (RFC 9112 §9.6).
        let last = if wrong.is_none() && choices.one_in(3) { asks.len() } else { 0 };
        let words =
            asks.iter().map(|ask| write(ask, ask.address.id + 1 == last, choices)).collect();
        Http1 {
            asks,
            words,
            wrong,
            pipelines: choices.one_in(2),
            leaves: choices.of(&[
                Leaves::WhenAllIsAnswered,
                Leaves::AfterTheLastWord,
                Leaves::AfterTheServer,
            ]),
            said: 0,
            held_body: None,
            released: Vec::new(),
            heard: Vec::new(),
            answers: Vec::new(),
            has_ended: false,
        }
    }

    /// How many answers there are to be, the refusal of what is wrong included.
    fn due(&self) -> usize {
        self.asks.len() + usize::from(self.wrong.is_some())
    }

    /// Whether HEAD was refused before its method was known, so that content follows.
    fn is_misled(&self) -> bool {
        let is_head =
            self.asks.get(self.answers.len().wrapping_sub(1)).is_some_and(|it| it.is_head);
        is_head && self.answers.last().is_some_and(|it| it.status == 408)
    }

    fn has_said_all(&self) -> bool {
        self.said == self.due() && self.held_body.is_none() && self.released.is_empty()
    }
}

/// How a request is written down.
fn write(ask: &Ask, closes: bool, choices: &mut Choices) -> (Vec<u8>, Option<Vec<u8>>) {
    let method = if ask.is_head {
        "HEAD"
    } else if ask.body.is_some() {
        "POST"
    } else {
        "GET"
    };
    let is_old = choices.one_in(8);
    let version = if is_old { "HTTP/1.0\r\nConnection: keep-alive" } else { "HTTP/1.1\r\nHost: h" };
    let mut head = format!("{method} {} {version}\r\n", ask.address.path());
    if closes {
        head += "Connection: close\r\n";
    }
    let Some(body) = &ask.body else { return ((head + "\r\n").into_bytes(), None) };
    let body = if !is_old && choices.one_in(2) {
        head += "Transfer-Encoding: chunked\r\n";
        chunked(body, choices)
    } else {
        head += &format!("Content-Length: {}\r\n", body.len());
        body.clone()
    };
    if !is_old && !body.is_empty() && choices.one_in(3) {
        head += "Expect: 100-continue\r\n";
        return ((head + "\r\n").into_bytes(), Some(body));
    }
    ([(head + "\r\n").into_bytes(), body].concat(), None)
}

fn chunked(body: &[u8], choices: &mut Choices) -> Vec<u8> {
    let extension = choices.of(&["", ";a", " ; b=\"c;d\""]);
    let mut wire = Vec::new();
    for chunk in body.chunks(choices.size(9_000).max(1).max(body.len() / 50)) {
        wire.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(choices.of(&["0\r\n\r\n", "0\r\nTrailer: yes\r\n\r\n"]).as_bytes());
    wire
}

impl Client for Http1 {
    fn say(&mut self) -> Vec<u8> {
        let mut words = std::mem::take(&mut self.released);
        while self.held_body.is_none() && !self.has_ended && self.said < self.due() {
            if self.said > self.answers.len() && !self.pipelines {
                break;
            }
            if let Some((head, body)) = self.words.get_mut(self.said) {
                words.append(head);
                self.held_body = body.take();
            } else {
                words.extend_from_slice(self.wrong.unwrap_or_default().as_bytes());
            }
            self.said += 1;
        }
        words
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.is_misled() {
            return Ok(());
        }
        self.heard.extend_from_slice(bytes);
        loop {
            let is_head = self.asks.get(self.answers.len()).is_some_and(|ask| ask.is_head);
            let Some(response) = response::read(&self.heard, is_head, self.has_ended)? else {
                return Ok(());
            };
            self.heard.drain(..response.length);
            let is_interim = response.is_interim();
            if is_interim {
                let is_due = self.held_body.is_some() && self.answers.len() + 1 == self.said;
                if response.status != 100 || !is_due {
                    return Err(format!("{} that nobody waits for", response.status));
                }
            } else {
                self.answers.push(response);
            }
            if self.is_misled() {
                self.heard.clear();
            }
            if self.answers.len() > self.said {
                return Err("an answer before there was a question".into());
            }
            // A final status need not keep the body back (RFC 9110 §10.1.1).
            if is_interim || self.answers.len() == self.said {
                self.released.extend(self.held_body.take().unwrap_or_default());
            }
        }
    }

    fn hear_end(&mut self) -> Result<(), String> {
        self.has_ended = true;
        self.hear(b"")
    }

    fn is_done(&self) -> bool {
        let is_answered = self.answers.len() == self.due();
        self.has_ended
            || match self.leaves {
                Leaves::AfterTheLastWord => self.has_said_all(),
                Leaves::WhenAllIsAnswered => is_answered,
                Leaves::AfterTheServer => false,
            }
    }

    fn judge(&self, entries: &Entries, mishaps: &Mishaps) -> Result<usize, String> {
        let (accepted, answered) = (entries.accepted.len(), self.answers.len());
        if !entries.accepted.iter().copied().eq(0..accepted) {
            return Err(format!("accepted out of order: {:?}", entries.accepted));
        }
        for (number, answer) in self.answers.iter().enumerate() {
            match self.asks.get(number) {
                // Where the end of the connection is that of the content, nothing tells a cut.
                Some(_) if answer.framing == Framing::Close && self.is_cut_at(number) => {}
                Some(_) if answer.framing == Framing::Close && mishaps.excuse_silence() => {}
                Some(ask) if number < accepted => {
                    ask.judge(answer.status, &answer.body, mishaps)?;
                }
                _ => self.judge_refusal(number, answer.status, mishaps)?,
            }
            if closes(answer) && number + 1 < answered {
                return Err("an answer behind the last one".into());
            }
        }
        let is_cut = self.is_cut_at(answered);
        let may_be_silent = is_cut || mishaps.excuse_silence();
        if !may_be_silent && !self.heard.is_empty() {
            return Err(format!("answer {answered} breaks off"));
        }
        if !may_be_silent && answered < accepted {
            return Err(format!("{answered} of {accepted} requests were answered"));
        }
        let is_over = self.answers.last().is_some_and(closes);
        if !is_over && !is_cut && !mishaps.excuse_deafness() && answered < self.due() {
            return Err(format!("{accepted} of {} requests were heard", self.due()));
        }
        Ok(answered)
    }
}

impl Http1 {
    /// Whether the answer to this request ends in a panic.
    fn is_cut_at(&self, number: usize) -> bool {
        self.asks.get(number).is_some_and(|ask| ask.address.route == Route::PanicInSource)
    }

    /// Judges an answer that no handler has given: the request was wrong, or did not come in time.
    fn judge_refusal(&self, number: usize, status: u16, mishaps: &Mishaps) -> Result<(), String> {
        let is_wrong = number == self.asks.len() && self.wrong.is_some() && status >= 400;
        if is_wrong || mishaps.excuse_status(status) {
            return Ok(());
        }
        Err(format!("{status} for request {number}, which no handler has seen"))
    }
}

/// Whether no further answer follows (RFC 9112 §9.6).
fn closes(answer: &Response) -> bool {
    answer.field("connection").any(|value| value == b"close")
}
