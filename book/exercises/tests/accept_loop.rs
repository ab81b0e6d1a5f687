use std::cell::RefCell;
use std::io::{self, ErrorKind};

use exercises::accept_loop::{LONGEST_PAUSE, accept_loop};

/// What the loop did.
#[derive(Debug, PartialEq, Eq)]
enum Did {
    Serve(u32),
    Pause(u64),
}
use Did::{Pause, Serve};

/// The process has too many files open: EMFILE on Linux and macOS.
fn too_many_files() -> io::Result<u32> {
    Err(io::Error::from_raw_os_error(24))
}

fn fault(kind: ErrorKind) -> io::Result<u32> {
    Err(kind.into())
}

/// Runs the loop on these results, behind which comes the error that ends it.
fn run(results: Vec<io::Result<u32>>) -> Vec<Did> {
    let did = RefCell::new(Vec::new());
    let mut results = results.into_iter();
    let mut is_over = false;
    let accept = || {
        assert!(!is_over, "`accept` was called again after the end");
        results.next().unwrap_or_else(|| {
            is_over = true;
            Err(io::Error::new(ErrorKind::InvalidInput, "the end of the test"))
        })
    };
    let error = accept_loop(
        accept,
        |client| did.borrow_mut().push(Serve(client)),
        |time| did.borrow_mut().push(Pause(time)),
    );
    assert_eq!(error.to_string(), "the end of the test");
    did.into_inner()
}

#[test]
fn clients_are_served_in_their_order() {
    assert_eq!(run(vec![Ok(1), Ok(2), Ok(3)]), [Serve(1), Serve(2), Serve(3)]);
}

#[test]
fn the_fault_of_a_client_costs_nothing() {
    for kind in [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::Interrupted] {
        assert_eq!(run(vec![Ok(1), fault(kind), Ok(2)]), [Serve(1), Serve(2)], "{kind:?}");
    }
}

#[test]
fn a_shortage_is_waited_for() {
    assert_eq!(run(vec![Ok(1), too_many_files(), Ok(2)]), [Serve(1), Pause(10), Serve(2)]);
    assert_eq!(run(vec![fault(ErrorKind::OutOfMemory), Ok(1)]), [Pause(10), Serve(1)]);
    assert_eq!(run(vec![fault(ErrorKind::PermissionDenied), Ok(1)]), [Pause(10), Serve(1)]);
}

#[test]
fn pauses_double_up_to_the_longest() {
    let did = run((0..9).map(|_| too_many_files()).collect());
    let pauses = [10, 20, 40, 80, 160, 320, 640, LONGEST_PAUSE, LONGEST_PAUSE];
    assert_eq!(did, pauses.map(Pause));
}

#[test]
fn a_success_makes_the_next_pause_a_first_one() {
    let did = run(vec![too_many_files(), too_many_files(), Ok(1), too_many_files()]);
    assert_eq!(did, [Pause(10), Pause(20), Serve(1), Pause(10)]);
}

#[test]
fn the_fault_of_a_client_says_nothing_about_a_shortage() {
    let reset = fault(ErrorKind::ConnectionReset);
    let did = run(vec![too_many_files(), reset, too_many_files()]);
    assert_eq!(did, [Pause(10), Pause(20)]);
}
