//! The server to install: `wtw DIR` serves a directory, with the backend that suits the system or
//! the one that `--backend` names.

use app::AnyBackend;

fn main() -> std::process::ExitCode {
    app::main_with(
        "wtw",
        &[
            AnyBackend::of::<backend_uring::Model>(),
            AnyBackend::of::<backend_mio::Model>(),
            AnyBackend::of::<backend_tokio::Model>(),
            AnyBackend::of::<backend_smol::Model>(),
            AnyBackend::of::<backend_sync::Model>(),
            AnyBackend::of::<backend_async_std::Model>(),
        ],
    )
}
