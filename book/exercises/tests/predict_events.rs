use exercises::predict_events::{
    Act, HALF_READ, IGNORED, READ_ALREADY, half_read, ignored, play, read_already, sleeps_on_bytes,
};

#[test]
fn a_part_is_read() {
    assert_eq!(half_read(), play(HALF_READ));
}

#[test]
fn nothing_is_read() {
    assert_eq!(ignored(), play(IGNORED));
}

#[test]
fn everything_is_read_before_the_poller_is_asked() {
    assert_eq!(read_already(), play(READ_ALREADY));
}

/// Up to the first report that is missing although bytes lie in the socket, after some were read.
#[test]
fn a_loop_that_reads_only_when_it_is_told_to() {
    let script = sleeps_on_bytes();
    let reports = play(script);
    let silent = reports.edge.iter().zip(&reports.level).position(|(edge, level)| !edge && *level);
    let silent = silent.expect("the edge-triggered poller reports whenever there are bytes");
    let waits = |count| {
        script.iter().scan(0, move |seen, act| {
            *seen += usize::from(matches!(act, Act::Wait));
            (*seen <= count).then_some(act)
        })
    };
    let has_read = waits(silent).any(|act| matches!(act, Act::Read(_)));
    assert!(has_read, "here the loop did not want to read");
}
