//! The tests of day 3, on the loop of its evening and of those that follow.

#![cfg(unix)]

mod evening_3 {
    capstone_days::day3!(capstone_days::after::Day3);
}
