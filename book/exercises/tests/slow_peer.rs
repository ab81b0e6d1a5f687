use exercises::slow_peer::{Late, STEP, TIMEOUT, Watch};

#[test]
fn a_client_that_sends_nothing_is_late_at_the_deadline() {
    let watch = Watch::new(100);
    assert_eq!(watch.deadline(), Some(100 + TIMEOUT));
    assert_eq!(watch.check(100 + TIMEOUT - 1), Ok(()));
    assert_eq!(watch.check(100 + TIMEOUT), Err(Late));
}

#[test]
fn a_byte_now_and_then_is_no_progress() {
    let mut watch = Watch::new(0);
    for second in 1..5 {
        assert_eq!(watch.on_bytes(1, second * 1000), Ok(()));
        assert_eq!(watch.deadline(), Some(TIMEOUT));
    }
    assert_eq!(watch.on_bytes(1, TIMEOUT), Err(Late));
}

#[test]
fn a_step_moves_the_deadline() {
    let mut watch = Watch::new(0);
    watch.on_bytes(STEP - 1, 1000).unwrap();
    assert_eq!(watch.deadline(), Some(TIMEOUT));
    watch.on_bytes(1, 2000).unwrap();
    assert_eq!(watch.deadline(), Some(2000 + TIMEOUT));
}

#[test]
fn bytes_beyond_a_step_count_for_the_next_one() {
    let mut watch = Watch::new(0);
    watch.on_bytes(3 * STEP + STEP - 1, 1000).unwrap();
    assert_eq!(watch.deadline(), Some(1000 + TIMEOUT));
    watch.on_bytes(1, 3000).unwrap();
    assert_eq!(watch.deadline(), Some(3000 + TIMEOUT));
    watch.on_bytes(STEP - 1, 4000).unwrap();
    assert_eq!(watch.deadline(), Some(3000 + TIMEOUT), "a whole step again");
}

#[test]
fn a_slow_client_that_goes_on_is_never_late() {
    let mut watch = Watch::new(0);
    for second in 1..1000 {
        watch.on_bytes(300, second * 1000).unwrap();
        assert_eq!(watch.check(second * 1000 + 999), Ok(()));
    }
}

#[test]
fn what_comes_too_late_does_not_help() {
    let mut watch = Watch::new(0);
    assert_eq!(watch.on_bytes(100 * STEP, TIMEOUT), Err(Late));
    assert_eq!(watch.check(TIMEOUT + 1), Err(Late));
}

#[test]
fn a_pause_has_no_deadline_and_gives_the_full_time_again() {
    let mut watch = Watch::new(0);
    watch.on_bytes(STEP - 1, 1000).unwrap();
    watch.pause();
    assert_eq!((watch.deadline(), watch.check(1_000_000)), (None, Ok(())));
    watch.on_bytes(STEP, 1_000_000).unwrap();
    assert_eq!(watch.deadline(), None, "what is on its way does not end the pause");
    watch.resume(2_000_000);
    assert_eq!(watch.deadline(), Some(2_000_000 + TIMEOUT));
    watch.on_bytes(1, 2_001_000).unwrap();
    assert_eq!(watch.deadline(), Some(2_001_000 + TIMEOUT), "the bytes from before count");
}

#[test]
fn to_resume_what_was_not_paused_gives_no_time() {
    let mut watch = Watch::new(0);
    watch.resume(4000);
    assert_eq!(watch.deadline(), Some(TIMEOUT));
    assert_eq!(watch.check(TIMEOUT), Err(Late));
}
