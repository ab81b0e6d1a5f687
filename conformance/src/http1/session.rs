//! One exchange over HTTP/1.1.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::check::check;
use crate::expected::{Expected, Statuses, status};
use crate::http1::compose::get;
use crate::http1::step::Step;
use crate::response::{self, Response};
use crate::template::fill_in;
use crate::wire::Wire;

/// Plays the steps of a case; returns the statuses, in order, without interim ones.
pub(crate) fn play(steps: &[Step], wire: &mut Wire<'_>) -> Result<Vec<u16>, String> {
    let mut session = Session {
        wire,
        unique: unique(),
        etag: Vec::new(),
        modified: Vec::new(),
        statuses: Vec::new(),
    };
    steps.iter().try_for_each(|step| session.play(step))?;
    Ok(session.statuses)
}

struct Session<'a, 'w> {
    wire: &'a mut Wire<'w>,
    unique: String,
    etag: Vec<u8>,
    modified: Vec<u8>,
    statuses: Vec<u16>,
}

impl Session<'_, '_> {
    /// Plays one step; says what went wrong.
    fn play(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Send(template) => {
                let bytes = self.fill_in(template);
                self.wire.send(&bytes);
            }
            Step::Pause => self.wire.pause(),
            Step::HalfClose => self.wire.half_close(),
            Step::Reconnect => self.wire.reconnect()?,
            Step::Expect(expected) => self.expect(expected)?,
            Step::ExpectClosed => self.expect_closed()?,
            Step::ExpectOpen => {
                let request = self.fill_in(get("/").as_bytes());
                self.wire.send_aside(&request);
                self.expect(&status(Statuses::Understood))
                    .map_err(|error| format!("the connection should still be open: {error}"))?;
                self.statuses.pop();
            }
        }
        Ok(())
    }

    fn fill_in(&self, template: &[u8]) -> Vec<u8> {
        fill_in(
            template,
            &[
                ("<host>", self.wire.route.host.as_bytes()),
                ("<unique>", self.unique.as_bytes()),
                ("<etag>", &self.etag),
                ("<modified>", &self.modified),
            ],
        )
    }

    /// Reads one response and holds it against `expected`.
    fn expect(&mut self, expected: &Expected) -> Result<(), String> {
        let deadline = self.wire.deadline();
        let wants_interim =
            matches!(&expected.statuses, Statuses::OneOf(all) if all.iter().any(|s| *s < 200));
        loop {
            let response = self.read_response(expected.to_head, deadline)?;
            if !response.is_interim() {
                self.statuses.push(response.status);
            } else if !wants_interim {
                if expected.interim {
                    continue;
                }
                return Err(format!("an interim response {} that is not due", response.status));
            }
            if response.status == 200 {
                let first = |name| response.field(name).next().unwrap_or_default().to_vec();
                self.etag = first("etag");
                self.modified = first("last-modified");
            }
            return check(&response, expected);
        }
    }

    fn read_response(&mut self, to_head: bool, deadline: Instant) -> Result<Response, String> {
        loop {
            if let Some(response) = response::read(&self.wire.pending, to_head, self.wire.eof)? {
                self.wire.pending.drain(..response.length);
                return Ok(response);
            }
            if self.wire.eof {
                return Err("the connection ended before the response did".into());
            }
            self.wire.receive(deadline).map_err(|error| match error.kind() {
                ErrorKind::TimedOut => "the response did not come in time".into(),
                ErrorKind::ConnectionReset => {
                    "the connection was reset before the response could be read".into()
                }
                _ => format!("no response: {error}"),
            })?;
        }
    }

    fn expect_closed(&mut self) -> Result<(), String> {
        let deadline = self.wire.deadline();
        while self.wire.pending.is_empty() && !self.wire.eof {
            match self.wire.receive(deadline) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return Err("the connection should have been closed".into());
                }
                Err(_) => self.wire.eof = true, // a reset closes it, too
            }
        }
        if self.wire.pending.is_empty() {
            return Ok(());
        }
        Err("the connection should have been closed without a further byte".into())
    }
}

/// Sixteen characters that no other exchange has, of this process or of one before it.
fn unique() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = since.as_millis() & 0xffff_ffff;
    let process = std::process::id() & 0xffff;
    format!("{millis:08x}{process:04x}{:04x}", COUNTER.fetch_add(1, Ordering::Relaxed) & 0xffff)
}
