//! The certificates of a TLS listener: read from PEM files, chosen by name, replaced while it runs.
//!
//! * [`Certificates`]: what rustls asks for a certificate. [`Certificates::keep_fresh`] reads the
//!   files again on SIGHUP and when they have changed.
//! * [`self_signed`]: a pair for development, which no client trusts unasked.
//! * [`server_config`]: how we speak TLS.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert, ServerConfig,
};
use rustls::sign::CertifiedKey;
use thiserror::Error;

mod self_signed;
#[cfg(test)]
mod tests;
mod watch;

pub use self_signed::{SelfSigned, self_signed};

/// How often [`Certificates::keep_fresh`] looks at the files.
const LOOK: Duration = Duration::from_secs(2);

/// An error that names the file and says what is wrong with it, in one sentence.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// There has to be one pair at least.
    #[error("no certificate was given")]
    Nothing,
    /// The file is missing, or we may not read it.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is no line that begins a section of PEM.
    #[error("{} is not a PEM file", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
    },
    /// It is PEM, but malformed, or only the first part of it.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        what: String,
    },
    /// The sections are none of certificates.
    #[error("there is no certificate in {}", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The sections are none of private keys.
    #[error(
        "there is no private key in {} (PKCS#8, PKCS#1 or SEC1, without a password)",
        path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The first certificate is none that TLS can use.
    #[error("the certificate in {} cannot be used: {error}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: rustls::Error,
    },
    /// The key is none that TLS can use.
    #[error("the key in {} cannot be used: {error}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: rustls::Error,
    },
    /// Each is fine, but they are of different pairs.
    #[error(
        "the key in {} does not belong to the certificate in {}",
        key.display(),
        certificate.display()
    )]
    Mismatch {
        /// The file with the key.
        key: PathBuf,
        /// The file with the certificate.
        certificate: PathBuf,
    },
    /// The pair for development cannot be kept.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file or the directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The pair for development cannot be made.
    #[error("cannot make a certificate for {}: {error}", path.display())]
    Make {
        /// The file that it was to be in.
        path: PathBuf,
        /// What is wrong.
        error: rcgen::Error,
    },
    /// TLS cannot be set up; no file is to blame.
    #[error("cannot set up TLS: {error}")]
    Setup {
        /// What is wrong.
        error: rustls::Error,
    },
}

/// One or several certificates, each with its key, chosen by the name that a client asks for.
///
/// Each is read from a pair of PEM files: the chain, with the server's own certificate first, and
/// the key.
#[derive(Debug)]
pub struct Certificates {
    /// Held while they are read, so that what is read last stays.
    files: Mutex<Vec<(PathBuf, PathBuf)>>,
    current: RwLock<Arc<Loaded>>,
}

impl Certificates {
    /// Reads pairs of files: chain and key. They may be one and the same file.
    ///
    /// # Errors
    ///
    /// If there is no pair, or any of the files is not what it should be.
    pub fn load(pairs: Vec<(PathBuf, PathBuf)>) -> Result<Arc<Self>, Error> {
        let current = RwLock::new(Arc::new(Loaded::read(&pairs)?));
        Ok(Arc::new(Certificates { files: Mutex::new(pairs), current }))
    }

    /// Reads the files again. Says whether the certificates are others than before.
    ///
    /// The new ones are for handshakes that begin from now on. Those under way finish with what
    /// they have begun with, and connections are not affected.
    ///
    /// # Errors
    ///
    /// If any of the files is not what it should be. All the old ones then stay in use.
    pub fn reload(&self) -> Result<bool, Error> {
        let files = self.files();
        Ok(self.set(Loaded::read(&files)?))
    }

    /// Reads other pairs of files in place of these. Says what [`Certificates::reload`] says.
    ///
    /// # Errors
    ///
    /// As [`Certificates::load`]. All the old ones, files and certificates, then stay in use.
    pub fn replace(&self, pairs: Vec<(PathBuf, PathBuf)>) -> Result<bool, Error> {
        let mut files = self.files();
        let loaded = Loaded::read(&pairs)?;
        *files = pairs;
        Ok(self.set(loaded))
    }

    fn files(&self) -> MutexGuard<'_, Vec<(PathBuf, PathBuf)>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, new: Loaded) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let differ = !new.has_the_certificates_of(&current);
        *current = Arc::new(new);
        differ
    }

    /// Starts a thread that reads the files again when they have changed, and on SIGHUP.
    ///
    /// It looks at them every 2 seconds. If they cannot be used, it warns once, keeps the old
    /// certificates, and tries again at each look, since others may still be writing them. It ends
    /// at the first look after the last other owner is gone.
    ///
    /// A SIGHUP that is ignored when this is called, as under `nohup`, stays so. A handler of it
    /// that was there before, such as that of `ctrlc` with its feature `termination`, is called as
    /// well; one that is set later takes SIGHUP away from us. Once the thread has ended, SIGHUP
    /// does nothing of its own any more. Where there is none, it only looks.
    ///
    /// # Errors
    ///
    /// If the system refuses the thread or the signal.
    pub fn keep_fresh(self: Arc<Self>) -> io::Result<()> {
        watch::start(Arc::downgrade(&self), LOOK).map(drop)
    }

    /// Whether any of the files is another than the one that was read.
    fn files_have_changed(&self) -> bool {
        stamps(&self.files()) != self.current().stamps
    }

    /// The certificate for a name: the first that is valid for it, or else the first of all.
    fn choose(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let current = self.current();
        let name = name.and_then(|name| ServerName::try_from(name).ok());
        let valid = name.and_then(|name| current.pairs.iter().find(|pair| is_for(pair, &name)));
        valid.or(current.pairs.first()).cloned()
    }

    fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name())
    }
}

