//! The tests that every backend has to pass, on this one.

use backend_smol::Model;

backend_suite::suite!(main executor, Model::Executor);
backend_suite::binary!(Model::default(), env!("CARGO_BIN_EXE_backend-smol"));
backend_suite::attacks!(Model::default(), env!("CARGO_BIN_EXE_backend-smol"));
