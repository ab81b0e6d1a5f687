//! The binary: where it listens.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use backend_common::as_tcp;
use rustix::process::Signal;

use crate::child::Process;
use crate::client::Client;
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

pub fn all_addresses_and_paths_are_listened_on(path: &str) {
    let dir = tempfile::tempdir().unwrap();
    let [plain, secured] = ["plain", "secured"].map(|name| dir.path().join(name));
    let mut command = command_at(path, &plain);
    command.env("HOME", dir.path()).args(["--listen", "127.0.0.1:0", "--socket-mode", "600"]);
    command.args(["--tls-self-signed", "--tls-listen", "127.0.0.1:0", "--tls-listen"]);
    command.arg(format!("unix:{}", secured.display()));
    let server = Process::start(command);
    let addresses = server.said.iter().filter_map(|line| line.trim().strip_prefix("http://"));
    let addresses: Vec<_> = addresses.map(|it| it.trim_end_matches('/')).collect();
    assert_eq!(addresses.len(), 2, "{:?}", server.said);
    for address in addresses {
        assert_eq!(Client::connect(address.parse().unwrap()).get("/healthz").status, 200);
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