/// The pairs that were read from the files at one time.
#[derive(Debug)]
struct Loaded {
    pairs: Vec<Arc<CertifiedKey>>,
    stamps: Vec<Stamp>,
}

impl Loaded {
    fn read(files: &[(PathBuf, PathBuf)]) -> Result<Self, Error> {
        // Before the files are read: if they change meanwhile, the next look shows it.
        let stamps = stamps(files);
        let pairs = files.iter().map(|(certificate, key)| read_pair(certificate, key));
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        if pairs.is_empty() { Err(Error::Nothing) } else { Ok(Loaded { pairs, stamps }) }
    }

    /// A key belongs to its certificate, so the chains are all that has to be compared.
    fn has_the_certificates_of(&self, other: &Self) -> bool {
        self.pairs.iter().map(|pair| &pair.cert).eq(other.pairs.iter().map(|pair| &pair.cert))
    }
}

/// By what a change is noticed: modification time, length, inode; nothing if the file is missing.
type Stamp = Option<(Option<SystemTime>, u64, u64)>;

fn stamps(files: &[(PathBuf, PathBuf)]) -> Vec<Stamp> {
    files.iter().flat_map(|(certificate, key)| [stamp(certificate), stamp(key)]).collect()
}

fn stamp(path: &Path) -> Stamp {
    let found = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&found);
    #[cfg(not(unix))]
    let inode = 0;
    Some((found.modified().ok(), found.len(), inode))
}

/// Whether clients accept this certificate for a name (RFC 9525 §6.3).
fn is_for(pair: &CertifiedKey, name: &ServerName<'_>) -> bool {
    pair.end_entity_cert()
        .and_then(ParsedCertificate::try_from)
        .and_then(|certificate| rustls::client::verify_server_name(&certificate, name))
        .is_ok()
}

fn read_pair(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, Error> {
    let chain = read_chain(certificate)?;
    let private = read_key(key)?;
    let pair = CertifiedKey::new(chain, private);
    match pair.keys_match() {
        Ok(()) => Ok(Arc::new(pair)),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(Error::Mismatch { key: key.into(), certificate: certificate.into() })
        }
        Err(error) => Err(Error::Certificate { path: certificate.into(), error }),
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read_pem(path)?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match chain.map_err(|error| damaged(path, &error))? {
        chain if chain.is_empty() => Err(Error::NoCertificate { path: path.into() }),
        chain => Ok(chain),
    }
}

fn read_key(path: &Path) -> Result<Arc<dyn rustls::sign::SigningKey>, Error> {
    let key = PrivateKeyDer::from_pem_slice(&read_pem(path)?).map_err(|error| match error {
        pem::Error::NoItemsFound => Error::NoKey { path: path.into() },
        error => damaged(path, &error),
    })?;
    let key = ring::default_provider().key_provider.load_private_key(key);
    key.map_err(|error| Error::Key { path: path.into(), error })
}

/// How each section of PEM begins (RFC 7468 §2).
const BEGIN: &[u8] = b"-----BEGIN ";

fn read_pem(path: &Path) -> Result<Vec<u8>, Error> {
    let text = fs::read(path).map_err(|error| Error::Read { path: path.into(), error })?;
    if !text.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return Err(Error::NotPem { path: path.into() });
    }
    Ok(text)
}

fn damaged(path: &Path, error: &pem::Error) -> Error {
    // The marker would be shown as numbers.
    let what = match error {
        pem::Error::MissingSectionEnd { .. } => "a section of it has no end".into(),
        pem::Error::IllegalSectionStart { .. } => "the first line of a section is wrong".into(),
        error => error.to_string(),
    };
    Error::Damaged { path: path.into(), what }
}

/// TLS 1.2 and 1.3 with these certificates, and these protocols for ALPN, the preferred one first.
///
/// Nothing of a session is kept here: to resume it, the client brings a ticket that only we can
/// read. Data that comes before the handshake is done (0-RTT, RFC 8446 §8) is not accepted, since
/// it could be sent twice by anyone. Clients are not asked for certificates.
///
/// # Errors
///
/// If the system has no random numbers for the key of the tickets.
pub fn server_config(
    certificates: Arc<Certificates>,
    application_protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, Error> {
    let setup = |error| Error::Setup { error };
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = application_protocols.iter().map(|name| name.to_vec()).collect();
    config.ticketer = ring::Ticketer::new().map_err(setup)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// Given explicitly everywhere, so that nothing depends on what the process has set.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
