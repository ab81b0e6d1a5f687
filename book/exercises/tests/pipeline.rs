use exercises::pipeline::{Connection, Step};

/// A caller that keeps to the contract.
#[derive(Default)]
struct Caller {
    connection: Connection,
    input: Vec<u8>,
    out: Vec<u8>,
    work: Vec<String>,
}

impl Caller {
    /// Presents input, then polls until there is nothing to do. Says whether input is wanted.
    fn feed(&mut self, new: &str) -> bool {
        self.input.extend_from_slice(new.as_bytes());
        self.receive();
        self.poll()
    }

    fn receive(&mut self) {
        let consumed = self.connection.receive(&self.input, &mut self.out);
        self.input.drain(..consumed);
    }

    fn poll(&mut self) -> bool {
        for _ in 0..100 {
            match self.connection.poll() {
                Step::Receive => {
                    let held = self.input.len();
                    self.receive();
                    assert!(self.input.len() < held, "`Receive`, but nothing could be taken");
                }
                Step::Run(text) => self.work.push(text),
                Step::Wait { read } => return read,
            }
        }
        panic!("poll never says Wait");
    }

    fn complete(&mut self, result: &str) -> bool {
        self.connection.complete(result, &mut self.out);
        self.poll()
    }

    fn send(&mut self, bytes: usize) -> bool {
        self.out.drain(..bytes);
        self.connection.sent(bytes);
        self.poll()
    }

    fn output(&self) -> &str {
        str::from_utf8(&self.out).unwrap()
    }
}

#[test]
fn a_request_in_any_two_pieces() {
    let wire = "echo hello\n";
    for at in 0..=wire.len() {
        let mut caller = Caller::default();
        caller.feed(&wire[..at]);
        assert!(caller.feed(&wire[at..]), "input is wanted");
        assert_eq!(caller.output(), "hello\n", "split at {at}");
    }
}

#[test]
fn several_requests_in_one_piece() {
    let mut caller = Caller::default();
    assert!(caller.feed("echo a\necho b\necho c\nech"));
    assert_eq!((caller.output(), caller.input.as_slice()), ("a\nb\nc\n", &b"ech"[..]));
}

#[test]
fn a_line_that_is_no_request_is_answered_and_the_next_one_too() {
    let mut caller = Caller::default();
    assert!(caller.feed("echo\n\nshout a\nworker a\necho b\n"));
    assert_eq!(caller.output(), "?\n?\n?\n?\nb\n");
    assert!(caller.work.is_empty());
}

#[test]
fn nothing_is_answered_behind_work() {
    let mut caller = Caller::default();
    assert!(!caller.feed("echo a\nwork b\necho c\n"), "no input is wanted meanwhile");
    assert_eq!((caller.output(), caller.work.join(" ")), ("a\n", "b".into()));
    assert_eq!(caller.input, b"echo c\n", "what waits is left with the caller");
    assert!(!caller.feed("echo d\n"));
    assert_eq!(caller.output(), "a\n");
    assert!(caller.complete("B"));
    assert_eq!(caller.output(), "a\nB\nc\nd\n");
}

#[test]
fn work_behind_work_is_begun_when_its_turn_comes() {
    let mut caller = Caller::default();
    caller.feed("work a\nwork b\n");
    assert_eq!(caller.work, ["a"]);
    caller.complete("A");
    assert_eq!(caller.work, ["a", "b"]);
    assert!(caller.complete("B"));
    assert_eq!(caller.output(), "A\nB\n");
}

#[test]
fn a_peer_that_does_not_take_its_answers_has_to_wait() {
    let mut caller = Caller::default();
    assert!(!caller.feed("echo 1234567\necho 1234567\necho last\n"), "16 bytes are unsent");
    assert_eq!(caller.output(), "1234567\n1234567\n");
    assert!(!caller.feed(""), "asking again changes nothing");
    assert_eq!(caller.output().len(), 16);
    assert!(
        !caller.send(1),
        "15 bytes are unsent: the last one is begun, and it is too much again"
    );
    assert_eq!(caller.output(), "234567\n1234567\nlast\n");
    assert!(caller.send(20));
}

#[test]
fn the_result_of_work_counts_as_unsent_too() {
    let mut caller = Caller::default();
    caller.feed("work a\necho b\n");
    assert!(!caller.complete("0123456789ABCDEF"));
    assert_eq!(caller.output(), "0123456789ABCDEF\n");
    assert!(caller.send(17));
    assert_eq!(caller.output(), "b\n");
}
