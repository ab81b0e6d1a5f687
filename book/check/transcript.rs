//! Transcripts of a connection: each call with what went in and what came out. They are what the
//! chapters on the state machine and on layers show; a test holds the committed texts against this
//! code.

use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use layer_http2::Http2;
use protocol::{
    Connection, FileRange, Limits, Now, Protocol, Reply, Request, Response, Step, Ticket, Work,
};

use crate::frames::{self, describe};

/// A connection that speaks HTTP/1.1.
#[must_use]
pub fn transcript() -> String {
    let mut driver = Driver::new(first_line, |now| {
        Connection::new(Arc::new(answer), Arc::new(Limits::default()), now)
    });
    driver.remark("The beginning of a head, then the rest of it with another request behind it.");
    driver.poll();
    driver.receive("GET /slow HTTP/1.1\r\nHost: exa");
    driver.poll();
    driver.receive("mple.org\r\n\r\nGET /fast HTTP/1.1\r\nHost: example.org\r\n\r\n");
    driver.poll();
    driver.remark("A quarter of a second later, the work is done.");
    driver.pass(Duration::from_millis(250));
    driver.complete();
    driver.poll();
    driver.sent();
    driver.poll();
    driver.remark("A head that begins and does not end. Ten seconds later:");
    driver.pass(Duration::from_secs(1));
    driver.receive("GET /slo");
    driver.poll();
    driver.pass(Duration::from_secs(10));
    driver.timeout();
    driver.sent();
    driver.poll();
    driver.remark("The client has read the response, and closes.");
    driver.pass(Duration::from_millis(20));
    driver.eof();
    driver.poll();
    driver.text
}

/// A connection that speaks HTTP/2.
#[must_use]
pub fn transcript_of_http2() -> String {
    const WINDOW: u32 = 10;
    let mut driver = Driver::new(describe, |now| {
        Http2::new(Arc::new(answer), Arc::new(Limits::default()), no_file, now)
    });
    driver.begin_part("work");
    driver.remark(
        "Each side begins with its settings. The client's window is 10 bytes, to make a point.",
    );
    driver.poll();
    driver.receive(&frames::preface(WINDOW));
    driver.poll();
    driver.sent();
    driver.remark("HEADERS 1 and HEADERS 3 ask for /slow, HEADERS 5 for /fast.");
    let requests = [(1, "/slow"), (3, "/slow"), (5, "/fast")];
    driver.receive(&requests.map(|(stream, path)| frames::get(stream, path)).concat());
    driver.poll();
    driver.sent();
    driver.poll();
    driver.remark("The work that was begun last is done first.");
    driver.pass(Duration::from_millis(250));
    driver.complete_at(1);
    driver.poll();
    driver.pass(Duration::from_millis(250));
    driver.complete_at(0);
    driver.poll();
    driver.sent();
    driver.poll();
    driver.end_part("work");
    driver.begin_part("window");
    driver.remark("HEADERS 7 asks for 15 bytes, and HEADERS 9 for /fast.");
    driver.receive(&frames::get(7, "/long"));
    driver.sent();
    driver.poll();
    driver.receive(&frames::get(9, "/fast"));
    driver.sent();
    driver.poll();
    driver.remark("WINDOW_UPDATE 7: the client has room for 10 more.");
    driver.pass(Duration::from_secs(1));
    driver.receive(&frames::window_update(7, WINDOW));
    driver.sent();
    driver.poll();
    driver.remark("Shutdown; then the client answers the PING, and closes.");
    driver.shutdown(Duration::from_secs(10));
    driver.poll();
    driver.receive(&frames::ping_answer(&driver.output.clone()));
    driver.poll();
    driver.sent();
    driver.poll();
    driver.eof();
    driver.poll();
    driver.end_part("window");
    driver.text
}

fn answer(request: &Request<'_>) -> Reply {
    match request.path() {
        "/slow" => Reply::blocking(|| "slow"),
        "/long" => Response::text("fifteen letters").into(),
        _ => Response::text("fast").into(),
    }
}

