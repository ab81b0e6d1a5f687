//! What every backend has to pass, clients from seeds, and a budget of system calls: `cargo test -p
//! my-backend-poll --test judge`, and with `-- --include-ignored` also what takes long.

#![cfg(unix)]

use my_backend_poll::Model;

capstone_days::seeds!(Model::Loop);
capstone_days::budget!(Model::Loop);
backend_suite::suite!(main poll, Model::Loop);
backend_suite::binary!(Model::default(), env!("CARGO_BIN_EXE_my-backend-poll"));
backend_suite::attacks!(Model::default(), env!("CARGO_BIN_EXE_my-backend-poll"));
