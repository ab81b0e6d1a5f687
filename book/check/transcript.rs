//! A connection's transcript: each call with what went in and what came out. It is what the
//! chapter on the state machine shows; a test holds the committed text against this code.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use protocol::{
    Connection, Handler, Limits, Now, Protocol, Reply, Request, Response, Step, Ticket, Work,
};

/// The transcript as the chapter shows it.
#[must_use]
pub fn transcript() -> String {
    let mut driver = Driver::new(|request: &Request<'_>| match request.path() {
        "/slow" => Reply::blocking(|| "slow"),
        _ => Response::text("fast").into(),
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

/// Drives a connection as a backend would, with a clock of its own, and writes everything down.
struct Driver<H> {
    connection: Connection<H>,
    start: Instant,
    time: Duration,
    input: Vec<u8>,
    output: Vec<u8>,
    work: Option<(Ticket, Work)>,
    text: String,
}

impl<H: Handler> Driver<H> {
    fn new(handler: H) -> Self {
        let start = Instant::now();
        let now = Now { instant: start, wall: UNIX_EPOCH };
        Driver {
            connection: Connection::new(Arc::new(handler), Arc::new(Limits::default()), now),
            start,
            time: Duration::ZERO,
            input: Vec::new(),
            output: Vec::new(),
            work: None,
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
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.write(format_args!("{gap}# {text}\n"));
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

    fn receive(&mut self, new: &str) {
        self.input.extend_from_slice(new.as_bytes());
        let before = self.output.len();
        let held = self.input.len();
        let now = self.now();
        let consumed = self.connection.receive(&mut self.input, &mut self.output, now);
        self.input.drain(..consumed);
        let call = match new {
            "" => format!("receive({held} bytes, none new)"),
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

    fn complete(&mut self) {
        let Some((ticket, Work::Blocking(job))) = self.work.take() else { return };
        let before = self.output.len();
        let now = self.now();
        self.connection.complete(ticket, job.run(), &mut self.output, now);
        let written = self.written_since(before);
        self.line("complete(ticket, outcome)", written.trim_start_matches(", "));
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
                Step::Run(..) => "Run(ticket, work)".into(),
                other => format!("{other:?}"),
            };
            self.line("poll()", &result);
            match step {
                Step::Wait(_) | Step::Close => return,
                Step::Receive => self.receive(""),
                Step::Run(ticket, work) => self.work = Some((ticket, work)),
                Step::ShutdownWrite => {}
            }
        }
    }

    /// What has been appended to the output: its first line and the number of bytes.
    fn written_since(&self, before: usize) -> String {
        let new = &self.output[before..];
        match String::from_utf8_lossy(new).lines().next() {
            Some(line) => format!(", {} bytes written: {line:?} …", new.len()),
            None => String::new(),
        }
    }
}
