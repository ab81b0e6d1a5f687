//! `cargo lab`: the measuring lab.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    lab::commands::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("The lab reads what the Linux kernel counts, and runs nowhere else.");
    std::process::ExitCode::FAILURE
}
