//! TLS as the demonstration speaks it, with a certificate that lives no longer than the process.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use backend_common::{Limits, socket};
use layer_tls::Setup;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;

/// As the demonstration's command line has it.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Tickets resume a session, and nothing of it is kept here: as `app::certificates` has it.
pub(crate) fn setup() -> Result<Setup, Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = ring::Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Setup {
        config: Arc::new(config),
        handshake_timeout: HANDSHAKE_TIMEOUT,
        linger_timeout: Limits::default().linger_timeout,
        read_file: socket::read_file,
    })
}
