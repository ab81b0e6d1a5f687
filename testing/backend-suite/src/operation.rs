//! The binary as it is run in earnest: with logs that fail, supervisors that stop and restart it,
//! deployments that replace what it serves, and a system that has no more threads.

use std::fs::{self, File, Permissions};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use rustls::version::TLS13;

use crate::child::Process;
use crate::client::{Client, eventually};
use crate::process::command;
use crate::tls;

const SOON: Duration = Duration::from_secs(20);

/// Lines that cannot be written are lost, and the server goes on.
pub fn a_log_that_cannot_be_written_is_no_failure(path: &str) {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let broken = || Stdio::from(std::io::pipe().unwrap().1);
    for log in [full(), broken()] {
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\"", path]);
        limited.args(["--listen", "127.0.0.1:0", "--threads", "2"]).stderr(log);
        let server = Process::start(limited);
        // More than there are descriptors, so there is something to warn of.
        let crowd: Vec<_> =
            (0..90).map_while(|_| TcpStream::connect(server.address).ok()).collect();
        // One that is inherited may have a number beyond the limit.
        eventually("no descriptor is left", || server.descriptors() >= Some(64));
        thread::sleep(Duration::from_millis(300)); // that is when it warns, more than once
        drop(crowd);
        assert_eq!(Client::connect(server.address).get("/healthz").status, 200);
        server.signal(Signal::TERM);
        assert_eq!(server.end().0, Some(0));
    }
}

/// A pipe that takes nothing more.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    for piece in [4096, 1] {
        while writer.write(&vec![b'.'; piece]).is_ok() {}
    }
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    (reader, writer)
}

/// An address that no other process uses, known beforehand.
fn own_address() -> SocketAddr {
    static NUMBER: AtomicU8 = AtomicU8::new(0);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let port = 20_000 + u16::from(NUMBER.fetch_add(1, Ordering::Relaxed));
    SocketAddr::from((Ipv4Addr::new(127, high.wrapping_add(1), middle, low.max(1)), port))
}

/// A process that does not outlive the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Neither the start, nor a signal, nor shutdown waits for what it has to say.
pub fn output_that_nobody_reads_blocks_nothing(path: &str) {
    let address = own_address();
    let (_reader, writer) = full_pipe();
    let (_log_reader, log_writer) = full_pipe();
    let mut server = Command::new(path);
    server.args(["--listen", &address.to_string(), "--threads", "2", "-v"]);
    let mut server = Ended(server.stdout(writer).stderr(log_writer).spawn().unwrap());
    eventually("it listens", || TcpStream::connect(address).is_ok());
    assert_eq!(Client::connect(address).get("/healthz").status, 200);
    let mut refused = Client::connect(address);
    refused.send("nonsense\r\n\r\n");
    assert_eq!(refused.response().status, 400);
    drop(refused); // or the server would linger
    kill_process(Pid::from_child(&server.0), Signal::TERM).unwrap();
    let mut code = None;
    eventually("it has ended", || {
        code = server.0.try_wait().unwrap();
        code.is_some()
    });
    assert_eq!(code.unwrap().code(), Some(0));
}

/// As `nohup` ignores SIGHUP, and a shell SIGINT for what it runs in the background.
pub fn signals_ignored_at_the_start_stay_ignored(path: &str) {
    let home = tempfile::tempdir().unwrap();
    for flags in [&[][..], &["--tls-listen", "127.0.0.1:0", "--tls-self-signed"]] {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' HUP INT; exec \"$0\" \"$@\"", path]);
        command.args(["--listen", "127.0.0.1:0", "--threads", "2"]).args(flags);
        let server = Process::start({
            command.env("HOME", home.path());
            command
        });
        let ignored = fs::read_to_string(format!("/proc/{}/status", server.id().as_raw_nonzero()));
        let ignored = ignored.unwrap();
        let mask = ignored.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
        assert_eq!(mask & 0b11, 0b11, "SIGHUP and SIGINT are signals 1 and 2: {mask:b}");
        server.signal(Signal::HUP);
        server.signal(Signal::INT);
        assert_eq!(Client::connect(server.address).get("/healthz").status, 200);
        server.signal(Signal::TERM);
        assert_eq!(server.end().0, Some(0));
    }
}

