//! The demo server on this backend: `cargo run -p backend-poll`.

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    app::main::<backend_poll::Model>()
}

#[cfg(not(unix))]
fn main() {
    eprintln!("poll(2) is a system call of Unix");
}
