//! The program as its user meets it: a directory, a backend, help.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::process::{Command, Output, Stdio};

use backend_suite::child::Process;
use backend_suite::client::Client;
use rustix::process::Signal;

const PROGRAM: &str = env!("CARGO_BIN_EXE_wtw");
const BACKENDS: [&str; 6] = ["uring", "mio", "tokio", "smol", "sync", "async-std"];

fn output(words: &[&str]) -> Output {
    Command::new(PROGRAM).args(words).output().unwrap()
}

fn printed(words: &[&str]) -> String {
    let output = output(words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_directory_is_served_by_each_backend() {
    let site = tempfile::tempdir().unwrap();
    fs::write(site.path().join("index.html"), "<p>mine").unwrap();
    for backend in [&[][..], &BACKENDS.map(Some)].concat() {
        let mut command = Command::new(PROGRAM);
        command.arg(site.path()).args(["--listen", "127.0.0.1:0"]);
        if let Some(name) = backend {
            command.args(["--backend", name]);
        }
        if backend == Some("uring") && !has_uring() {
            continue;
        }
        let server = Process::start_as_is(command);
        let said = server.said.concat();
        assert!(said.contains(&format!("serves the site in {}", site.path().display())), "{said}");
        if let Some(name) = backend {
            assert!(server.said[0].ends_with(&format!("backend-{name}\n")), "{said}");
        }
        assert_eq!(Client::connect(server.address).get("/").text(), "<p>mine");
        server.signal(Signal::TERM);
        assert_eq!(server.end().0, Some(0));
    }
}

/// Whether this system lets us have a ring.
fn has_uring() -> bool {
    let output = output(&["--backend", "uring", "--listen", "192.0.2.1:0"]);
    !String::from_utf8(output.stderr).unwrap().contains("needs io_uring")
}

#[test]
fn short_help_has_what_a_newcomer_needs_and_long_help_has_all() {
    let (short, long) = (printed(&["-h"]), printed(&["--help"]));
    for option in ["[DIR]", "--listen", "--backend", "--tls-cert"] {
        assert!(short.contains(option) && long.contains(option), "{option}");
    }
    assert!(!short.contains("--max-head"), "{short}");
    assert!(long.contains("--max-head") && long.contains("Examples:"), "{long}");
    assert!(short.lines().count() < 45, "{short}");
}

#[test]
fn a_directory_can_be_listed_and_have_a_fallback() {
    let site = tempfile::tempdir().unwrap();
    fs::create_dir(site.path().join("sub")).unwrap();
    fs::write(site.path().join("app.html"), "<p>app").unwrap();
    let mut command = Command::new(PROGRAM);
    command.arg(site.path()).args(["--listen", "127.0.0.1:0", "--listing"]);
    let server = Process::start_as_is({
        command.args(["--fallback", "app.html"]);
        command
    });
    let mut client = Client::connect(server.address);
    assert!(client.get("/").text().contains("sub/"));
    assert_eq!(client.get("/no/such/route").text(), "<p>app");
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn completions_and_the_manual_know_all_options() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&["--completions", shell]);
        assert!(script.contains("max-connections"), "{script}");
    }
    let page = printed(&["--man"]);
    assert!(page.contains(".TH wtw 1") && page.contains("max\\-connections"), "{page}");
    for entry in page.split(".TP\n").skip(1) {
        let text = entry.lines().nth(1).unwrap_or_default();
        assert!(text.chars().any(char::is_alphabetic), "there is no text: {entry}");
    }
}

#[test]
fn a_backend_is_refused_a_model_of_another() {
    for (words, reason) in [
        (&["--backend", "mio", "--model", "pool"][..], "are: loops"),
        (&["--backend", "carrier-pigeon"], "possible values: uring"),
        (&["/no/such/place"], "not a directory"),
    ] {
        let output = output(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn a_model_finds_the_backend_that_has_it() {
    let mut command = Command::new(PROGRAM);
    command.args(["--model", "pool", "--listen", "127.0.0.1:0"]);
    let server = Process::start_as_is(command);
    assert!(server.said[0].ends_with("backend-sync\n"), "{:?}", server.said);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn the_reference_is_that_of_the_program() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let is = fs::read_to_string(path).unwrap();
    assert!(
        is == printed(&["--reference"]),
        "run cargo run -p wtw -- --reference > docs/configuration.md"
    );
}

#[test]
fn a_reader_that_has_closed_its_end_is_no_failure() {
    for words in [&["-h"][..], &["--help"], &["--man"], &["--print-config"], &["--version"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(PROGRAM);
        let child = command.args(words).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{words:?}: {output:?}");
    }
}

#[test]
fn a_variable_that_looks_like_an_option_is_warned_of() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["--listen", "127.0.0.1:0"]).stderr(log.reopen().unwrap());
    command.env("WTW_MAX_CONNECTION", "5").env("WTW_QQQ", "5").env("WTW_PORT", "80");
    command.env("WTW_PORT_8080_TCP", "tcp://10.0.0.1:8080").env("WTW_SERVICE_HOST", "10.0.0.1");
    let server = Process::start_as_is(command);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    let said = fs::read_to_string(log.path()).unwrap();
    assert!(said.contains("WTW_MAX_CONNECTION in the environment is no option"), "{said}");
    assert!(said.contains("did you mean WTW_MAX_CONNECTIONS?"), "{said}");
    assert!(said.contains("WTW_QQQ in the environment is no option"), "{said}");
    assert!(said.contains("WTW_PORT in the environment is no option"), "{said}");
    assert!(
        !said.contains("8080_TCP") && !said.contains("SERVICE"),
        "Kubernetes sets them: {said}"
    );
}

#[test]
fn options_of_other_programs_are_answered_with_ours() {
    for (words, tip) in [
        (&["-c", "a.toml"][..], "--config FILE"),
        (&["-t"], "--check-config"),
        (&["-p", "80"], "--listen 127.0.0.1:8080"),
        (&["--root", "dist"], "wtw DIR"),
    ] {
        let said = String::from_utf8(output(words).stderr).unwrap();
        assert!(said.contains("tip: ") && said.contains(tip), "{said}");
    }
}

/// Each configuration of docs/moving.md, and each command.
#[test]
fn what_the_page_on_moving_a_site_shows_is_right() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("public")).unwrap();
    fs::create_dir(dir.path().join("old")).unwrap();
    for page in ["index.html", "404.html", "missing.html"] {
        fs::write(dir.path().join("public").join(page), "").unwrap();
    }
    let pair = app::certificates::self_signed(dir.path()).unwrap();
    fs::rename(pair.certificate, dir.path().join("example.org.pem")).unwrap();
    fs::rename(pair.key, dir.path().join("example.org.key")).unwrap();
    let check = |words: &[&str]| {
        let mut command = Command::new(PROGRAM);
        let output = command.current_dir(&dir).args(words).arg("--check-config").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    };
    let mut count = 0;
    for block in include_str!("../../docs/moving.md").split("```").skip(1).step_by(2) {
        if let Some(configuration) = block.strip_prefix("toml\n") {
            fs::write(dir.path().join("wtw.toml"), configuration).unwrap();
            check(&["--config", "wtw.toml"]);
            count += 1;
        }
        for command in block.lines().filter_map(|line| line.strip_prefix("wtw ")) {
            check(&command.split(' ').collect::<Vec<_>>());
            count += 1;
        }
    }
    assert_eq!(count, 6);
}
