//! Where there is no `io_uring`: says so.

use std::io;
use std::sync::Arc;

use backend_common::{Backend, Context, Listener, Variant};

/// The one model of this backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// Rings, which there are none of on this system.
    #[default]
    Rings,
}

impl Backend for Model {
    const NAME: &'static str = "uring";
    const MODELS: &'static [Variant<Self>] = &[Variant {
        model: Model::Rings,
        name: "rings",
        summary: "an io_uring on each thread, and a pool of workers",
    }];

    fn check_system() -> io::Result<()> {
        let missing = "backend-uring needs io_uring of Linux 6.1 or newer: this is another system";
        Err(io::Error::new(io::ErrorKind::Unsupported, missing))
    }

    fn serve(self, _: Listener, _: Arc<Context>) -> io::Result<()> {
        Self::check_system()
    }
}
