//! The demo server on this backend: `cargo run -p backend-mio`.

fn main() -> std::process::ExitCode {
    app::main::<backend_mio::Model>()
}
