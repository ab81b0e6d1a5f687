//! The tests that every backend has to pass, on this one.

use backend_sync::Model;

backend_suite::suite!(main threads, Model::Threads);
backend_suite::suite!(pool, Model::Pool);
backend_suite::binary!(Model::default(), env!("CARGO_BIN_EXE_backend-sync"));
backend_suite::attacks!(Model::default(), env!("CARGO_BIN_EXE_backend-sync"));
