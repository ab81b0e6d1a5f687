//! How what may happen does.

use std::time::{Duration, Instant};

use harness::run;
use protocol::{Outcome, Protocol};

use crate::network::Content;
use crate::world::{Event, FINE_STEPS, PATIENCE, World};

impl<P: Protocol> World<'_, P> {
    pub(crate) fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Say => self.say(),
            Event::Hang => {
                self.has_hung = true;
                self.to_server.send(Content::End, self.driver.now.instant);
                self.note(|| "the client closes its side".into());
            }
            Event::Arrive => self.arrive(),
            Event::ArriveUnasked => {
                self.driver.is_eager = true;
                self.arrive();
                self.driver.is_eager = false;
            }
            Event::Send => self.send(),
            Event::Hear => self.hear()?,
            Event::Ring => {
                self.note(|| "the timer rings".into());
                self.driver.handle_timeout();
            }
            Event::Work(index) => self.work(index),
            Event::Shutdown => self.shutdown(),
            Event::Pause => {
                let time = self.delay();
                self.note(|| format!("nothing happens for {time:?}"));
                self.driver.oversleep(time);
            }
            Event::Reset => {
                self.mishaps.reset = true;
                self.note(|| "the client resets the connection".into());
            }
        }
        Ok(())
    }

    /// A delay out of what is left for them.
    fn delay(&mut self) -> Duration {
        let most = self.choices.of(&[0, 1, 100, 30_000]);
        let time = self.choices.milliseconds(0..=most).min(self.delays - self.delayed);
        self.delayed += time;
        self.mishaps.delayed |= self.delayed > PATIENCE;
        time
    }

    fn arrival(&mut self) -> Instant {
        let delay = if self.choices.one_in(4) { self.delay() } else { Duration::ZERO };
        self.now() + delay
    }

    /// How much the network takes of the server before it is heard.
    pub(crate) fn room(&self) -> usize {
        if self.steps < FINE_STEPS { self.room } else { usize::MAX }
    }

    /// A number of bytes, at least one and at most so many.
    fn size(&mut self, most: usize) -> usize {
        if self.steps < FINE_STEPS { self.choices.size(most).max(1) } else { most }
    }

    fn say(&mut self) {
        let length = self.size(self.outbox.len().min(16 << 10));
        let piece: Vec<_> = self.outbox.drain(..length).collect();
        let at = self.arrival();
        self.note(|| format!("the client sends {length} bytes"));
        self.to_server.send(Content::Bytes(piece), at);
    }

    fn arrive(&mut self) {
        let Some(segment) = self.to_server.segments.pop_front() else { return };
        match segment.what {
            Content::Bytes(piece) => {
                self.note(|| format!("{} bytes arrive: {}", piece.len(), excerpt(&piece)));
                self.driver.feed(&piece);
            }
            Content::End => {
                self.note(|| "the end arrives".into());
                self.driver.eof();
            }
        }
    }

    fn send(&mut self) {
        let room = self.room() - self.to_client.bytes();
        let most = self.size(room.min(100_000));
        let sent = self.driver.take(most);
        self.note(|| format!("the server sends {sent} bytes"));
        let piece = std::mem::take(&mut self.driver.wire);
        let at = self.arrival();
        self.to_client.send(Content::Bytes(piece), at);
    }

    fn hear(&mut self) -> Result<(), String> {
        let Some(segment) = self.to_client.segments.pop_front() else { return Ok(()) };
        match segment.what {
            Content::Bytes(piece) => {
                self.note(|| format!("the client hears {}: {}", piece.len(), excerpt(&piece)));
                self.client.hear(&piece)
            }
            Content::End => {
                self.note(|| "the client hears the end".into());
                self.client.hear_end()
            }
        }
    }

    fn work(&mut self, index: usize) {
        let Some((ticket, work)) = self.driver.held.remove(index) else { return };
        let outcome = if self.choices.one_in(25) {
            self.mishaps.overloaded = true;
            drop(work);
            Outcome::Overloaded
        } else {
            run(work)
        };
        self.note(|| format!("work {ticket:?} comes to {outcome:?}"));
        self.driver.complete(ticket, outcome);
    }

    fn shutdown(&mut self) {
        let Some((_, within)) = self.shutdown_at.take() else { return };
        self.note(|| format!("shutdown within {within:?}"));
        self.mishaps.shut_down = true;
        self.shutdown_deadline = Some(self.now() + within);
        self.driver.shutdown(within);
    }
}

fn excerpt(bytes: &[u8]) -> String {
    let head = bytes[..bytes.len().min(60)].escape_ascii().to_string();
    if bytes.len() <= 120 {
        return bytes.escape_ascii().to_string();
    }
    format!("{head} ... {}", bytes[bytes.len() - 60..].escape_ascii())
}
