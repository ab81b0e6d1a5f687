use exercises::level_loop::{EchoLoop, GONE, IN, Kernel, MOST, OUT, READ, Socket};

/// Rounds that are enough for anything here.
const MANY: usize = 10_000;

#[derive(Default)]
struct Server {
    kernel: Kernel,
    echo: EchoLoop,
    keys: usize,
}

impl Server {
    /// A client with so much room.
    fn connect(&mut self, room: usize) -> usize {
        self.keys += 1;
        self.kernel.sockets.insert(self.keys, Socket { room, ..Socket::default() });
        self.echo.connect(self.keys);
        self.keys
    }

    fn socket(&mut self, key: usize) -> &mut Socket {
        self.kernel.sockets.get_mut(&key).expect("it is still open")
    }

    fn send(&mut self, key: usize, bytes: &[u8]) {
        self.socket(key).input.extend(bytes);
    }

    fn output(&mut self, key: usize) -> String {
        String::from_utf8(self.socket(key).output.clone()).unwrap()
    }

    fn is_open(&self, key: usize) -> bool {
        self.kernel.sockets.contains_key(&key)
    }

    /// One round. Returns how many were ready.
    fn round(&mut self) -> usize {
        let list = self.echo.list();
        let mut keys: Vec<usize> = list.iter().map(|&(key, _)| key).collect();
        keys.sort_unstable();
        let open: Vec<usize> = self.kernel.sockets.keys().copied().collect();
        assert_eq!(keys, open, "each client that is there is on the list once");
        let ready = self.kernel.poll(&list);
        for &(key, answer) in &ready {
            let before = self.state(key);
            let (reads, writes) = (self.socket(key).reads, self.socket(key).writes);
            self.echo.on_ready(&mut self.kernel, key, answer);
            if let Some(socket) = self.kernel.sockets.get(&key) {
                assert!(socket.reads <= reads + 1, "it has read more than once");
                assert!(socket.writes <= writes + 1, "it has written more than once");
                assert_ne!(self.state(key), before, "woken without need: {answer} was true before");
            }
        }
        ready.len()
    }

    /// What changes if something is done. The end is news once.
    fn state(&self, key: usize) -> (usize, usize, usize) {
        let socket = &self.kernel.sockets[&key];
        (socket.input.len(), socket.output.len(), socket.ends.min(1))
    }

    /// Rounds until the thread would sleep.
    fn run(&mut self) {
        let mut rounds = 0;
        while self.round() > 0 {
            rounds += 1;
            assert!(rounds < MANY, "the loop does not sleep");
        }
    }
}

#[test]
fn what_comes_goes_back() {
    let mut server = Server::default();
    let key = server.connect(1000);
    server.run();
    server.send(key, b"hello");
    server.run();
    server.send(key, b" world");
    server.run();
    assert_eq!(server.output(key), "hello world");
}

#[test]
fn a_loop_with_idle_clients_sleeps() {
    let mut server = Server::default();
    for _ in 0..10 {
        server.connect(1000);
    }
    assert_eq!(server.round(), 0, "there is room, and nothing to send");
    assert!(server.echo.list().iter().all(|&(_, asked)| asked == IN));
}

#[test]
fn nobody_waits_for_a_silent_client() {
    let mut server = Server::default();
    let (silent, second) = (server.connect(1000), server.connect(1000));
    server.send(second, b"second");
    server.run();
    assert_eq!((server.output(silent), server.output(second)), (String::new(), "second".into()));
}

#[test]
fn what_has_no_room_waits_for_it_and_the_loop_sleeps() {
    let mut server = Server::default();
    let key = server.connect(3);
    server.send(key, b"hello");
    server.run();
    assert_eq!(server.output(key), "hel");
    assert_eq!(server.echo.list(), [(key, IN | OUT)]);
    server.socket(key).room = 1;
    server.run();
    server.send(key, b"!");
    server.run();
    server.socket(key).room = 100;
    server.run();
    assert_eq!(server.output(key), "hello!");
    assert_eq!(server.echo.list(), [(key, IN)]);
}

#[test]
fn no_more_is_read_than_is_kept_and_none_is_lost() {
    let mut server = Server::default();
    let key = server.connect(0);
    let text: String = (0..1000).map(|number| char::from(b'a' + number as u8 % 26)).collect();
    server.send(key, text.as_bytes());
    for taken in 0..=1000 {
        server.run();
        let kept = 1000 - server.socket(key).input.len() - server.socket(key).output.len();
        assert!(kept < MOST + READ, "{kept} bytes are kept");
        assert!(kept >= MOST.min(1000 - taken), "only {kept} bytes are kept");
        server.socket(key).room += 1;
    }
    server.run();
    assert_eq!(server.output(key), text);
}

#[test]
fn a_client_that_has_ended_gets_the_rest_and_is_closed() {
    let mut server = Server::default();
    let key = server.connect(2);
    server.send(key, b"hello");
    server.socket(key).has_ended = true;
    server.run();
    assert_eq!(server.output(key), "he");
    assert_eq!(server.echo.list(), [(key, OUT)], "the end is read once");
    server.socket(key).room = 2;
    server.run();
    assert_eq!(server.output(key), "hell");
    server.socket(key).room = 2;
    server.run();
    assert!(!server.is_open(key));
    assert_eq!(server.echo.list(), []);
}

#[test]
fn a_client_that_ends_without_a_word_is_closed() {
    let mut server = Server::default();
    let (key, other) = (server.connect(100), server.connect(100));
    server.socket(key).has_ended = true;
    server.run();
    assert!(!server.is_open(key) && server.is_open(other));
}

#[test]
fn a_client_that_is_gone_is_closed_although_something_is_unsent() {
    let mut server = Server::default();
    let (key, other) = (server.connect(0), server.connect(100));
    server.send(key, &[b'x'; 100]);
    server.run();
    server.socket(key).is_gone = true;
    server.send(other, b"other");
    server.run();
    assert!(!server.is_open(key));
    assert_eq!(server.output(other), "other");
    let idle = server.connect(100);
    server.socket(idle).is_gone = true;
    assert_eq!(server.kernel.poll(&server.echo.list()), [(idle, GONE)]);
    server.run();
    assert!(!server.is_open(idle));
}

#[test]
fn all_have_their_turn() {
    let mut server = Server::default();
    let keys: Vec<usize> = (0..5).map(|_| server.connect(100_000)).collect();
    for &key in &keys {
        server.send(key, &[b'x'; 1000]);
    }
    for round in 1..=10 {
        server.round();
        for &key in &keys {
            let left = server.socket(key).input.len();
            assert_eq!(left, 1000 - round * READ, "each is read once in a round");
        }
    }
}
