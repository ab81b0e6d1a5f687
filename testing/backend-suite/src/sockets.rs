//! The binary: where it listens.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use backend_common::as_tcp;
use rustix::process::Signal;

use crate::child::Process;
use crate::client::{Client, eventually};
use crate::process::command;

fn dial(path: &Path) -> Client {
    Client::from(as_tcp(UnixStream::connect(path).unwrap()))
}

/// As [`command`], at a path as well.
fn command_at(program: &str, path: &Path) -> Command {
    let mut command = command(program);
    command.args(["--listen", &format!("unix:{}", path.display())]);
    command
}

/// Where the server says that it listens for plain HTTP, in order.
fn plain_addresses(server: &Process) -> Vec<SocketAddr> {
    let addresses = server.said.iter().filter_map(|line| line.trim().strip_prefix("http://"));
    addresses.map(|it| it.trim_end_matches('/').parse().unwrap()).collect()
}

/// One listener redirects, one has a proxy in front, one believes what fields say: the first none
/// of that.
pub fn words_behind_an_address_are_for_that_listener_alone(path: &str) {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let mut command = command(path);
    command.env("HOME", dir.path()).args(["--tls-listen", "127.0.0.1:0", "--tls-self-signed"]);
    for words in ["redirect", "proxy-protocol trust=127.0.0.1", "trust=127.0.0.1"] {
        command.args(["--listen", &format!("127.0.0.1:0 {words}")]);
    }
    command.args(["--access-log", "json", "--access-log-file"]).arg(&log);
    let server = Process::start(command);
    let [plain, redirecting, proxied, trusting] = plain_addresses(&server)[..] else {
        panic!("{:?}", server.said)
    };
    let get = "GET /echo/x HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n";
    let header = "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";
    for (address, said, status, peer) in [
        (plain, get, 200, "127.0.0.1"),
        (redirecting, get, 308, "127.0.0.1"),
        (proxied, &format!("{header}{get}"), 200, "192.0.2.1"),
        (trusting, get, 200, "192.0.2.7"),
    ] {
        let mut client = Client::connect(address);
        client.send(said);
        assert_eq!(client.response().status, status, "{peer}");
        // A line is written behind the response, so two of them may come in any order.
        let (peer, status) = (format!("\"peer\":\"{peer}\""), format!("\"status\":{status},"));
        let is_meant = |line: &str| line.contains(&peer) && line.contains(&status);
        let is_logged = || fs::read_to_string(&log).unwrap().lines().any(is_meant);
        eventually("its client is logged", is_logged);
    }
    let mut direct = Client::connect(proxied);
    direct.send(get);
    direct.expect_close();
}

pub fn all_addresses_and_paths_are_listened_on(path: &str) {
    let dir = tempfile::tempdir().unwrap();
    let [plain, secured] = ["plain", "secured"].map(|name| dir.path().join(name));
    let mut command = command_at(path, &plain);
    command.env("HOME", dir.path()).args(["--listen", "127.0.0.1:0", "--socket-mode", "600"]);
    command.args(["--tls-self-signed", "--tls-listen", "127.0.0.1:0", "--tls-listen"]);
    command.arg(format!("unix:{}", secured.display()));
    let server = Process::start(command);
    let addresses = plain_addresses(&server);
    assert_eq!(addresses.len(), 2, "{:?}", server.said);
    for address in addresses {
        assert_eq!(Client::connect(address).get("/healthz").status, 200);
    }
    assert_eq!(dial(&plain).get("/healthz").status, 200);
    for file in [&plain, &secured] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Where TLS is spoken, plain HTTP is answered that it is wrong there.
    let mut plain_there = dial(&secured);
    assert_eq!(plain_there.get("/healthz").status, 400);
    drop(plain_there);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    assert!(!plain.exists() && !secured.exists(), "the sockets' files are left");
}

pub fn a_path_is_taken_over_from_a_server_that_was_killed_and_from_no_other(path: &str) {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("socket");
    drop(Process::start(command_at(path, &socket))); // killed
    assert!(socket.exists());
    let server = Process::start(command_at(path, &socket));
    let output = command_at(path, &socket).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = format!("error: cannot listen on unix:{}: ", socket.display());
    assert!(said.starts_with(&expected) && said.contains("another server listens"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(dial(&socket).get("/healthz").status, 200);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}
