//! A pool of threads that each serve a connection until it ends. A model: requests are answered at
//! once, so all that a thread does is wait.

use std::collections::VecDeque;

use crate::json::{self, Object};
use crate::subject::{Subject, number};

/// Where a connection is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Accepted, and no thread is free.
    Queued,
    /// A thread has it.
    Served(usize),
    Gone,
}

struct Client {
    place: Place,
    /// Requests that nobody has read.
    unread: usize,
    answered: usize,
}

/// Threads, connections, and the queue between them.
pub(crate) struct Pool {
    threads: Vec<Option<usize>>,
    clients: Vec<Client>,
    queue: VecDeque<usize>,
}

impl Pool {
    pub(crate) fn new(threads: u8) -> Self {
        Pool {
            threads: vec![None; usize::from(threads).max(1)],
            clients: Vec::new(),
            queue: VecDeque::new(),
        }
    }

    /// Threads that are free take what is in the queue, and answer all that has been asked.
    fn settle(&mut self) {
        while let Some(thread) = self.threads.iter().position(Option::is_none)
            && let Some(client) = self.queue.pop_front()
        {
            self.threads[thread] = Some(client);
            self.clients[client].place = Place::Served(thread);
        }
        for client in self.clients.iter_mut().filter(|it| matches!(it.place, Place::Served(_))) {
            client.answered += std::mem::take(&mut client.unread);
        }
    }

    fn end(&mut self, client: usize) {
        match self.clients[client].place {
            Place::Served(thread) => self.threads[thread] = None,
            Place::Queued => self.queue.retain(|&it| it != client),
            Place::Gone => {}
        }
        self.clients[client].place = Place::Gone;
    }

    fn client(&self, word: &str) -> Result<usize, String> {
        let client = number(Some(word))?;
        if client < self.clients.len() { Ok(client) } else { Err(format!("no client {client}")) }
    }

    fn waits(&self, client: usize) -> String {
        let client = &self.clients[client];
        match client.place {
            Place::Gone => "gone".to_owned(),
            Place::Queued => "waits for a thread".to_owned(),
            Place::Served(thread) => format!("thread {thread} waits for its next request"),
        }
    }
}

impl Subject for Pool {
    fn step(&mut self, verb: &str, rest: &str) -> Result<(), String> {
        match verb {
            "connect" => {
                self.queue.push_back(self.clients.len());
                self.clients.push(Client { place: Place::Queued, unread: 0, answered: 0 });
            }
            "request" => {
                let client = self.client(rest)?;
                if self.clients[client].place == Place::Gone {
                    return Err(format!("client {client} is gone"));
                }
                self.clients[client].unread += 1;
            }
            "leave" => self.end(self.client(rest)?),
            // The idle timeout ends a connection that a thread waits for, and no other.
            "timeout" => {
                let client = self.client(rest)?;
                if matches!(self.clients[client].place, Place::Served(_)) {
                    self.end(client);
                }
            }
            _ => return Err(format!("there is no step `{verb}`")),
        }
        self.settle();
        Ok(())
    }

    fn report(&mut self, to: &mut Object) {
        let thread = |client: &Option<usize>| json::number(client.map(|client| client as u128));
        to.list("threads", self.threads.iter().map(thread));
        to.list("queue", self.queue.iter().map(ToString::to_string));
        let clients = 0..self.clients.len();
        to.list(
            "clients",
            clients.map(|at| {
                let Client { unread, answered, .. } = self.clients[at];
                json::list([unread.to_string(), answered.to_string(), json::text(&self.waits(at))])
            }),
        );
    }

    fn show(&self, what: &str) -> Result<String, String> {
        if let Some(client) = what.strip_prefix("waits ") {
            return Ok(self.waits(self.client(client)?));
        }
        Ok(match what {
            "served" => self.clients.iter().map(|it| it.answered).sum::<usize>().to_string(),
            "queue" => self.queue.len().to_string(),
            "idle" => self.threads.iter().filter(|it| it.is_none()).count().to_string(),
            _ => return Err(format!("a pool does not show `{what}`")),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::shown;

    fn show(steps: &str, what: &str) -> String {
        let script = format!("speak pool 2\n{}\nshow {what}", steps.replace("; ", "\n"));
        shown(&script).unwrap().join(", ")
    }

    #[test]
    fn idle_connections_starve_those_in_the_queue() {
        let steps = "connect; request 0; connect; request 1; connect; request 2";
        assert_eq!(show(steps, "served"), "2");
        assert_eq!(show(steps, "waits 0"), "thread 0 waits for its next request");
        assert_eq!(show(steps, "waits 2"), "waits for a thread");
    }

    #[test]
    fn a_connection_that_ends_makes_room_for_the_first_in_the_queue() {
        let steps = "connect; connect; connect; request 2; connect; leave 1";
        assert_eq!(show(steps, "served"), "1");
        assert_eq!(show(steps, "waits 2"), "thread 1 waits for its next request");
        assert_eq!(show(&format!("{steps}; timeout 0"), "queue"), "0");
        assert_eq!(show(&format!("{steps}; timeout 3"), "queue"), "1");
        assert_eq!(show(&format!("{steps}; leave 0; leave 2; leave 3"), "idle"), "2");
    }
}
