//! What *Bytes, not messages* says of its trace.

use super::calls::{Call, calls};
use super::define::predicates;

fn receives(trace: &str) -> Vec<Call<'_>> {
    calls(trace).into_iter().filter(|call| call.name == "recvfrom").collect()
}

predicates! {
    /// 33 and 57 bytes, which are two requests of 45.
    fn two_reads_of_33_and_57_bytes(trace) {
        let brought: Vec<i64> = receives(trace).iter().filter_map(Call::returned).collect();
        brought == [33, 57, 0] && brought.iter().sum::<i64>() == 2 * 45
    }

    /// The second receive has less room, by what the first has brought.
    fn the_piece_of_a_head_keeps_its_place_in_the_buffer(trace) {
        let receives = receives(trace);
        let room = |at: usize| receives.get(at)?.argument(2).parse::<i64>().ok();
        let Some((first, second)) = room(0).zip(room(1)) else { return false };
        receives[0].returned() == Some(first - second) && first - second == 33
    }

    /// There is one send, after two receives.
    fn both_responses_go_out_in_one_send(trace) {
        let names: Vec<&str> = calls(trace).iter().map(|call| call.name).collect();
        let sends = names.iter().filter(|name| **name == "sendto").count();
        sends == 1 && names.get(..3) == Some(&["recvfrom", "recvfrom", "sendto"])
    }
}
