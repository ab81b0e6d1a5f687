//! The tests of the fourth day: `cargo test -p my-backend-poll --test day4`.

#![cfg(unix)]

use my_backend_poll::Model;

capstone_days::day4!(Model::Loop);
