//! A certificate for development, signed by itself.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tempfile::NamedTempFile;

use super::{Error, provider, read_pair};

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// From a day ago, for clients whose clock is slow.
const VALID_SINCE: Duration = DAY;
const VALID_FOR: Duration = DAY.saturating_mul(365);
/// The least time for which a kept certificate is still valid.
const LEFT: Duration = DAY.saturating_mul(30);

/// A certificate that nobody vouches for, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfSigned {
    /// The file with the certificate.
    pub certificate: PathBuf,
    /// The file with the key.
    pub key: PathBuf,
    /// SHA-256 of the certificate (DER), as browsers show it: `AA:BB:…`.
    pub fingerprint: String,
}

/// The certificate for localhost, 127.0.0.1 and `::1` that is kept in this directory.
///
/// If there is none, or if it cannot be used, or not for 30 days any more, it is made, with a new
/// key: in `localhost.pem` and `localhost-key.pem`, valid for a year. The directory is made if it
/// is missing; on Unix it and the files are for their owner alone.
///
/// # Errors
///
/// If the files cannot be written.
pub fn self_signed(directory: &Path) -> Result<SelfSigned, Error> {
    self_signed_at(directory, SystemTime::now())
}

pub(super) fn self_signed_at(directory: &Path, now: SystemTime) -> Result<SelfSigned, Error> {
    let certificate = directory.join("localhost.pem");
    let key = directory.join("localhost-key.pem");
    let not_written = |path: &Path| {
        let path = path.to_owned();
        move |error| Error::Write { path, error }
    };
    create_private(directory).map_err(not_written(directory))?;
    let _only_one = lock(directory);
    let der = match kept(&certificate, &key, now) {
        Some(der) => der,
        None => {
            let (new, new_key) =
                make(now).map_err(|error| Error::Make { path: certificate.clone(), error })?;
            write(&key, &new_key.serialize_pem()).map_err(not_written(&key))?;
            write(&certificate, &new.pem()).map_err(not_written(&certificate))?;
            new.der().clone()
        }
    };
    Ok(SelfSigned { certificate, key, fingerprint: fingerprint(&der) })
}

fn create_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}

/// Two servers that start at once would otherwise leave the key of one and the certificate of the
/// other. Lasts until the file is closed. A file system without locks is no reason to fail.
#[cfg(unix)]
fn lock(directory: &Path) -> Option<fs::File> {
    let file = fs::File::open(directory).ok()?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).ok()?;
    Some(file)
}

#[cfg(not(unix))]
fn lock(_: &Path) -> Option<fs::File> {
    None
}

/// The certificate that is there, if it is still good for long enough.
fn kept(certificate: &Path, key: &Path, now: SystemTime) -> Option<CertificateDer<'static>> {
    let pair = read_pair(certificate, key).ok()?;
    let der = pair.cert.first()?;
    (is_valid(der, now) && is_valid(der, now + LEFT)).then(|| der.clone())
}

/// Whether a client that trusts this certificate would accept it at that time.
fn is_valid(certificate: &CertificateDer<'static>, at: SystemTime) -> bool {
    let verify = || {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).ok()?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
        let name = ServerName::try_from(NAMES[0]).ok()?;
        let at = UnixTime::since_unix_epoch(at.duration_since(UNIX_EPOCH).ok()?);
        verifier.build().ok()?.verify_server_cert(certificate, &[], &name, &[], at).ok()
    };
    verify().is_some()
}

fn make(now: SystemTime) -> Result<(rcgen::Certificate, KeyPair), rcgen::Error> {
    let now = rcgen::date_time_ymd(1970, 1, 1) + now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut wanted = CertificateParams::new(NAMES.map(String::from))?;
    wanted.distinguished_name.push(DnType::CommonName, "Ways to Wait, for development");
    wanted.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    wanted.not_before = now - VALID_SINCE;
    wanted.not_after = now + VALID_FOR;
    let key = KeyPair::generate()?;
    Ok((wanted.self_signed(&key)?, key))
}

/// Under its name a file is complete. Temporary files are for their owner alone from the beginning.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

fn fingerprint(der: &CertificateDer<'_>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
