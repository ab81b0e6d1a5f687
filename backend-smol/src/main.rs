//! The demo server on this backend: `cargo run -p backend-smol`.

fn main() -> std::process::ExitCode {
    app::main::<backend_smol::Model>()
}
