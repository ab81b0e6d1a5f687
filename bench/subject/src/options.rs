//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// Serve what the lab asks for, on one backend.
#[derive(Debug, Parser)]
#[command(name = "subject", version, max_term_width = 100)]
pub(crate) struct Options {
    /// sync, mio, uring, tokio, async-std or smol
    pub(crate) backend: String,
    /// One of the backend's models, as its demonstration names them
    pub(crate) model: String,
    /// Where to speak HTTP
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Speak HTTP over TLS as well, at a port that the system chooses
    #[arg(long)]
    pub(crate) tls: bool,
    /// The directory with the files that are served; uploads of the demonstration go there, too
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) files: Option<PathBuf>,
    /// Threads that drive connections; a pool needs one for each connection
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) threads: usize,
    /// Serve nothing: only say whether this system has what the backend needs
    #[arg(long)]
    pub(crate) check: bool,
}
