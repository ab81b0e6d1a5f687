//! The tests that every backend has to pass, on this one.

use backend_mio::Model;

backend_suite::suite!(loops, Model::Loops);
backend_suite::binary!(Model::default(), env!("CARGO_BIN_EXE_backend-mio"));
