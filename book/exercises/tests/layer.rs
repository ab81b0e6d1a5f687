use exercises::layer::{Layer, MOST, Protocol, Step};

/// Inside: says every line back in capitals. While 16 or more of its bytes are unsent, it begins no
/// further line.
#[derive(Default)]
struct Shout {
    unsent: usize,
    /// All that it has been told to be sent.
    sent: usize,
    /// A line was left with the caller.
    backlog: bool,
}

impl Shout {
    fn has_room(&self) -> bool {
        self.unsent < 16
    }
}

impl Protocol for Shout {
    fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        let mut consumed = 0;
        self.backlog = false;
        while let Some(length) = input[consumed..].iter().position(|&byte| byte == b'\n') {
            if !self.has_room() {
                self.backlog = true;
                break;
            }
            let line = &input[consumed..=consumed + length];
            out.extend(line.iter().map(u8::to_ascii_uppercase));
            self.unsent += line.len();
            consumed += line.len();
        }
        consumed
    }

    fn sent(&mut self, bytes: usize) {
        assert!(bytes <= self.unsent, "{bytes} bytes are said to be sent, of {}", self.unsent);
        self.unsent -= bytes;
        self.sent += bytes;
    }

    fn poll(&mut self) -> Step {
        if self.backlog && self.has_room() {
            return Step::Receive;
        }
        Step::Wait { read: self.has_room() }
    }
}

/// A caller that keeps to the contract.
struct Caller {
    layer: Layer<Shout>,
    input: Vec<u8>,
    out: Vec<u8>,
}

impl Caller {
    fn new() -> Self {
        Caller { layer: Layer::new(Shout::default()), input: Vec::new(), out: Vec::new() }
    }

    /// Presents input, then polls until there is nothing to do. Says whether input is wanted.
    fn feed(&mut self, new: &[u8]) -> bool {
        self.input.extend_from_slice(new);
        self.receive();
        self.poll()
    }

    fn receive(&mut self) {
        let consumed = self.layer.receive(&self.input, &mut self.out);
        self.input.drain(..consumed);
    }

    fn poll(&mut self) -> bool {
        for _ in 0..100 {
            match self.layer.poll() {
                Step::Receive => {
                    let before = (self.input.len(), self.out.len());
                    self.receive();
                    let after = (self.input.len(), self.out.len());
                    assert_ne!(before, after, "`Receive`, but nothing could be taken");
                }
                Step::Wait { read } => return read,
            }
        }
        panic!("poll never says Wait");
    }

    fn send(&mut self, bytes: usize) -> bool {
        self.out.drain(..bytes);
        self.layer.sent(bytes);
        self.poll()
    }
}

fn record(carried: &str) -> Vec<u8> {
    [&[u8::try_from(carried.len()).unwrap()], carried.as_bytes()].concat()
}

fn records(carried: &[&str]) -> Vec<u8> {
    carried.iter().flat_map(|carried| record(carried)).collect()
}

/// What records carry.
fn opened(mut wire: &[u8]) -> Vec<&[u8]> {
    let mut carried = Vec::new();
    while let Some((&length, rest)) = wire.split_first() {
        let (one, next) = rest.split_at(usize::from(length));
        carried.push(one);
        wire = next;
    }
    carried
}

#[test]
fn records_in_any_two_pieces() {
    let wire = records(&["hel", "", "lo\nyou", "\n"]);
    for at in 0..=wire.len() {
        let mut caller = Caller::new();
        caller.feed(&wire[..at]);
        assert!(caller.feed(&wire[at..]), "input is wanted");
        let carried: Vec<u8> = opened(&caller.out).concat();
        assert_eq!(carried, b"HELLO\nYOU\n", "split at {at}");
        assert!(caller.input.is_empty());
    }
}

#[test]
fn a_record_that_is_not_whole_is_left_with_the_caller() {
    let mut caller = Caller::new();
    assert!(caller.feed(&record("one\ntwo\n")[..6]));
    assert!(caller.out.is_empty());
    assert_eq!(caller.input.len(), 6);
}

#[test]
fn what_is_said_leaves_in_records_as_long_as_can_be() {
    let mut caller = Caller::new();
    let long = "x".repeat(MOST);
    caller.feed(&records(&[&long, &long, "xx\n"]));
    let lengths: Vec<usize> = opened(&caller.out).iter().map(|one| one.len()).collect();
    assert_eq!(lengths, [255, 255, 3]);
}

#[test]
fn only_what_is_carried_counts_as_sent() {
    let mut caller = Caller::new();
    let long = "x".repeat(300);
    caller.feed(&records(&[&long[..200], &long[..100], "\n"]));
    assert_eq!(caller.out.len(), 301 + 2);
    for at in 0..303 {
        caller.send(1);
        let records_begun = 1 + usize::from(at > MOST);
        assert_eq!(caller.layer.inner().sent, at + 1 - records_begun, "{} bytes", at + 1);
    }
    assert_eq!(caller.layer.inner().unsent, 0);
}

#[test]
fn the_sum_is_right_whatever_goes_at_once() {
    for step in 1..40 {
        let mut caller = Caller::new();
        caller.feed(&records(&["a\n", "bb\n", "ccc\n", "dddd\n"]));
        while !caller.out.is_empty() {
            let bytes = step.min(caller.out.len());
            caller.send(bytes);
        }
        assert_eq!((caller.layer.inner().sent, caller.layer.inner().unsent), (14, 0), "by {step}");
    }
}

#[test]
fn backpressure_is_passed_on() {
    let mut caller = Caller::new();
    assert!(!caller.feed(&record("sixteen letters\n")), "the inner protocol has enough");
    assert!(!caller.feed(&records(&["more\n"; 1000])));
    assert_eq!(caller.input.len(), 6000, "what is not wanted is not opened");
}

#[test]
fn what_came_too_early_is_not_forgotten() {
    let mut caller = Caller::new();
    caller.feed(&records(&["sixteen letters\n", "more\n"]));
    caller.send(1);
    assert_eq!(caller.out.len(), 16, "that was the first byte of a record, and makes no room");
    caller.send(1);
    assert!(caller.input.is_empty(), "there is room, and nobody brings anything new");
    assert_eq!(caller.out[15..], record("MORE\n"));
    let rest = caller.out.len();
    assert!(caller.send(rest), "nothing is left with the caller, so there is nothing to receive");
}

#[test]
fn lines_that_wait_inside_are_not_forgotten_either() {
    let mut caller = Caller::new();
    assert!(!caller.feed(&record("sixteen letters\nmore\nand more\n")));
    assert!(caller.input.is_empty(), "the record has been opened");
    assert!(caller.send(17), "all is sent, so the rest is answered");
    assert_eq!(caller.out, record("MORE\nAND MORE\n"));
}
