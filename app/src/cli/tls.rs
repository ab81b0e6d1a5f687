//! The certificates that the command line names, made ready to speak TLS.

use std::path::PathBuf;
use std::sync::Arc;

use backend_common::{Limits, socket};

use crate::certificates::{self, Certificates};
use crate::cli::error::Error;
use crate::cli::options::{Options, TlsOptions};

/// The setup of a TLS listener.
pub(super) struct Tls {
    pub(super) setup: layer_tls::Setup,
    /// To be said of the certificate.
    pub(super) note: String,
    /// They are read again for as long as this is here.
    pub(super) certificates: Arc<Certificates>,
}

impl Tls {
    /// The setup that options ask for, if they name a TLS listener.
    ///
    /// # Errors
    /// If there are no certificates that can be used.
    pub(super) fn if_wanted(options: &Options) -> Result<Option<Self>, Error> {
        let is_wanted = !options.tls.tls_listen.is_empty();
        is_wanted.then(|| Tls::new(&options.tls, &options.limits.limits())).transpose()
    }

    /// Loads the certificates that `options` name, or makes one.
    ///
    /// # Errors
    /// If there are none that can be used.
    fn new(options: &TlsOptions, limits: &Limits) -> Result<Self, Error> {
        let (pairs, note) = pairs(options)?;
        let certificates = Certificates::load(pairs).map_err(Error::Certificates)?;
        let config = certificates::server_config(Arc::clone(&certificates), &[b"h2", b"http/1.1"])
            .map_err(Error::Tls)?;
        Arc::clone(&certificates).keep_fresh().map_err(Error::Watch)?;
        let setup = layer_tls::Setup {
            config,
            handshake_timeout: options.handshake_timeout,
            linger_timeout: limits.linger_timeout,
            read_file: socket::read_file,
        };
        Ok(Tls { setup, note, certificates })
    }
}

/// The pairs of files that `options` name, with what is to be said of them.
///
/// # Errors
/// If one for development cannot be made.
pub(super) fn pairs(options: &TlsOptions) -> Result<(Vec<(PathBuf, PathBuf)>, String), Error> {
    let mut pairs: Vec<_> =
        options.tls_cert.iter().cloned().zip(options.tls_key.iter().cloned()).collect();
    let mut note = String::new();
    if options.tls_self_signed {
        let made = certificates::self_signed(&state_directory()?).map_err(Error::SelfSigned)?;
        note = format!("  (self-signed, SHA-256 {})", made.fingerprint);
        pairs.push((made.certificate, made.key));
    }
    Ok((pairs, note))
}

/// Where the certificate for development is kept.
fn state_directory() -> Result<PathBuf, Error> {
    let home = std::env::home_dir().filter(|home| home.is_dir());
    home.map(|home| home.join(".ways-to-wait")).ok_or(Error::Homeless)
}