/// A process that is stopped for longer than its timeouts, and goes on, finds what its clients have
/// sent meanwhile: that came in time. So did what they have taken.
pub fn requests_that_came_during_a_pause_are_answered(path: &str) {
    let is_shown = [3, 12].into_iter().any(|timeout| pause(path, Duration::from_secs(timeout)));
    assert!(is_shown, "this machine is too slow to pause a process in time");
}

/// Pauses a server for longer than these timeouts of it, unless they may be over before that.
fn pause(path: &str, timeout: Duration) -> bool {
    const LARGE: usize = 32 << 20;
    let mut timed = command(path);
    for limit in ["--head-timeout", "--body-timeout", "--idle-timeout", "--write-timeout"] {
        timed.args([limit, &format!("{}s", timeout.as_secs())]);
    }
    let home = tempfile::tempdir().unwrap();
    timed.env("HOME", home.path()).args(["--tls-listen", "127.0.0.1:0", "--tls-self-signed"]);
    let server = Process::start(timed);
    let start = Instant::now();
    File::create(server.data.path().join("large")).unwrap().set_len(LARGE as u64).unwrap();
    let whole = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut clients: Vec<_> = [
        ("", whole),
        (&whole[..12], &whole[12..]),
        ("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello", "world"),
        (
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
            "llo\r\n0\r\n\r\n",
        ),
    ]
    .into_iter()
    .map(|(before, after)| {
        let mut client = Client::connect(server.address);
        client.send(before);
        (client, after)
    })
    .collect();
    let certificates = home.path().join(".ways-to-wait");
    let mut secured = tls::connect(server.tls.unwrap(), &certificates, &TLS13);
    write!(secured, "{}", &whole[..12]).unwrap();
    // SETTINGS, and HEADERS of a request for `/` of the host `h`, in two pieces (RFC 7541, appendix
    // A).
    let settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let headers = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x01\x01h";
    let mut http2 = Client::connect(server.address);
    http2.send([&settings[..], &headers[..7]].concat());
    let mut reader = Client::connect(server.address);
    reader.ask("/files/large");
    reader.stream.peek(&mut [0]).unwrap();

    server.signal(Signal::STOP);
    if start.elapsed() > timeout / 2 {
        return false;
    }
    write!(secured, "{}", &whole[12..]).unwrap();
    http2.send(&headers[7..]);
    clients.iter_mut().for_each(|(client, after)| client.send(after));
    let reading = thread::spawn(move || {
        let mut taken = 0;
        while taken < LARGE {
            let bytes = reader.stream.read(&mut [0; 64 << 10]).unwrap();
            assert_ne!(bytes, 0, "cut after {taken} bytes");
            taken += bytes;
        }
    });
    thread::sleep(timeout + timeout / 8);
    server.signal(Signal::CONT);

    for (client, after) in &mut clients {
        assert_eq!(client.response().status, 200, "{after:?}");
    }
    assert_eq!(tls::response(&mut secured).0, 200, "over TLS");
    let status_200 = b"\x01\x04\0\0\0\x01\x88"; // HEADERS on the stream 1, its first field
    let mut told = Vec::new();
    while !told.windows(status_200.len()).any(|window| window == status_200) {
        let mut piece = [0; 4096];
        let bytes = http2.stream.read(&mut piece).unwrap();
        assert_ne!(bytes, 0, "HTTP/2: {told:?}");
        told.extend_from_slice(&piece[..bytes]);
    }
    reading.join().unwrap();
    drop((clients, secured, http2));
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    true
}

