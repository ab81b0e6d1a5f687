//! The demo server on this backend: `cargo run -p my-backend-poll`.

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    app::main::<my_backend_poll::Model>()
}

#[cfg(not(unix))]
fn main() {
    eprintln!("poll(2) is a system call of Unix");
}
