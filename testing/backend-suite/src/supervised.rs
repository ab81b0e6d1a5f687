//! The binary as systemd and root start it.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::Command;
use std::time::{Duration, Instant};

use backend_common::as_tcp;
use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use crate::child::Process;
use crate::client::Client;
use crate::process::command;

/// The protocol of systemd.socket(5) and `sd_notify(3)`, played by a shell, which knows the
/// number of its process before it becomes the server.
pub fn sockets_of_systemd_are_served_and_it_is_notified(path: &str) {
    let dir = tempfile::tempdir().unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let unix = UnixListener::bind(dir.path().join("socket")).unwrap();
    let manager = UnixDatagram::bind(dir.path().join("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let expect = |expected: &str| {
        let (mut message, deadline) = ([0; 4096], Instant::now() + Duration::from_secs(20));
        loop {
            assert!(Instant::now() < deadline, "never: {expected}");
            let length = manager.recv(&mut message).unwrap();
            let message = str::from_utf8(&message[..length]).unwrap();
            if message.lines().any(|line| line.starts_with(expected)) {
                return message.to_owned();
            }
        }
    };
    let mut shell = Command::new("sh");
    let script = "export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:local WATCHDOG_USEC=50000
        exec \"$0\" \"$@\" 3<&0 4<&2 2>/dev/null </dev/null";
    shell.args(["-c", script, path, "--listen", "192.0.2.1:1", "--threads", "2"]);
    shell.env("NOTIFY_SOCKET", dir.path().join("notify"));
    shell.stdin(OwnedFd::from(tcp)).stderr(OwnedFd::from(unix));
    let server = Process::start_as_is(shell);
    assert_eq!(server.address, address);
    expect("READY=1");
    expect("WATCHDOG=1");
    assert_eq!(Client::connect(address).get("/healthz").status, 200);
    let local = UnixStream::connect(dir.path().join("socket")).unwrap();
    assert_eq!(Client::from(as_tcp(local)).get("/healthz").status, 200);

    server.signal(Signal::USR2);
    assert!(expect("RELOADING=1").contains("MONOTONIC_USEC="));
    let message = expect("MAINPID=");
    assert!(message.contains("READY=1"), "{message}");
    let new: i32 = message.lines().next().unwrap()["MAINPID=".len()..].parse().unwrap();
    assert_eq!(Client::connect(address).get("/healthz").status, 200);
    let new = rustix::process::Pid::from_raw(new).unwrap();
    assert_ne!(new, server.id());
    rustix::process::kill_process(new, Signal::TERM).unwrap();
    expect("STOPPING=1");
    assert_eq!(server.end().0, Some(0));
}

/// A site of which others than its owner may not read everything.
fn site_of_root() -> TempDir {
    let site = tempfile::tempdir().unwrap();
    let may = |path: &str, mode| {
        fs::set_permissions(site.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir(site.path().join("closed")).unwrap();
    for file in ["a.txt", "secret.txt", "closed/a.txt"] {
        fs::write(site.path().join(file), "text").unwrap();
    }
    may("secret.txt", 0o600);
    may("closed", 0o700);
    may(".", 0o755);
    site
}

/// Of all threads, also those that were there before.
pub fn the_user_is_changed_when_the_listeners_are_bound(path: &str) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = command(path);
    command.args(["--user", "12345:6789", "--pid-file"]).arg(dir.path().join("pid"));
    if !geteuid().is_root() {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().contains("only root"));
        return;
    }
    let site = site_of_root();
    command.arg("--site").arg(site.path()).args(["--listing", "--healthz"]);
    let server = Process::start_as_is(command);
    let mut client = Client::connect(server.address);
    for (path, status) in [("/healthz", 200), ("/a.txt", 200), ("/secret.txt", 403)] {
        assert_eq!(client.get(path).status, status, "{path}");
    }
    for path in ["/closed/", "/closed/a.txt"] {
        assert_eq!(client.get(path).status, 403, "{path}");
    }
    let list = client.get("/");
    assert!(list.text().contains("\"a.txt\"") && list.text().contains("\"secret.txt\""));
    drop(client);
    let threads = fs::read_dir(format!("/proc/{}/task", server.id().as_raw_nonzero())).unwrap();
    for thread in threads {
        let status = fs::read_to_string(thread.unwrap().path().join("status"));
        let Ok(status) = status else { continue }; // a thread that has ended
        let ids = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().split_whitespace().collect::<Vec<_>>()
        };
        assert_eq!(ids("Uid:"), ["12345"; 4], "{status}");
        assert_eq!(ids("Gid:"), ["6789"; 4], "{status}");
        assert!(ids("Groups:").iter().all(|it| *it == "6789"), "{status}");
    }
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}
