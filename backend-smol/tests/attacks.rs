//! Attacks on this backend's binary.
#![cfg(target_os = "linux")]

use backend_smol::Model;

backend_suite::attacks!(Model::default(), env!("CARGO_BIN_EXE_backend-smol"));
