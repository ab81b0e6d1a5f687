//! The demo server on this backend: `cargo run -p backend-tokio`.

fn main() -> std::process::ExitCode {
    app::main::<backend_tokio::Model>()
}
