//! The tests that every backend has to pass, on this one.

use backend_async_std::Model;

backend_suite::suite!(main global, Model::Global);
backend_suite::binary!(Model::default(), env!("CARGO_BIN_EXE_backend-async-std"));
backend_suite::attacks!(Model::default(), env!("CARGO_BIN_EXE_backend-async-std"));
