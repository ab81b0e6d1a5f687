//! The demo server on this backend: `cargo run -p backend-uring`.

fn main() -> std::process::ExitCode {
    app::main::<backend_uring::Model>()
}
