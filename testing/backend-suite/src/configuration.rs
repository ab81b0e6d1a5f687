//! The configuration: its four sources, and what is said of mistakes in it.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use app::certificates::self_signed;
use rustix::process::Signal;
use rustls::version::TLS13;

use crate::child::Process;
use crate::client::{Client, eventually};
use crate::tls;

/// A program with this configuration file.
fn configured(path: &str, directory: &Path, text: &str) -> Command {
    let file = directory.join("wtw.toml");
    fs::write(&file, text).unwrap();
    let mut command = Command::new(path);
    command.arg("--config").arg(file);
    command
}

/// Starts it with its log in a file of this directory.
fn start_logging(mut command: Command, directory: &Path) -> Process {
    command.stderr(File::create(directory.join("log")).unwrap());
    Process::start_as_is(command)
}

/// Waits until this stands in the log so often.
fn wait_for_log(directory: &Path, text: &str, times: usize) {
    let log = || fs::read_to_string(directory.join("log")).unwrap();
    eventually(text, || log().matches(text).count() >= times);
}

fn printed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert_eq!(status.code(), Some(0), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The error of a program that does not begin because its configuration is wrong.
fn refused(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{said}");
    said
}

/// The line of a printed configuration that is about a key.
fn line<'a>(text: &'a str, key: &str) -> &'a str {
    let start = format!("{key} = ");
    text.lines().find(|line| line.trim_start_matches("# ").starts_with(&start)).unwrap()
}

pub fn the_command_line_is_over_the_environment_the_file_and_defaults(path: &str) {
    let directory = tempfile::tempdir().unwrap();
    let text = "max-connections = 1\nmax-work = 2\nthreads = 3\nquiet = true\n";
    let mut command = configured(path, directory.path(), text);
    command.args(["--threads", "7", "--print-config"]);
    command.env("WTW_THREADS", "6").env("WTW_MAX_WORK", "5").env("WTW_QUIET", "false");
    let said = printed(&mut command);
    let file = directory.path().join("wtw.toml");
    for (key, expected) in [
        ("threads", "7  # command line".to_owned()),
        ("max-work", "5  # environment".to_owned()),
        ("quiet", "false  # environment".to_owned()),
        ("max-connections", format!("1  # {}:1", file.display())),
        ("shutdown-timeout", "\"10s\"  # default".to_owned()),
        ("max-body", "\"1GiB\"  # default".to_owned()),
    ] {
        assert_eq!(line(&said, key), format!("{key} = {expected}"));
    }
    assert!(line(&said, "workers").ends_with("# not set"), "{said}");
}

pub fn a_printed_configuration_means_the_same(path: &str) {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("pages")).unwrap();
    let text = "listen = \"127.0.0.1:0\"\n[limits]\nmax-body = \"3MiB\"\n\
                [[site]]\nroot = \"pages\"\nlisting = true\nhosts = [\"a.example\"]\n";
    let mut command = configured(path, directory.path(), text);
    let first = printed(command.args(["--max-work", "9", "--print-config"]));
    let elsewhere = tempfile::tempdir().unwrap();
    let again = printed(configured(path, elsewhere.path(), &first).arg("--print-config"));
    let without_sources = |text: &str| {
        let lines = text.lines().map(|line| line.split("  # ").next().unwrap().to_owned());
        lines.collect::<Vec<_>>()
    };
    assert_eq!(without_sources(&first), without_sources(&again));
    assert!(first.contains("listing = true") && first.contains("a.example"), "{first}");
}

