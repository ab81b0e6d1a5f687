//! A ring with a receive that goes on and a stock of buffers (`io_uring`). A model: one socket, one
//! operation, and a kernel that does everything at once.

use std::collections::VecDeque;

use crate::json::{self, Object};
use crate::subject::Subject;

/// Who may touch a buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Kernel,
    /// It is filled, and the completion that names it has not been taken.
    Completion,
    Program,
}

impl Owner {
    fn name(self) -> &'static str {
        match self {
            Owner::Kernel => "kernel",
            Owner::Completion => "completion",
            Owner::Program => "program",
        }
    }
}

/// What is put into the submission queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Receive,
    Cancel,
}

/// What is taken out of the completion queue.
#[derive(Clone)]
struct Completion {
    result: String,
    buffer: Option<usize>,
    /// Whether the operation goes on.
    more: bool,
}

/// The two queues, the buffers, and a socket.
pub(crate) struct Ring {
    size: usize,
    buffers: Vec<Owner>,
    submitted: Vec<Operation>,
    completed: VecDeque<Completion>,
    /// Whether the kernel has a receive under way.
    is_armed: bool,
    socket: usize,
    taken: Option<Completion>,
    calls: usize,
}

impl Ring {
    /// A ring with so many buffers of so many bytes, all of them the kernel's.
    pub(crate) fn new(buffers: u8, size: u16) -> Self {
        Ring {
            size: usize::from(size).max(1),
            buffers: vec![Owner::Kernel; buffers.into()],
            submitted: Vec::new(),
            completed: VecDeque::new(),
            is_armed: false,
            socket: 0,
            taken: None,
            calls: 0,
        }
    }

    /// The one system call: the kernel takes what has been submitted.
    fn enter(&mut self) {
        self.calls += 1;
        for operation in std::mem::take(&mut self.submitted) {
            match operation {
                Operation::Receive => self.is_armed = true,
                Operation::Cancel if self.is_armed => self.finish("-ECANCELED"),
                Operation::Cancel => {}
            }
            self.receive();
        }
    }

    /// The kernel fills buffers as long as there are bytes, and buffers, and a receive.
    fn receive(&mut self) {
        while self.is_armed && self.socket > 0 {
            let Some(at) = self.buffers.iter().position(|owner| *owner == Owner::Kernel) else {
                return self.finish("-ENOBUFS");
            };
            let length = self.socket.min(self.size);
            self.socket -= length;
            self.buffers[at] = Owner::Completion;
            let result = length.to_string();
            self.completed.push_back(Completion { result, buffer: Some(at), more: true });
        }
    }

    /// The receive under way ends without a buffer.
    fn finish(&mut self, result: &str) {
        self.is_armed = false;
        let result = result.to_owned();
        self.completed.push_back(Completion { result, buffer: None, more: false });
    }

    fn take(&mut self) {
        self.taken = self.completed.pop_front();
        if let Some(at) = self.taken.as_ref().and_then(|it| it.buffer) {
            self.buffers[at] = Owner::Program;
        }
    }

    fn completion(&self) -> String {
        let Some(taken) = &self.taken else { return "none".to_owned() };
        let more = if taken.more { "more" } else { "the last" };
        match taken.buffer {
            Some(at) => format!("{} in buffer {at}, {more}", taken.result),
            None => format!("{}, {more}", taken.result),
        }
    }
}

impl Subject for Ring {
    fn step(&mut self, verb: &str, rest: &str) -> Result<(), String> {
        match verb {
            "receive" => self.submitted.push(Operation::Receive),
            "cancel" => self.submitted.push(Operation::Cancel),
            "enter" => self.enter(),
            "arrive" => {
                self.socket += usize::from(crate::subject::number::<u16>(Some(rest))?);
                self.receive();
            }
            "take" => self.take(),
            "return" => {
                let at = self.buffers.iter().position(|owner| *owner == Owner::Program);
                self.buffers[at.ok_or("the program has no buffer")?] = Owner::Kernel;
            }
            _ => return Err(format!("there is no step `{verb}`")),
        }
        Ok(())
    }

    fn report(&mut self, to: &mut Object) {
        let name = |operation: &Operation| match operation {
            Operation::Receive => json::text("receive"),
            Operation::Cancel => json::text("cancel"),
        };
        to.list("submitted", self.submitted.iter().map(name));
        to.list("completed", self.completed.iter().map(|it| json::text(&it.result)));
        to.list("buffers", self.buffers.iter().map(|owner| json::text(owner.name())));
        to.raw("armed", self.is_armed);
        to.raw("socket", self.socket);
        to.text("taken", &self.completion());
        to.raw("calls", self.calls);
    }

    fn show(&self, what: &str) -> Result<String, String> {
        Ok(match what {
            "completion" => self.completion(),
            "completions" => self.completed.len().to_string(),
            "owners" => self.buffers.iter().map(|it| it.name()).collect::<Vec<_>>().join(" "),
            "calls" => self.calls.to_string(),
            "socket" => self.socket.to_string(),
            "armed" => if self.is_armed { "armed" } else { "not armed" }.to_owned(),
            _ => return Err(format!("a ring does not show `{what}`")),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::shown;

    fn show(steps: &str, what: &str) -> String {
        let script = format!("speak ring 2 100\n{}", steps.replace("; ", "\n"));
        let script = what.split(' ').fold(script, |it, what| it + "\nshow " + what);
        shown(&script).unwrap().join(", ")
    }

    #[test]
    fn nothing_is_received_before_the_kernel_has_been_entered() {
        assert_eq!(show("receive; arrive 10", "armed socket completions"), "not armed, 10, 0");
        assert_eq!(show("receive; arrive 10; enter", "armed socket completions"), "armed, 0, 1");
    }

    #[test]
    fn one_receive_has_many_completions() {
        let steps = "receive; enter; arrive 10; arrive 20";
        assert_eq!(show(steps, "completions calls owners"), "2, 1, completion completion");
        assert_eq!(show(&format!("{steps}; take"), "completion"), "10 in buffer 0, more");
    }

    #[test]
    fn a_receive_without_a_buffer_ends() {
        let steps = "receive; enter; arrive 300";
        assert_eq!(show(steps, "socket armed completions"), "100, not armed, 3");
        let taken = format!("{steps}; take; take; take");
        assert_eq!(show(&taken, "completion owners"), "-ENOBUFS, the last, program program");
        // A buffer that is given back is not enough: the receive has ended.
        assert_eq!(show(&format!("{taken}; return"), "socket"), "100");
        assert_eq!(show(&format!("{taken}; return; receive; enter"), "socket completions"), "0, 1");
    }

    #[test]
    fn a_cancelled_receive_ends_with_a_completion_of_its_own() {
        let steps = "receive; enter; cancel";
        assert_eq!(show(steps, "armed completions"), "armed, 0");
        assert_eq!(
            show(&format!("{steps}; arrive 5; enter; take"), "completion"),
            "5 in buffer 0, more"
        );
        let last = format!("{steps}; arrive 5; enter; take; take");
        assert_eq!(show(&last, "completion armed"), "-ECANCELED, the last, not armed");
    }
}
