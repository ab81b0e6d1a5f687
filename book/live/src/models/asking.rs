//! What it costs to ask about many sockets at once, counted in sockets that somebody looks at. A
//! model: it counts, and knows no time.

use crate::json::Object;
use crate::subject::{Subject, number};

/// The call that is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Select,
    Poll,
    Epoll,
}

/// The highest number of a descriptor that `select` can be asked about, and one more.
const SET: usize = 1024;

/// So many sockets, of which some are ready, and what asking about them has cost so far.
pub(crate) struct Asking {
    call: Call,
    sockets: usize,
    ready: usize,
    calls: usize,
    /// Sockets at which the kernel has looked.
    kernel: usize,
    /// Sockets at which the program has looked to find those that are ready.
    program: usize,
}

impl Asking {
    pub(crate) fn new(call: &str) -> Result<Self, String> {
        let call = match call {
            "select" => Call::Select,
            "poll" => Call::Poll,
            "epoll" => Call::Epoll,
            _ => return Err("one asks by `select`, `poll` or `epoll`".to_owned()),
        };
        Ok(Asking { call, sockets: 0, ready: 0, calls: 0, kernel: 0, program: 0 })
    }

    fn add(&mut self, sockets: usize) -> Result<(), String> {
        if self.call == Call::Select && self.sockets + sockets > SET {
            return Err(format!("`select` knows no descriptor above {}", SET - 1));
        }
        self.sockets += sockets;
        if self.call == Call::Epoll {
            // Each is registered once, and the kernel keeps the list.
            self.calls += sockets;
        }
        Ok(())
    }

    fn wait(&mut self) {
        self.calls += 1;
        let looked = match self.call {
            Call::Select | Call::Poll => self.sockets,
            Call::Epoll => self.ready,
        };
        self.kernel += looked;
        self.program += looked;
    }
}

impl Subject for Asking {
    fn step(&mut self, verb: &str, rest: &str) -> Result<(), String> {
        match verb {
            "add" => self.add(number::<u16>(Some(rest))?.into())?,
            "ready" => self.ready = usize::from(number::<u16>(Some(rest))?).min(self.sockets),
            "wait" => self.wait(),
            _ => return Err(format!("there is no step `{verb}`")),
        }
        Ok(())
    }

    fn report(&mut self, to: &mut Object) {
        to.raw("sockets", self.sockets);
        to.raw("ready", self.ready);
        to.raw("calls", self.calls);
        to.raw("kernel", self.kernel);
        to.raw("program", self.program);
    }

    fn show(&self, what: &str) -> Result<String, String> {
        Ok(match what {
            "calls" => self.calls.to_string(),
            "kernel" => self.kernel.to_string(),
            "program" => self.program.to_string(),
            _ => return Err(format!("asking does not show `{what}`")),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::shown;

    fn show(call: &str) -> String {
        let script = format!("speak asking {call}\nadd 1000\nready 2\nwait\nwait\nshow kernel");
        shown(&(script + "\nshow program\nshow calls")).unwrap().join(", ")
    }

    #[test]
    fn poll_and_select_look_at_all_of_them_each_time() {
        assert_eq!(show("poll"), "2000, 2000, 2");
        assert_eq!(show("select"), "2000, 2000, 2");
    }

    #[test]
    fn epoll_looks_at_those_that_are_ready_and_is_told_of_each_once() {
        assert_eq!(show("epoll"), "4, 4, 1002");
    }

    #[test]
    fn select_knows_no_more_than_its_set() {
        assert!(shown("speak asking select\nadd 1024\nwait").is_ok());
        assert!(shown("speak asking select\nadd 1025").is_err());
    }
}
