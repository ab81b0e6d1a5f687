//! What counts depend on besides the code.

use std::io;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// Where something was counted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Setting {
    /// Which Rust has generated the code.
    pub toolchain: String,
    /// What the processor is, with what libraries look for when they choose their instructions.
    pub processor: String,
    /// Which C library is called.
    pub libc: String,
}

impl Setting {
    /// This machine.
    ///
    /// # Errors
    /// If it has no Rust.
    pub fn here() -> io::Result<Self> {
        // The Rust of rust-toolchain.toml, or the one that cargo was told.
        let toolchain = said("rustc", "--version")?;
        let libc = said("getconf", "GNU_LIBC_VERSION").unwrap_or_else(|_| "unknown".into());
        Ok(Setting { toolchain, processor: processor(), libc })
    }
}

fn said(program: &str, argument: &str) -> io::Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(program).arg(argument).current_dir(folder).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let extra = if std::is_x86_feature_detected!("avx2") { " with AVX2" } else { "" };
    #[cfg(not(target_arch = "x86_64"))]
    let extra = "";
    format!("{}{extra}", std::env::consts::ARCH)
}
