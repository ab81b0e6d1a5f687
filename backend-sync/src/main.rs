//! The demo server on this backend: `cargo run -p backend-sync`.

fn main() -> std::process::ExitCode {
    app::main::<backend_sync::Model>()
}
