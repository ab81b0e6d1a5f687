//! `lab load` as a program.

use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::fixtures::{Act, LONG, RIGHT, Scripted};

fn load(server: &Scripted, arguments: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.arg("load").arg(format!("http://{}/", server.address));
    command.args(arguments.split_whitespace());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn finished(child: Child) -> (Output, String) {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    (output, said)
}

#[test]
fn figures_are_printed_for_readers_and_for_programs() {
    let server = Scripted::start(|_| Act::Say(RIGHT.into()));
    let (output, said) = finished(load(&server, "-c 3 -n 1000 --warm-up 0s"));
    assert!(output.status.success() && said.contains("\nrequests    1000, "), "{said}");
    assert!(said.contains("\nerrors      none\n") && said.contains("\n  p99  "), "{said}");
    assert!(said.contains("\n  p99.9     needs 10 times as many requests\n"), "{said}");
    // Nobody watches, so there is no progress to show.
    assert!(output.stderr.is_empty());
    let (_, said) = finished(load(&server, "-c 3 -n 1000 --warm-up 0s --rate 5000 --json"));
    let figures: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&figures["requests"], &figures["connects"]), (&1_000.into(), &3.into()));
    assert!(figures["latency"]["percentiles"]["p99"].as_u64() > Some(0));
    assert!(figures["schedule"]["offered"].as_f64() > Some(0.0));
}

#[test]
fn a_wrong_response_is_said_and_makes_the_command_fail() {
    let server = Scripted::start(|number| match number {
        500 => Act::Say(RIGHT.replace("hello", "hallo")),
        _ => Act::Say(RIGHT.into()),
    });
    let (output, said) = finished(load(&server, "-n 1000"));
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("\nerrors      1 wrong\nfirst wrong the body differs"), "{said}");
}

#[test]
fn what_cannot_be_done_is_said_and_makes_the_command_fail() {
    let server = Scripted::start(|_| Act::Say(RIGHT.into()));
    let (output, _) = finished(load(&server, "--rate 0"));
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.starts_with("error: ") && complaint.contains("a rate"), "{complaint}");
}

#[test]
fn ctrl_c_gives_the_part_that_there_is() {
    let server = Scripted::start(|_| Act::Say(RIGHT.into()));
    let child = load(&server, "-d 10m --warm-up 0s --rate 100");
    let start = Instant::now();
    while server.requests.load(Ordering::Relaxed) < 50 {
        assert!(start.elapsed() < LONG, "it does not begin");
        thread::sleep(Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let (output, said) = finished(child);
    assert!(output.status.success() && start.elapsed() < LONG, "{said}");
    assert!(said.contains("INTERRUPTED: this is only a part"), "{said}");
    assert!(said.contains("\nrequests    "), "{said}");
}
