//! The tests that every backend has to pass, on this one.

use backend_mio::Model;

backend_suite::suite!(main loops, Model::Loops);
backend_suite::binary!(Model::default(), env!("CARGO_BIN_EXE_backend-mio"));
backend_suite::attacks!(Model::default(), env!("CARGO_BIN_EXE_backend-mio"));