/// As in a restart, in which the next server begins while the last one finishes what it has.
pub fn a_second_server_leaves_the_uploads_of_the_first_alone(path: &str) {
    let first = Process::start(command(path));
    let mut client = Client::connect(first.address);
    client.send("PUT /files/f HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello");
    let files = || fs::read_dir(first.data.path()).unwrap().count();
    eventually("the upload has begun", || files() == 1);
    first.signal(Signal::TERM);
    eventually("the first takes no more clients", || TcpStream::connect(first.address).is_err());
    // A file without an upload is removed; a directory is not.
    fs::write(first.data.path().join(".unfinished-1-1"), "left").unwrap();
    fs::create_dir(first.data.path().join(".unfinished-notes")).unwrap();

    let mut next = command(path);
    next.arg("--data").arg(first.data.path());
    let next = Process::start_as_is(next);
    assert!(!first.data.path().join(".unfinished-1-1").exists(), "it is removed");
    client.send("world");
    assert_eq!(client.response().status, 201);
    assert_eq!(fs::read_to_string(first.data.path().join("f")).unwrap(), "helloworld");
    assert!(first.data.path().join(".unfinished-notes").is_dir());
    drop((client, next));
    assert_eq!(first.end().0, Some(0));
}

/// The system refuses every further thread. What needs one is answered 503, and the rest goes on.
pub fn without_further_threads_the_server_goes_on(path: &str) {
    const USER: u32 = 64_321;
    let data = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let mut command = if geteuid().is_root() {
        // The limit does not hold for root, and another user may not see the binary where it is.
        let copy = place.path().join("server");
        fs::copy(path, &copy).unwrap();
        for (path, mode) in [(place.path(), 0o755), (&copy, 0o755), (data.path(), 0o777)] {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        let mut command = command(copy.to_str().unwrap());
        command.uid(USER).gid(USER);
        command
    } else {
        command(path)
    };
    fs::write(data.path().join("f"), "file").unwrap();
    command.stderr(Stdio::null());
    let server = Process::start_in(data, command);
    let mut before = Client::connect(server.address);
    assert_eq!(before.get("/healthz").status, 200);
    // By a process of the same user: root may lack the capability to do it to another's.
    let mut limit = Command::new("prlimit");
    limit.args(["--nproc=0", "--pid", &server.id().as_raw_nonzero().to_string()]);
    if geteuid().is_root() {
        limit.uid(USER).gid(USER);
    }
    assert!(limit.status().unwrap().success(), "the limit is set");

    let mut waiting: Vec<_> = (0..4).map(|_| Client::connect(server.address)).collect();
    for path in ["/files/f", "/work/10"] {
        for client in &mut waiting {
            client.ask(path);
        }
        let spent = server.cpu_time().unwrap();
        for client in &mut waiting {
            assert_eq!(client.response().status, 200, "{path}");
        }
        assert_eq!(before.get("/files/f").text(), "file", "who has a thread is served");
        let spent = server.cpu_time().unwrap() - spent;
        assert!(spent < 100, "{spent} hundredths of a second of processor time");
    }
    // Where a thread serves one connection, those that are kept are busy now.
    let mut further = Client::connect(server.address);
    further.ask("/healthz");
    let expected = if path.contains("backend-sync") { 503 } else { 200 };
    assert_eq!(further.response().status, expected);
    waiting.pop();
    eventually("a thread is free", || {
        let mut client = Client::connect(server.address);
        client.ask("/healthz");
        client.response().status == 200
    });
    drop((waiting, before, further));
    server.signal(Signal::TERM);
    let (code, _) = server.end_within(SOON).expect("it shuts down");
    assert_eq!(code, Some(0));
}

/// Starts it with this site, and other flags.
fn serve_site(path: &str, site: &std::path::Path, flags: &[&str]) -> Process {
    let mut command = command(path);
    command.arg("--site").arg(site).args(flags);
    Process::start(command)
}

pub fn a_site_is_served_and_nothing_else(path: &str) {
    let site = tempfile::tempdir().unwrap();
    fs::write(site.path().join("index.html"), "home").unwrap();
    fs::create_dir(site.path().join("work")).unwrap();
    fs::write(site.path().join("work/1"), "of the site").unwrap();
    for (flags, health, demo) in
        [(&[][..], 404, 404), (&["--healthz"], 200, 404), (&["--demo"], 200, 200)]
    {
        let server = serve_site(path, site.path(), flags);
        let site_line = format!("  serves the site in {}\n", site.path().display());
        assert!(server.said.contains(&site_line), "{:?}", server.said);
        let says_demo = server.said.iter().any(|line| line.contains("demonstration"));
        assert_eq!(says_demo, demo == 200, "{:?}", server.said);
        let mut client = Client::connect(server.address);
        assert_eq!(client.get("/").text(), "home");
        assert_eq!(client.get("/healthz").status, health, "{flags:?}");
        for path in ["/user-agent", "/dashboard", "/echo/x", "/counter", "/sleep/0"] {
            assert_eq!(client.get(path).status, demo, "{path} {flags:?}");
        }
        let shadowed = client.get("/work/1");
        assert_eq!(shadowed.text() == "of the site", demo == 404, "{shadowed:?}");
        server.signal(Signal::TERM);
        drop(client);
        assert_eq!(server.end().0, Some(0));
    }
    fs::write(site.path().join("work/a.txt"), "a".repeat(2_000)).unwrap();
    let server = serve_site(path, site.path(), &["--listing", "--fallback=index.html"]);
    let mut client = Client::connect(server.address);
    assert!(client.get("/work/").text().contains("a.txt"));
    assert_eq!(client.get("/no/such/page").text(), "home");
    for (flags, is_coded) in [(&[][..], true), (&["--no-compression"], false)] {
        let server = serve_site(path, site.path(), flags);
        let mut client = Client::connect(server.address);
        client.send("GET /work/a.txt HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
        let head = client.response().head;
        assert_eq!(head.contains("content-encoding: gzip"), is_coded, "{head}");
    }
    // Uploads are for `--data` alone.
    for flags in [&["--site", site.path().to_str().unwrap()][..], &[]] {
        let mut command = command(path);
        command.args(flags);
        let server = Process::start_as_is(command);
        let says_uploads = server.said.iter().any(|line| line.contains("uploads"));
        assert!(!says_uploads, "{:?}", server.said);
        let mut client = Client::connect(server.address);
        client.send("PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        let status = client.response().status;
        assert!(status == 404 || status == 405, "{status} {flags:?}");
    }
}

/// Rebuilt, or a link that is turned to the next release; and while there is none, that is said.
pub fn a_site_that_is_replaced_is_served_at_once(path: &str) {
    let top = tempfile::tempdir().unwrap();
    let at = |name: &str| top.path().join(name);
    let make = |name: &str, text: &str| {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join("index.html"), text).unwrap();
    };
    make("one", "one");
    make("two", "two");
    symlink("one", at("current")).unwrap();
    let server = serve_site(path, &at("current"), &[]);
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/").text(), "one");
    symlink("two", at("next")).unwrap();
    fs::rename(at("next"), at("current")).unwrap();
    assert_eq!(client.get("/").text(), "two");
    fs::remove_dir_all(at("two")).unwrap();
    assert_eq!(client.get("/").status, 500, "nothing to be read is no 404");
    make("two", "new");
    assert_eq!(client.get("/").text(), "new");

    // The data directory as well. An upload that has begun in another is not said to have come.
    client.send("PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na");
    let files = || fs::read_dir(server.data.path()).unwrap().count();
    eventually("the upload has begun", || files() == 1);
    fs::rename(server.data.path(), at("old")).unwrap();
    fs::create_dir(server.data.path()).unwrap();
    client.send("b");
    assert_eq!(client.response().status, 500);
    client.send("PUT /files/y HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nc");
    assert_eq!(client.response().status, 201);
    assert_eq!(fs::read_to_string(server.data.path().join("y")).unwrap(), "c");
    assert_eq!(fs::read_dir(at("old")).unwrap().count(), 0, "nothing unfinished is left");
    server.signal(Signal::TERM);
    drop(client);
    assert_eq!(server.end().0, Some(0));
}

/// The log of a server with these flags and variables, to which something is done.
fn logged(
    path: &str,
    flags: &[&str],
    environment: &[(&str, &str)],
    act: impl FnOnce(&Process),
) -> String {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = command(path);
    command.args(flags).stderr(log.reopen().unwrap()).env_remove("NO_COLOR");
    command.env_remove("RUST_BACKTRACE").env_remove("RUST_LOG").envs(environment.iter().copied());
    let server = Process::start(command);
    act(&server);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    let log = fs::read_to_string(log.path()).unwrap();
    assert!(!log.contains('\x1b'), "colours in a file: {log}");
    log
}

pub fn refusals_are_logged_with_the_reason_and_the_address(path: &str) {
    let home = tempfile::tempdir().unwrap();
    let tls = ["--tls-listen", "127.0.0.1:0", "--tls-self-signed", "--max-body", "1KiB"];
    let home = [("HOME", home.path().to_str().unwrap())];
    let mut expected = Vec::new();
    let refuse = |server: &Process, expected: &mut Vec<(SocketAddr, &str)>| {
        for (request, why) in [
            ("GET / HTTP/1.1\r\n\r\n", "the Host field is missing"),
            ("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", "the body is too large"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense that is no frame", "HTTP/2"),
            ("GET /\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n", "the request line is malformed"),
            ("GET / HTTP/1.1\r\nHost: x\r\nA: \x1b[31m\r\n\r\n", "a field line is malformed"),
            ("GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", ""),
        ] {
            let mut client = Client::connect(server.address);
            client.send(request);
            expected.push((client.stream.local_addr().unwrap(), why));
            let _ = client.stream.read_to_end(&mut Vec::new());
        }
        let mut client = Client::connect(server.tls.unwrap());
        client.send("\x16\x03\x01\x00\x05hello");
        expected.push((client.stream.local_addr().unwrap(), "TLS"));
        let _ = client.stream.read_to_end(&mut Vec::new());
    };
    let log = logged(path, &[&tls[..], &["-v"]].concat(), &home, |server| {
        refuse(server, &mut expected);
    });
    for (address, why) in expected {
        let is_said = |line: &str| line.contains(&address.to_string()) && line.contains(why);
        assert!(log.lines().any(is_said), "{address}, {why}: {log}");
    }
    assert!(!log.contains("h2::"), "frames of a dependency: {log}");

    let usual = logged(path, &tls, &home, |server| refuse(server, &mut Vec::new()));
    assert_eq!(usual, "", "what clients do wrong is of no interest by default");
    let mut variables = home.to_vec();
    variables.push(("RUST_LOG", "backend_common=debug"));
    let asked = logged(path, &tls, &variables, |server| refuse(server, &mut Vec::new()));
    assert!(asked.contains("the Host field is missing"), "{asked}");
}

pub fn a_panic_is_one_line_of_the_log(path: &str) {
    let ask =
        |server: &Process| assert_eq!(Client::connect(server.address).get("/panic").status, 500);
    let log = logged(path, &[], &[], ask);
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("ERROR") && log.contains("/panic was asked for"), "{log}");
    assert!(log.contains("routes.rs:"), "where: {log}");
    let text = ["--log-format", "text"];
    let traced = logged(path, &text, &[("RUST_BACKTRACE", "1")], ask);
    assert!(traced.lines().count() > 5, "{traced}");
    // On no terminal each line is an object of JSON.
    let traced = logged(path, &[], &[("RUST_BACKTRACE", "1")], ask);
    assert!(traced.starts_with("{\"timestamp\":"), "{traced}");
    assert_eq!(traced.lines().count(), 1, "{traced}");
}
