//! The tests of the third day: `cargo test -p my-backend-poll --test day3`.

#![cfg(unix)]

use my_backend_poll::Model;

capstone_days::day3!(Model::Loop);
