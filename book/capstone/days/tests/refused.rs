//! The tests of a day refuse the loop of the evening before: there is something to be done.
//! Each takes as long as its day waits before it gives up.

#![cfg(unix)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use capstone_days::after::{Day1, Day2, Day3};
#[cfg(target_os = "linux")]
use capstone_days::budget;
use capstone_days::{day2, day3, day4, seeds};

fn expect_refusal(test: impl FnOnce()) {
    catch_unwind(AssertUnwindSafe(test)).expect_err("the test has passed");
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_second_day_refuses_one_connection_at_a_time() {
    expect_refusal(|| day2::a_silent_client_keeps_nobody_waiting(Day1));
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_third_day_refuses_a_loop_that_closes_no_idle_connection() {
    expect_refusal(|| day3::an_idle_connection_is_closed(Day2));
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_third_day_refuses_a_loop_that_waits_for_the_rest_of_a_head() {
    expect_refusal(|| day3::half_a_head_is_answered_408(Day2));
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_third_day_refuses_a_loop_that_keeps_a_client_that_reads_nothing() {
    expect_refusal(|| day3::a_client_that_reads_nothing_is_cut(Day2));
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_fourth_day_refuses_a_loop_that_does_work_itself() {
    expect_refusal(|| day4::work_keeps_nobody_waiting(Day3));
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_fourth_day_refuses_a_loop_that_asks_for_clients_it_has_no_place_for() {
    expect_refusal(|| day4::the_loop_sleeps_while_there_is_no_place(Day3));
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_seeds_refuse_one_connection_at_a_time() {
    expect_refusal(|| seeds::clients_from_a_hundred_seeds_get_their_answers(Day1));
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_budget_refuses_a_loop_that_asks_for_room_before_it_writes() {
    expect_refusal(|| budget::a_request_takes_three_system_calls(Day1));
}
