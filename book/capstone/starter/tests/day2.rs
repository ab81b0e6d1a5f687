//! The tests of the second day: `cargo test -p my-backend-poll --test day2`.

#![cfg(unix)]

use my_backend_poll::Model;

capstone_days::day2!(Model::Loop);
