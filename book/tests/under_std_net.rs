//! Holds what the chapter on `std::net` says of a trace against the trace.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::Path;

/// "`read_to_end` begins with room for 32 bytes and doubles its buffer when it is full": each read
/// but the last fills its room.
#[test]
fn read_to_end_has_room_for_32_bytes_then_32_then_64() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces/museum-reset-client.txt");
    let trace = fs::read_to_string(path).unwrap();
    let reads = trace.lines().filter(|line| line.starts_with("recvfrom(3, "));
    // recvfrom(3, BYTES, ROOM, 0, NULL, NULL) = RESULT
    let rooms: Vec<(&str, &str)> = reads
        .map(|line| {
            let (call, result) = line.rsplit_once(", 0, NULL, NULL) = ").unwrap();
            (call.rsplit_once(", ").unwrap().1, result)
        })
        .collect();
    let reset = "-1 ECONNRESET (Connection reset by peer)";
    assert_eq!(rooms, [("32", "32"), ("32", "32"), ("64", reset)]);
}
