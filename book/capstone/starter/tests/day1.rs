//! The tests of the first day: `cargo test -p my-backend-poll --test day1`.

#![cfg(unix)]

use my_backend_poll::Model;

capstone_days::day1!(Model::Loop);
