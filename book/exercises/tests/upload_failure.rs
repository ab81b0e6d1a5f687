use std::io::{self, ErrorKind};

use exercises::upload_failure::{Answer, Disk, Failure, LONGEST, TRIES, store};

/// A disk that fails with these errors, one after the other, and then works.
struct Script {
    errors: Vec<ErrorKind>,
    writes: Vec<(String, usize)>,
}

impl Disk for Script {
    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.writes.push((name.to_owned(), bytes.len()));
        assert!(self.writes.len() < 100, "forever");
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(io::Error::new(self.errors.remove(0), "sector 7"))
    }
}

fn disk(errors: &[ErrorKind]) -> Script {
    Script { errors: errors.to_vec(), writes: Vec::new() }
}

fn answer(errors: &[ErrorKind], name: &str) -> Answer {
    store(&mut disk(errors), name, b"bytes").unwrap_err().into()
}

#[test]
fn an_upload_is_stored_under_its_name() {
    let mut disk = disk(&[]);
    store(&mut disk, "a.txt", b"bytes").unwrap();
    store(&mut disk, "b..", &vec![0; LONGEST]).unwrap();
    assert_eq!(disk.writes, [("a.txt".to_owned(), 5), ("b..".to_owned(), LONGEST)]);
}

#[test]
fn a_bad_name_is_the_clients_to_change() {
    for name in ["", ".", "..", ".hidden", "a/b", "/", "../x"] {
        let mut disk = disk(&[]);
        let failure = store(&mut disk, name, &vec![0; LONGEST + 1]).unwrap_err();
        assert!(matches!(failure, Failure::Name), "{name:?}: {failure:?}");
        assert!(disk.writes.is_empty(), "{name:?}");
        let answer = Answer::from(failure);
        assert_eq!((answer.status, answer.body), (400, "choose another name\n"));
        assert_eq!((answer.retry_after, answer.log), (None, None));
    }
}

#[test]
fn a_long_upload_is_the_clients_to_shorten() {
    let mut disk = disk(&[]);
    let failure = store(&mut disk, "a", &vec![0; LONGEST + 1]).unwrap_err();
    assert!(matches!(failure, Failure::TooLong) && disk.writes.is_empty());
    let answer = Answer::from(failure);
    assert_eq!((answer.status, answer.body), (413, "too long\n"));
    assert_eq!((answer.retry_after, answer.log), (None, None));
}

#[test]
fn what_passes_by_itself_may_be_tried_again_by_the_client() {
    for kind in [ErrorKind::TimedOut, ErrorKind::ResourceBusy] {
        let answer = answer(&[kind], "a");
        assert_eq!((answer.status, answer.body), (503, "try again\n"), "{kind:?}");
        assert_eq!(answer.retry_after, Some(2));
        assert_eq!(answer.log.as_deref(), Some("warning: \"a\": sector 7"));
    }
}

#[test]
fn a_full_disk_and_a_broken_one_are_the_operators() {
    let full = answer(&[ErrorKind::StorageFull], "a");
    assert_eq!((full.status, full.body, full.retry_after), (507, "no room\n", None));
    assert_eq!(full.log.as_deref(), Some("error: \"a\": sector 7"));
    for kind in [ErrorKind::PermissionDenied, ErrorKind::NotFound, ErrorKind::Other] {
        let broken = answer(&[kind], "a");
        assert_eq!((broken.status, broken.body, broken.retry_after), (500, "our fault\n", None));
        assert_eq!(broken.log.as_deref(), Some("error: \"a\": sector 7"), "{kind:?}");
    }
}

#[test]
fn an_interrupted_write_is_tried_again_three_times_in_all() {
    for interruptions in 0..TRIES {
        let mut disk = disk(&vec![ErrorKind::Interrupted; interruptions]);
        store(&mut disk, "a", b"bytes").unwrap();
        assert_eq!(disk.writes.len(), interruptions + 1);
    }
    let mut disk = disk(&[ErrorKind::Interrupted; TRIES]);
    let failure = store(&mut disk, "a", b"bytes").unwrap_err();
    assert!(matches!(failure, Failure::Busy { .. }), "{failure:?}");
    assert_eq!(disk.writes.len(), TRIES);
}

#[test]
fn nothing_else_is_tried_again() {
    for kind in [ErrorKind::TimedOut, ErrorKind::StorageFull, ErrorKind::Other] {
        let mut once = disk(&[kind]);
        assert!(store(&mut once, "a", b"bytes").is_err(), "{kind:?}");
        assert_eq!(once.writes.len(), 1);
        let mut twice = disk(&[ErrorKind::Interrupted, kind]);
        assert!(store(&mut twice, "a", b"bytes").is_err(), "{kind:?}");
        assert_eq!(twice.writes.len(), 2);
    }
}

#[test]
fn a_name_cannot_write_a_line_of_the_log() {
    let log = answer(&[ErrorKind::Other], "a\nerror: all is lost").log.unwrap();
    assert_eq!(log, "error: \"a\\nerror: all is lost\": sector 7");
    let log = answer(&[ErrorKind::TimedOut], "a\n").log.unwrap();
    assert_eq!(log, "warning: \"a\\n\": sector 7");
}
