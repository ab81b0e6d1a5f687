use exercises::window::{Fault, INITIAL, MOST, Windows};

const ALL: usize = INITIAL as usize;

fn with(streams: &[u32]) -> Windows {
    let mut windows = Windows::new();
    streams.iter().for_each(|stream| windows.open(*stream));
    windows
}

#[test]
fn a_stream_sends_as_much_as_its_window_holds() {
    let mut windows = with(&[1]);
    assert_eq!(windows.take(1, 1000), 1000);
    assert_eq!(windows.take(1, usize::MAX), ALL - 1000);
    assert_eq!(windows.take(1, 1), 0);
    windows.update(0, 100).unwrap();
    assert_eq!(windows.take(1, 1), 0, "the stream's own window is empty");
    windows.update(1, 10).unwrap();
    assert_eq!(windows.take(1, 100), 10);
}

#[test]
fn streams_share_the_window_of_the_connection() {
    let mut windows = with(&[1, 3]);
    assert_eq!(windows.take(1, ALL - 5), ALL - 5);
    assert_eq!(windows.take(3, 100), 5);
    windows.update(1, 100).unwrap();
    assert_eq!(windows.take(1, 1), 0, "the connection's window is empty");
    windows.update(0, 7).unwrap();
    assert_eq!(windows.take(3, 100), 7);
}

#[test]
fn a_setting_moves_the_windows_of_streams_and_not_the_connection_s() {
    let mut windows = with(&[1]);
    assert_eq!(windows.take(1, 1000), 1000);
    windows.set_initial(1500).unwrap();
    windows.open(3);
    assert_eq!(windows.take(1, 10_000), 500, "what was sent counts");
    assert_eq!(windows.take(3, 10_000), 1500);
    windows.set_initial(1_000_000).unwrap();
    assert_eq!(windows.take(1, usize::MAX), ALL - 3000, "the connection has no more");
}

#[test]
fn a_window_may_become_negative_and_is_waited_for() {
    let mut windows = with(&[1]);
    assert_eq!(windows.take(1, 1000), 1000);
    windows.set_initial(400).unwrap();
    assert_eq!(windows.take(1, 1), 0);
    windows.update(1, 600).unwrap();
    assert_eq!(windows.take(1, 1), 0, "600 were missing");
    windows.update(1, 1).unwrap();
    assert_eq!(windows.take(1, 10), 1);
    assert_eq!(windows.take(1, 10), 0);
    windows.set_initial(410).unwrap();
    assert_eq!(windows.take(1, 100), 10);
}

#[test]
fn an_update_of_nothing_is_an_error_of_whom_it_was_for() {
    let mut windows = with(&[1, 3]);
    assert_eq!(windows.update(1, 0), Err(Fault::Stream(1)));
    assert_eq!(windows.take(1, 1), 0, "its window is gone");
    assert_eq!(windows.take(3, 1), 1, "others are not touched");
    assert_eq!(windows.update(0, 0), Err(Fault::Connection));
}

#[test]
fn a_window_that_would_be_too_large_is_an_error() {
    let mut windows = with(&[1, 3]);
    assert_eq!(windows.update(1, MOST - INITIAL), Ok(()));
    assert_eq!(windows.update(1, 1), Err(Fault::Stream(1)));
    assert_eq!(windows.update(0, MOST - INITIAL), Ok(()));
    assert_eq!(windows.update(0, 1), Err(Fault::Connection));
    assert_eq!(with(&[1]).update(1, MOST), Err(Fault::Stream(1)));
}

#[test]
fn a_setting_that_is_too_large_is_an_error_of_the_connection() {
    assert_eq!(with(&[]).set_initial(MOST), Ok(()));
    assert_eq!(with(&[]).set_initial(MOST + 1), Err(Fault::Connection));
    let mut windows = with(&[1, 3]);
    windows.update(1, 10).unwrap();
    assert_eq!(windows.set_initial(MOST - 9), Err(Fault::Connection));
    assert_eq!(windows.take(3, 100_000), ALL, "nothing has changed");
    assert_eq!(with(&[1]).set_initial(MOST), Ok(()));
}

#[test]
fn a_stream_that_has_ended_has_no_window_and_no_errors() {
    let mut windows = with(&[1, 3]);
    windows.close(1);
    assert_eq!(windows.update(1, 5), Ok(()));
    assert_eq!(windows.update(1, 0), Ok(()));
    assert_eq!(windows.take(1, 5), 0);
    assert_eq!(windows.take(3, 5), 5);
}