pub fn a_mistake_is_named_with_file_line_and_what_may_be_meant(path: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("wtw.toml");
    for (text, line, sentence) in [
        (
            "\nmax-connection = 5",
            2,
            "there is no key max-connection; did you mean max-connections?",
        ),
        ("max-connections = 0", 1, "max-connections: '0' must be at least 1"),
        ("idle-timeout = \"soon\"", 1, "must be a time, such as 500ms, 30s or 2m"),
        ("quiet = 1", 1, "quiet has to be true or false"),
        ("[tls]\ncert = \"a.pem\"", 2, "there is no key cert; did you mean tls-cert?"),
        ("[limit]\nmax-body = 1", 1, "there is no table [limit]; did you mean limits?"),
        ("[tls]\nmax-body = 1", 2, "not for the table [tls]: write it in [limits]"),
        (
            "threads = 1\n[limits]\n\n[[site]]\nroot = \".\"\nlistin = true",
            6,
            "did you mean listing?",
        ),
        ("[[site]]\nroot = \"nowhere\"", 2, "is not a directory"),
        ("[[site]]\nroot = \".\"\nlisten = \"0.0.0.0:80\"", 3, "listen is for the whole server"),
        ("[[site]]\nroot = \".\"\nhosts = [\"a\", \"b:80\"]", 3, "write 'b'"),
        ("[[site]]\nroot = \".\"\nnot-found = \"no.html\"", 3, "there is no file no.html in"),
        ("[[site]]\nroot = \".\"\nfallback = \"no.html\"", 3, "there is no file no.html in"),
        (
            "[[site]]\nroot = \".\"\n[[site.redirects]]\nmatch = \"/a/*\"\nto = \"/$2\"",
            5,
            "match has only one wildcard",
        ),
        (
            "[[site]]\nroot = \".\"\n[[site.rewrites]]\nmatch = \"^/a/(.*)$\"\nto = \"/$1\"",
            4,
            "is a regular expression: write * for",
        ),
        (
            "[[site]]\nroot = \".\"\nhosts = [\"a\"]\n[[site]]\nroot = \".\"\nhosts = [\"A\"]",
            6,
            "the site of line 1 is for A already",
        ),
        ("[[site]]\nroot = \".\"\n[[site]]\nroot = \".\"", 3, "that of line 1 name no hosts"),
        ("[[headers]]\nmatch = \"/a\"", 1, "write [[site.headers]]"),
        ("[metric]", 1, "there is no table [metric], only [[site]] and "),
        ("[[limits]]\nmax-body = 1", 1, "[[limits]] is written [limits]"),
        ("server {\n  listen 80;\n}", 1, "here it is [[site]]"),
        ("root = \".\"", 1, "root is part of a [[site]]"),
        ("try_files = \"a\"", 1, "here it is fallback"),
        (
            "[[site]]\nroot = \".\"\ncompress = { min-size = \"big\" }",
            3,
            "min-size has to be a size",
        ),
        ("[[site]]\nroot = \".\"\nhosts = \"a\"", 3, "hosts has to be a list"),
        ("access-log = \"/var/log/a\"", 1, "the file is access-log-file"),
        ("access-log-file = \"no/a.log\"", 1, "no/a.log' is in a directory that does not exist"),
        ("\nlisten = \"unix:wtw.toml\"", 2, "wtw.toml' is a file, and no socket"),
        ("\nlisten = [\"0.0.0.0:81\", \"127.0.0.1:81\"]", 2, "127.0.0.1:81 cannot be listened on"),
        ("admin = \"8080\"", 1, "since listen (by default) has 127.0.0.1:8080"),
        ("\n[tls]\nhsts = \"1d\"", 3, "hsts needs tls-listen as well"),
        ("\nsite = \"nowhere\"", 2, "nowhere' is not a directory"),
        ("[site]\nroot = \".\"", 1, "[site] is written [[site]]"),
        ("threads = 1\nthreads = 2", 2, "duplicate key"),
        ("site = \".\"\n[[site]]\nroot = \".\"", 2, "exclude each other"),
        ("max-body = 1\n[limits]\nmax-body = 2", 3, "max-body was said before"),
        ("listen =", 1, "in quotes"),
    ] {
        let said = refused(configured(path, directory.path(), text).arg("--check-config"));
        let place = format!("error: {}:{line}: ", file.display());
        assert!(said.starts_with(&place), "{said}");
        assert!(said.contains(sentence), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let said = refused(Command::new(path).env("WTW_MAX_WORK", "many"));
    assert_eq!(said, "error: WTW_MAX_WORK: 'many' is not a whole number\n");
    let said = refused(Command::new(path).args(["--config", "/no/such/file"]));
    assert!(said.starts_with("error: cannot read the configuration /no/such/file: "), "{said}");
}

pub fn options_go_together_whatever_their_sources(path: &str) {
    let directory = tempfile::tempdir().unwrap();
    let with = |text: &str| {
        let mut command = configured(path, directory.path(), text);
        command.arg("--check-config");
        command
    };
    let right = "The configuration is right.\n";
    assert_eq!(printed(&mut with("")), right);
    assert_eq!(printed(with("site = \".\"").arg("--healthz")), right);
    assert_eq!(printed(with("healthz = true").env("WTW_SITE", directory.path())), right);
    assert!(refused(&mut with("healthz = true")).contains("needs a site: "));
    for (word, missing) in [
        ("redirect", "redirect behind an address, which needs tls-listen as well"),
        ("proxy-protocol", "proxy-protocol behind an address, which needs trust=CIDR beside it"),
    ] {
        let text = format!("listen = \"127.0.0.1:0 {word}\"");
        let said = refused(&mut with(&text));
        assert!(said.contains("wtw.toml:1: listen has ") && said.contains(missing), "{said}");
    }
    assert!(refused(with("[[site]]\nroot = \".\"").arg("--listing")).contains("has its own"));
    assert!(refused(with("[[site]]\nroot = \".\"").arg(".")).contains("exclude each other"));
    let said = refused(with("\nverbose = true").arg("--quiet"));
    assert!(
        said.contains("--quiet contradicts ") && said.contains("wtw.toml:2: verbose"),
        "{said}"
    );
    fs::write(directory.path().join("b"), "").unwrap();
    let key = directory.path().join("b");
    let said = refused(with("\ntls-cert = \"b\"").env("WTW_TLS_KEY", &key));
    assert!(said.contains("wtw.toml:2: tls-cert needs tls-listen as well"), "{said}");
    let said = refused(with("").env("WTW_TLS_KEY", &key));
    assert!(said.starts_with("error: WTW_TLS_KEY needs WTW_TLS_CERT as well"), "{said}");
    let said = refused(with("").args(["--hsts", "1d"]));
    assert!(said.starts_with("error: --hsts needs --tls-listen as well"), "{said}");
    let text = "tls-listen = \"127.0.0.1:0\"\ntls-cert = \"a.pem\"\ntls-key = \"a.key\"";
    let file = directory.path().join("a.pem");
    let said = refused(&mut with(text));
    let said_of =
        format!("wtw.toml:2: tls-cert: '{}' is a file that cannot be read", file.display());
    assert!(said.contains(&said_of), "{said}");
}

pub fn a_file_has_a_server_serve(path: &str) {
    let directory = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        fs::create_dir(directory.path().join(name)).unwrap();
        fs::write(directory.path().join(name).join("index.html"), name).unwrap();
    }
    let text = "listen = \"127.0.0.1:0\"\nthreads = 2\n[[site]]\nroot = \"one\"\n\
                [[site]]\nroot = \"two\"\nhosts = [\"two.example\"]\n";
    let server = Process::start_as_is(configured(path, directory.path(), text));
    let said = server.said.concat();
    assert!(said.contains("  two.example: serves the site in "), "{said}");
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/").text(), "one");
    client.send("GET / HTTP/1.1\r\nHost: two.example\r\n\r\n");
    assert_eq!(client.response().text(), "two");
    drop(client);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}

/// Sites change under clients that ask without a pause, each over one connection.
pub fn sighup_reads_the_file_again_and_loses_no_connection(path: &str) {
    const CLIENTS: usize = 8;
    const TIMES: usize = 10;
    let directory = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::create_dir(directory.path().join(name)).unwrap();
        fs::write(directory.path().join(name).join("index.html"), name).unwrap();
    }
    let text = |name: &str| {
        format!("listen = \"127.0.0.1:0\"\nthreads = 2\n[[site]]\nroot = \"{name}\"\n")
    };
    let server = start_logging(configured(path, directory.path(), &text("a")), directory.path());
    let (is_over, answers, address) = (AtomicBool::new(false), AtomicUsize::new(0), server.address);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = Client::connect(address);
                while !is_over.load(Ordering::Relaxed) {
                    let response = client.get("/");
                    assert_eq!(response.status, 200);
                    assert!(["a", "b"].contains(&response.text()), "{}", response.text());
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for time in 1..=TIMES {
            let before = answers.load(Ordering::Relaxed);
            eventually("all go on", || answers.load(Ordering::Relaxed) > before + CLIENTS);
            let name = if time % 2 == 0 { "a" } else { "b" };
            configured(path, directory.path(), &text(name));
            server.signal(Signal::HUP);
            wait_for_log(directory.path(), "configuration read again: changed [[site]]\"", time);
            assert_eq!(Client::connect(address).get("/").text(), name);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    server.signal(Signal::TERM);
    let (code, said) = server.end();
    assert_eq!(code, Some(0));
    assert!(said.contains(&format!("on {} connections, 0 aborted", CLIENTS + TIMES)), "{said}");
}

pub fn a_file_with_a_mistake_leaves_the_old_configuration_in_force(path: &str) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("index.html"), "still here").unwrap();
    let right = "listen = \"127.0.0.1:0\"\nthreads = 2\nsite = \".\"\n";
    let server = start_logging(configured(path, directory.path(), right), directory.path());
    let logged = |text: &str| wait_for_log(directory.path(), text, 1);
    for (text, said) in [
        (format!("{right}hsts = \"soon\"\n"), "wtw.toml:4: hsts: 'soon' must be a time"),
        (
            format!("{right}tls-redirect = true\n"),
            "wtw.toml:4: tls-redirect needs tls-listen as well",
        ),
        (right.replace("\".\"", "\"nowhere\""), "wtw.toml:3: site: "),
    ] {
        configured(path, directory.path(), &text);
        server.signal(Signal::HUP);
        logged(said);
        assert_eq!(Client::connect(server.address).get("/").text(), "still here");
    }
    let text = right.replace("threads = 2", "threads = 3\nmax-work = 5\nhealthz = true");
    configured(path, directory.path(), &text);
    server.signal(Signal::HUP);
    logged("changed healthz; to change max-work, threads takes a restart or SIGUSR2");
    assert_eq!(Client::connect(server.address).get("/healthz").text(), "ok\n");
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}

