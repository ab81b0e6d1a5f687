//! The tests that every backend has to pass, on this one.

use backend_tokio::Model;

backend_suite::suite!(main multi, Model::Multi);
backend_suite::suite!(local, Model::Local);
backend_suite::binary!(Model::default(), env!("CARGO_BIN_EXE_backend-tokio"));
backend_suite::attacks!(Model::default(), env!("CARGO_BIN_EXE_backend-tokio"));
