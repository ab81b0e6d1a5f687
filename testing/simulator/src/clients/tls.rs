//! Another client, under TLS. Keys and certificate are of such kinds that their sizes never vary:
//! so a seed leads to the same records each time.

use std::io::{Read, Write};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use layer_tls::Setup;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig};

use crate::clients::client::{Client, Mishaps, Words};
use crate::stage::Entries;

/// How both sides speak.
struct Agreement {
    server: Arc<Setup>,
    roots: Arc<RootCertStore>,
}

static AGREEMENT: LazyLock<Agreement> = LazyLock::new(agree);

fn agree() -> Agreement {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let mut wanted = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
    wanted.serial_number = Some(rcgen::SerialNumber::from(1));
    let certificate = wanted.self_signed(&key).expect("a certificate").der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("a root");
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a pair");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = Setup {
        config: Arc::new(config),
        handshake_timeout: Duration::from_secs(10),
        linger_timeout: Duration::from_secs(2),
        read_file: harness::read_file,
    };
    Agreement { server: Arc::new(server), roots: Arc::new(roots) }
}

/// The server's side.
pub(crate) fn setup() -> Arc<Setup> {
    Arc::clone(&AGREEMENT.server)
}

pub(crate) struct Tls {
    inside: Box<dyn Client>,
    connection: ClientConnection,
    /// The server has said that nothing follows (RFC 8446 §6.1).
    is_told: bool,
    has_ended: bool,
}

impl Tls {
    pub(crate) fn new(inside: Box<dyn Client>, words: Words) -> Self {
        let mut config = ClientConfig::builder()
            .with_root_certificates(Arc::clone(&AGREEMENT.roots))
            .with_no_client_auth();
        config.alpn_protocols = match words {
            Words::Http2 => vec![b"h2".to_vec()],
            Words::Http1 | Words::WebSocket => vec![b"http/1.1".to_vec()],
        };
        config.resumption = rustls::client::Resumption::disabled();
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a configuration");
        Tls { inside, connection, is_told: false, has_ended: false }
    }
}

impl Client for Tls {
    fn say(&mut self) -> Vec<u8> {
        let mut records = Vec::new();
        if !self.connection.is_handshaking() {
            let words = self.inside.say();
            let mut rest = &words[..];
            while !rest.is_empty() {
                let taken = self.connection.writer().write(rest).expect("there is room");
                rest = &rest[taken..];
                self.connection.write_tls(&mut records).expect("a Vec takes everything");
            }
            if self.inside.is_done() {
                self.connection.send_close_notify();
            }
        }
        while self.connection.wants_write() {
            self.connection.write_tls(&mut records).expect("a Vec takes everything");
        }
        records
    }

    fn hear(&mut self, mut records: &[u8]) -> Result<(), String> {
        while !records.is_empty() {
            self.connection.read_tls(&mut records).map_err(|error| error.to_string())?;
            let state = self.connection.process_new_packets();
            let state = state.map_err(|error| format!("no TLS: {error}"))?;
            let mut words = vec![0; state.plaintext_bytes_to_read()];
            self.connection.reader().read_exact(&mut words).map_err(|error| error.to_string())?;
            self.inside.hear(&words)?;
            if state.peer_has_closed() && !self.is_told {
                self.is_told = true;
                self.inside.hear_end()?;
            }
        }
        Ok(())
    }

    fn hear_end(&mut self) -> Result<(), String> {
        self.has_ended = true;
        if self.is_told { Ok(()) } else { self.inside.hear_end() }
    }

    fn is_done(&self) -> bool {
        self.has_ended || self.inside.is_done()
    }

    fn judge(&self, entries: &Entries, mishaps: &Mishaps) -> Result<usize, String> {
        self.inside.judge(entries, mishaps)
    }
}
