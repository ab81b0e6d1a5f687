use exercises::wait_meter::Meter;

/// A meter with these waits, all of them over.
fn with(waits: &[u64]) -> Meter {
    let mut meter = Meter::default();
    for (key, wait) in waits.iter().enumerate() {
        meter.on_ready(key, 1000);
        meter.on_turn(key, 1000 + wait);
    }
    meter
}

#[test]
fn without_a_wait_there_is_no_number() {
    assert_eq!(Meter::default().percentile(50, 0), None);
    let mut meter = Meter::default();
    meter.on_turn(1, 100);
    meter.on_closed(2, 100);
    assert_eq!(meter.percentile(100, 200), None, "nobody has waited");
}

#[test]
fn a_percentile_is_a_wait_that_somebody_had() {
    let meter = with(&[50, 10, 40, 20, 30]);
    for (p, wait) in [(1, 10), (20, 10), (21, 20), (50, 30), (80, 40), (81, 50), (100, 50)] {
        assert_eq!(meter.percentile(p, 9999), Some(wait), "of {p}");
    }
    assert_eq!(with(&[7]).percentile(1, 9999), Some(7));
    assert_eq!(with(&[9, 3]).percentile(50, 9999), Some(3));
}

#[test]
fn a_further_event_does_not_shorten_a_wait() {
    let mut meter = Meter::default();
    for now in [100, 150, 190] {
        meter.on_ready(1, now);
    }
    meter.on_turn(1, 200);
    assert_eq!(meter.percentile(100, 200), Some(100));
    meter.on_ready(1, 300);
    meter.on_turn(1, 305);
    assert_eq!(meter.percentile(1, 400), Some(5), "the next wait is its own");
}

#[test]
fn one_that_still_waits_counts() {
    let mut meter = with(&[1, 1, 1]);
    meter.on_ready(9, 2000);
    assert_eq!(meter.percentile(100, 2000), Some(1));
    assert_eq!(meter.percentile(100, 62_000), Some(60_000));
    assert_eq!(meter.percentile(75, 62_000), Some(1));
    meter.on_turn(9, 70_000);
    assert_eq!(meter.percentile(100, 99_000), Some(68_000), "once, and no longer than it was");
}

#[test]
fn one_that_has_gone_has_waited_up_to_then() {
    let mut meter = with(&[1]);
    meter.on_ready(9, 2000);
    meter.on_closed(9, 5000);
    assert_eq!(meter.percentile(100, 99_000), Some(3000));
    meter.on_ready(9, 10_000);
    meter.on_turn(9, 10_002);
    assert_eq!(meter.percentile(50, 99_000), Some(2), "its key is used again");
}