/// A connection goes on under the certificate that it began with; the next has the new one.
pub fn sighup_takes_other_certificates(path: &str) {
    let directory = tempfile::tempdir().unwrap();
    let text = |name: &str| {
        let made = self_signed(&directory.path().join(name)).unwrap();
        let files = [made.certificate, made.key].map(|file| file.display().to_string());
        format!(
            "listen = \"127.0.0.1:0\"\nthreads = 2\n[tls]\ntls-listen = \"127.0.0.1:0\"\n\
             tls-cert = {:?}\ntls-key = {:?}\n",
            files[0], files[1]
        )
    };
    let server = start_logging(configured(path, directory.path(), &text("old")), directory.path());
    let connect = |address, name| tls::connect(address, &directory.path().join(name), &TLS13);
    let address = server.tls.unwrap();
    let mut first = connect(address, "old");
    assert_eq!(tls::get(&mut first, "/healthz"), b"ok\n");
    configured(path, directory.path(), &text("new"));
    server.signal(Signal::HUP);
    wait_for_log(directory.path(), "configuration read again: changed tls-cert, tls-key\"", 1);
    assert_eq!(tls::get(&mut connect(address, "new"), "/healthz"), b"ok\n");
    assert_eq!(tls::get(&mut first, "/healthz"), b"ok\n");
    drop(first);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}
