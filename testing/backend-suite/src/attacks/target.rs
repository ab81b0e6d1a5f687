//! A server under attack, the one client that does nothing wrong, and what can be seen of both.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustls::version::TLS13;
use serde_json::Value;
use tempfile::TempDir;

use crate::attacks::attacker::{Background, handshake};
use crate::child::Process;
use crate::client::Client;
use crate::tls;

/// Longest wait of the client that does nothing wrong. That is a matter of life, not of speed.
const LIVELY: Duration = Duration::from_secs(5);

/// How often it asks, at least.
const ASKED: u32 = 20;

/// How long requests may take to finish after shutdown has begun.
const SHUTDOWN: &str = "300ms";

/// A server under attack.
pub(super) struct Target {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
    /// Where it runs, and where its certificate is: the site `.`.
    home: TempDir,
}

/// Resources that must not grow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) descriptors: usize,
    pub(super) threads: u64,
    pub(super) connections: u64,
}

/// The client that has to be served whatever others do.
pub(super) type Witness = Background<Result<Duration, String>>;

impl Target {
    /// Starts the binary at `path` with these flags, under this limit of the shell's.
    pub(super) fn start(limit: &str, flags: &[&str], path: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        let script = format!("{limit}; exec \"$0\" \"$@\"");
        command.args(["-c", script.trim_start_matches("; "), path]);
        command.args(["--listen", "127.0.0.1:0", "--threads", "2", "--workers", "2"]);
        command.args(["--shutdown-timeout", SHUTDOWN, "--linger-timeout", "300ms"]);
        // Where panics are traced, debugging information is kept forever.
        command.env("HOME", home.path()).env_remove("RUST_BACKTRACE");
        command.args(flags).current_dir(home.path()).stderr(Stdio::null());
        let process = Process::start(command);
        Target { address: process.address, process, home }
    }

    /// Has everything done once that makes a server begin what it keeps: threads, buffers.
    pub(super) fn warm_up(&self) {
        let mut clients: Vec<_> = (0..4).map(|_| Client::connect(self.address)).collect();
        for path in ["/echo/x", "/work/20", "/sleep/1"] {
            clients.iter_mut().for_each(|client| client.ask(path));
            for client in &mut clients {
                assert_eq!(client.response().status, 200, "{path}");
            }
        }
        let upload = "PUT /files/warm HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
        clients[0].send([upload.as_bytes(), &[b'x'; 100_000]].concat());
        assert_eq!(clients[0].response().status, 201);
        assert_eq!(clients[0].get("/files/warm").body.len(), 100_000);
        if let Some(address) = self.process.tls {
            let mut stream = tls::connect(address, &self.certificates(), &TLS13);
            assert_eq!(tls::get(&mut stream, "/echo/x"), b"x");
        }
    }

    /// Asks one request after the other, on a connection of its own, and says how long the slowest
    /// took. It has been served when this returns.
    pub(super) fn witness(&self) -> Witness {
        let mut ask: Box<dyn FnMut() -> Result<(), String> + Send> = match self.process.tls {
            None => {
                let mut client = Client::connect(self.address);
                client.stream.set_read_timeout(Some(LIVELY)).unwrap();
                Box::new(move || {
                    client.ask("/echo/x");
                    match client.try_response() {
                        Ok(Some(response)) if response.body == b"x" => Ok(()),
                        other => Err(format!("{other:?}")),
                    }
                })
            }
            Some(address) => {
                let mut stream = tls::connect(address, &self.certificates(), &TLS13);
                stream.sock.set_read_timeout(Some(LIVELY)).unwrap();
                Box::new(move || {
                    (tls::get(&mut stream, "/echo/x") == b"x").then_some(()).ok_or_else(String::new)
                })
            }
        };
        ask().unwrap();
        Background::start(move |is_over| {
            let mut worst = Duration::ZERO;
            let mut asked = 0;
            while asked < ASKED || !is_over() {
                let start = Instant::now();
                ask().map_err(|what| {
                    format!("request {asked}, after {:?}: {what}", start.elapsed())
                })?;
                worst = worst.max(start.elapsed());
                asked += 1;
                thread::sleep(Duration::from_millis(5));
            }
            Ok(worst)
        })
    }

    /// The directory that `--site .` serves.
    pub(super) fn site(&self) -> &Path {
        self.home.path()
    }

    /// Where the file of the certificate is.
    fn certificates(&self) -> PathBuf {
        self.home.path().join(".ways-to-wait")
    }

    pub(super) fn held(&self) -> Held {
        Held {
            descriptors: self.process.descriptors().unwrap(),
            threads: self.process.threads().unwrap(),
            connections: self.connections(),
        }
    }

    /// How many connections there are, but for the one that looks.
    pub(super) fn connections(&self) -> u64 {
        let sample = self.sample();
        let open = sample["open"].as_object().unwrap();
        open.values().map(|count| count.as_u64().unwrap()).sum::<u64>() - 1
    }

    /// Returns a sample of the server's statistics.
    pub(super) fn sample(&self) -> Value {
        let mut client = Client::connect(self.address);
        client.send(handshake("/dashboard/live"));
        assert_eq!(client.response().status, 101);
        client.frame(); // hello
        client.frame()
    }
}
