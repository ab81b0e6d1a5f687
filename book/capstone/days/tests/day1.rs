//! The tests of day 1, on the loop of its evening and of those that follow.

#![cfg(unix)]

mod evening_1 {
    capstone_days::day1!(capstone_days::after::Day1);
}

mod evening_2 {
    capstone_days::day1!(capstone_days::after::Day2);
}

mod evening_3 {
    capstone_days::day1!(capstone_days::after::Day3);
}
