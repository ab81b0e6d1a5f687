//! The demo server on this backend: `cargo run -p backend-async-std`.

fn main() -> std::process::ExitCode {
    app::main::<backend_async_std::Model>()
}
