//! A poller that tells of one socket, by levels or by edges. A model: one socket, input only.

use crate::json::Object;
use crate::subject::{Subject, number};

/// When the poller says that a socket is readable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trigger {
    /// As long as there is something to read.
    Level,
    /// Once, when something has come.
    Edge,
}

/// One socket, the poller, and the loop that asks it.
pub(crate) struct Poller {
    trigger: Trigger,
    /// Bytes in the socket.
    left: usize,
    is_at_end: bool,
    /// A read has said that nothing will come any more.
    end_is_read: bool,
    /// Something has come since the last event.
    has_changed: bool,
    /// What the last wait said.
    event: &'static str,
    /// What the last read said.
    read: String,
    /// Calls of the system so far.
    calls: usize,
}

impl Poller {
    pub(crate) fn new(trigger: &str) -> Result<Self, String> {
        let trigger = match trigger {
            "level" => Trigger::Level,
            "edge" => Trigger::Edge,
            _ => return Err("a poller is `edge` or `level`".to_owned()),
        };
        Ok(Poller {
            trigger,
            left: 0,
            is_at_end: false,
            end_is_read: false,
            has_changed: false,
            event: "none",
            read: "none".to_owned(),
            calls: 0,
        })
    }

    fn is_readable(&self) -> bool {
        self.left > 0 || self.is_at_end
    }

    /// Whether a wait would return now.
    fn would_tell(&self) -> bool {
        match self.trigger {
            Trigger::Level => self.is_readable(),
            Trigger::Edge => self.has_changed,
        }
    }

    fn wait(&mut self) {
        self.calls += 1;
        self.event = if self.would_tell() { "readable" } else { "sleeps" };
        self.has_changed = false;
    }

    /// One attempt to read. Whether it may be worth another.
    fn read(&mut self, room: usize) -> bool {
        self.calls += 1;
        let length = self.left.min(room);
        self.left -= length;
        self.end_is_read |= length == 0 && self.is_at_end;
        self.read = match length {
            0 if self.is_at_end => "0".to_owned(),
            0 => "WouldBlock".to_owned(),
            _ => length.to_string(),
        };
        length > 0
    }

    /// Whether there is something to read, and no event will ever say so.
    fn is_stuck(&self) -> bool {
        let is_news = self.left > 0 || self.is_at_end && !self.end_is_read;
        is_news && !self.would_tell()
    }
}

impl Subject for Poller {
    fn step(&mut self, verb: &str, rest: &str) -> Result<(), String> {
        match verb {
            "arrive" => {
                let bytes: u16 = number(Some(rest))?;
                self.left += usize::from(bytes);
                self.has_changed |= bytes > 0;
            }
            "eof" => {
                self.is_at_end = true;
                self.has_changed = true;
            }
            "wait" => self.wait(),
            "read" => drop(self.read(number(Some(rest))?)),
            "drain" => {
                let room: usize = number::<u16>(Some(rest))?.max(1).into();
                while self.read(room) {}
            }
            _ => return Err(format!("there is no step `{verb}`")),
        }
        Ok(())
    }

    fn report(&mut self, to: &mut Object) {
        to.raw("left", self.left);
        to.raw("atEnd", self.is_at_end);
        to.text("event", self.event);
        to.text("read", &self.read);
        to.raw("tells", self.would_tell());
        to.raw("stuck", self.is_stuck());
        to.raw("calls", self.calls);
    }

    fn show(&self, what: &str) -> Result<String, String> {
        Ok(match what {
            "event" => self.event.to_owned(),
            "read" => self.read.clone(),
            "left" => self.left.to_string(),
            "stuck" => if self.is_stuck() { "stuck" } else { "not stuck" }.to_owned(),
            "calls" => self.calls.to_string(),
            _ => return Err(format!("a poller does not show `{what}`")),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::shown;

    fn show(trigger: &str, steps: &str) -> String {
        let script = format!("speak poller {trigger}\n{}", steps.replace("; ", "\n"));
        shown(&(script + "\nshow event\nshow left\nshow stuck")).unwrap().join(", ")
    }

    #[test]
    fn a_level_is_told_until_all_is_read() {
        assert_eq!(show("level", "arrive 300; wait; read 100; wait"), "readable, 200, not stuck");
        assert_eq!(show("level", "arrive 300; wait; drain 100; wait"), "sleeps, 0, not stuck");
    }

    #[test]
    fn an_edge_is_told_once() {
        assert_eq!(show("edge", "arrive 300; wait; read 100; wait"), "sleeps, 200, stuck");
        assert_eq!(show("edge", "arrive 300; wait; drain 100; wait"), "sleeps, 0, not stuck");
    }

    #[test]
    fn bytes_that_come_later_are_another_edge() {
        let steps = "arrive 300; wait; read 100; arrive 1; wait";
        assert_eq!(show("edge", steps), "readable, 201, stuck");
    }

    #[test]
    fn the_end_is_a_level_forever_and_an_edge_once() {
        assert_eq!(show("level", "eof; wait; read 1; wait"), "readable, 0, not stuck");
        assert_eq!(show("edge", "eof; wait; read 1; wait"), "sleeps, 0, not stuck");
        assert_eq!(show("edge", "arrive 5; eof; wait; read 9; wait"), "sleeps, 0, stuck");
    }
}
