//! The tests that every backend has to pass, on this one.
#![cfg(target_os = "linux")]

use backend_uring::Model;

backend_suite::suite!(main rings, Model::Rings);
backend_suite::binary!(Model::default(), env!("CARGO_BIN_EXE_backend-uring"));
backend_suite::attacks!(Model::default(), env!("CARGO_BIN_EXE_backend-uring"));
