//! The floor of each model: `floor MODEL` makes the system calls that a good program of the model
//! makes for a request, and does nothing else. It knows no HTTP: it counts where heads end, and
//! writes the same response for each.
//!
//! What a server costs beyond its floor is its own code; what floors cost beyond each other is the
//! models'. Each is a file to read, and each drives all connections with one thread, but for the
//! model that is a thread for each.
//!
//! They say their address, and end when their standard input does.

#![forbid(unsafe_code)]

#[cfg(target_os = "linux")]
mod async_std;
#[cfg(target_os = "linux")]
mod heads;
#[cfg(target_os = "linux")]
mod mio;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod responses;
#[cfg(target_os = "linux")]
mod smol;
#[cfg(target_os = "linux")]
mod threads;
#[cfg(target_os = "linux")]
mod tokio;
#[cfg(target_os = "linux")]
mod uring;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    options::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("The floors are measured on Linux, and built nowhere else.");
    std::process::ExitCode::FAILURE
}
