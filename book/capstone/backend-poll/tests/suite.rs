//! The tests that every backend has to pass, on the one of the capstone.

#![cfg(unix)]

use backend_poll::Model;

backend_suite::suite!(main poll, Model::Loop);
backend_suite::binary!(Model::default(), env!("CARGO_BIN_EXE_backend-poll"));
backend_suite::attacks!(Model::default(), env!("CARGO_BIN_EXE_backend-poll"));
