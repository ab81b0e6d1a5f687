//! The tests of day 2, on the loop of its evening and of those that follow.

#![cfg(unix)]

mod evening_2 {
    capstone_days::day2!(capstone_days::after::Day2);
}

mod evening_3 {
    capstone_days::day2!(capstone_days::after::Day3);
}
