//! Where `io_uring` is forbidden, as in many a container, the backend says so and does no more.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::thread;

use backend_uring::{BindError, Server};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

/// Does something on a thread for which, and for whose children, there is no `io_uring`.
fn without_io_uring<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    let forbid = move || {
        let forbidden = BTreeMap::from([(libc::SYS_io_uring_setup, Vec::new())]);
        let refusal = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let architecture = std::env::consts::ARCH.try_into().unwrap();
        let filter =
            SeccompFilter::new(forbidden, SeccompAction::Allow, refusal, architecture).unwrap();
        apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
        act()
    };
    thread::spawn(forbid).join().unwrap()
}

#[test]
fn the_library_gives_an_error_that_says_what_is_missing() {
    let error = without_io_uring(|| Server::bind("127.0.0.1:0").err()).unwrap();
    assert!(matches!(error, BindError::Unsupported(_)), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("needs io_uring of Linux 6.1 or newer"), "{said}");
    assert!(said.contains("not permitted"), "{said}");
}

#[test]
fn the_binary_says_one_sentence_and_fails() {
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backend-uring"));
        command.args(["--listen", "127.0.0.1:0"]).output().unwrap()
    };
    let Output { status, stdout, stderr } = without_io_uring(run);
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: backend-uring needs io_uring of Linux 6.1"), "{said}");
    assert_eq!((said.lines().count(), stdout.len()), (1, 0), "{said}");
}