fn no_file(_: &FileRange, _: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Drives a connection as a backend would, with a clock of its own, and writes everything down.
struct Driver {
    connection: Box<dyn Protocol>,
    /// Says in a few words what has been written.
    describe: fn(&[u8]) -> String,
    start: Instant,
    time: Duration,
    input: Vec<u8>,
    output: Vec<u8>,
    work: Vec<(Ticket, Work)>,
    text: String,
}

impl Driver {
    fn new<P: Protocol + 'static>(
        describe: fn(&[u8]) -> String,
        connect: impl FnOnce(Now) -> P,
    ) -> Self {
        let start = Instant::now();
        Driver {
            connection: Box::new(connect(Now { instant: start, wall: UNIX_EPOCH })),
            describe,
            start,
            time: Duration::ZERO,
            input: Vec::new(),
            output: Vec::new(),
            work: Vec::new(),
            text: String::new(),
        }
    }

    fn now(&self) -> Now {
        Now { instant: self.start + self.time, wall: UNIX_EPOCH + self.time }
    }

    fn pass(&mut self, time: Duration) {
        self.time += time;
    }

    fn remark(&mut self, text: &str) {
        let is_first = self.text.lines().next_back().is_none_or(|line| line.contains("ANCHOR:"));
        let gap = if is_first { "" } else { "\n" };
        self.write(format_args!("{gap}# {text}\n"));
    }

    /// What follows is shown under this name.
    fn begin_part(&mut self, name: &str) {
        self.write(format_args!("# ANCHOR: {name}\n"));
    }

    fn end_part(&mut self, name: &str) {
        self.write(format_args!("# ANCHOR_END: {name}\n"));
    }

    fn line(&mut self, call: &str, result: &str) {
        let seconds = self.time.as_secs_f64();
        match result {
            "" => self.write(format_args!("{seconds:5.2} s  {call}\n")),
            _ => self.write(format_args!("{seconds:5.2} s  {call:<28} → {result}\n")),
        }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).unwrap_or_else(|_| unreachable!("writing to a String"));
    }

    fn receive(&mut self, new: &(impl AsRef<[u8]> + ?Sized)) {
        let new = new.as_ref();
        self.input.extend_from_slice(new);
        let before = self.output.len();
        let held = self.input.len();
        let now = self.now();
        let consumed = self.connection.receive(&mut self.input, &mut self.output, now);
        self.input.drain(..consumed);
        let call = match new {
            [] => format!("receive({held} bytes, none new)"),
            _ => format!("receive({held} bytes, {} new)", new.len()),
        };
        let written = self.written_since(before);
        self.line(&call, &format!("{consumed} consumed{written}"));
    }

    fn eof(&mut self) {
        self.connection.receive_eof(self.now());
        self.line("receive_eof()", "");
    }

    fn sent(&mut self) {
        let bytes = self.output.len();
        self.output.clear();
        self.connection.sent(bytes as u64, self.now());
        self.line(&format!("sent({bytes})"), "");
    }

    fn shutdown(&mut self, within: Duration) {
        let now = self.now();
        self.connection.shutdown(now.instant + within, now);
        let by = (self.time + within).as_secs_f64();
        self.line(&format!("shutdown({by:.2} s)"), "");
    }

    fn complete(&mut self) {
        self.complete_at(0);
    }

    /// The piece of work at this place is done.
    fn complete_at(&mut self, at: usize) {
        let (ticket, Work::Blocking(job)) = self.work.remove(at) else { return };
        let before = self.output.len();
        let now = self.now();
        self.connection.complete(ticket, job.run(), &mut self.output, now);
        let written = self.written_since(before);
        self.line(&format!("complete({ticket:?}, outcome)"), written.trim_start_matches(", "));
    }

    fn timeout(&mut self) {
        let before = self.output.len();
        let now = self.now();
        self.connection.handle_timeout(&mut self.output, now);
        let written = self.written_since(before);
        self.line("handle_timeout()", written.trim_start_matches(", "));
    }

    /// Until there is nothing to do but wait, or the end.
    fn poll(&mut self) {
        loop {
            let step = self.connection.poll();
            let result = match &step {
                Step::Wait(wait) => match wait.deadline {
                    Some(deadline) => {
                        let seconds = (deadline - self.start).as_secs_f64();
                        format!("Wait {{ read: {}, deadline: {seconds:.2} s }}", wait.read)
                    }
                    None => format!("Wait {{ read: {}, deadline: none }}", wait.read),
                },
                Step::Run(ticket, _) => format!("Run({ticket:?}, work)"),
                other => format!("{other:?}"),
            };
            self.line("poll()", &result);
            match step {
                Step::Wait(_) | Step::Close => return,
                Step::Receive => self.receive(""),
                Step::Run(ticket, work) => self.work.push((ticket, work)),
                Step::Upgrade(next) => {
                    self.connection = next;
                    self.receive("");
                }
                Step::ShutdownWrite => {}
            }
        }
    }

    /// What has been appended to the output.
    fn written_since(&self, before: usize) -> String {
        match &self.output[before..] {
            [] => String::new(),
            new => format!(", {}", (self.describe)(new)),
        }
    }
}

/// How much of HTTP/1.1 has been written, and how it begins.
fn first_line(written: &[u8]) -> String {
    let text = String::from_utf8_lossy(written);
    format!("{} bytes written: {:?} …", written.len(), text.lines().next().unwrap_or_default())
}
