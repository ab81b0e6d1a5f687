//! Bytes where TLS is spoken: whatever comes instead of a handshake, it is refused in the same way
//! however it is cut, and ends.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use backend_common::Http;
use harness::{Driver, End, read_file, start};
use layer_tls::{Setup, Tls};
use protocol::{Connection, Limits, Request};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

/// Keys and signatures of this kind, and this serial number, always have the same length.
static SETUP: LazyLock<Arc<Setup>> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let mut wanted = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
    wanted.serial_number = Some(rcgen::SerialNumber::from(1));
    let certificate = wanted.self_signed(&key).expect("a certificate").der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a pair");
    Arc::new(Setup {
        config: Arc::new(config),
        handshake_timeout: Duration::from_secs(10),
        linger_timeout: Duration::from_secs(2),
        read_file,
    })
});

/// How much is said to these pieces: what a server says in its handshake is random.
fn said<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> usize {
    let handler = |request: &Request<'_>| request.path().to_owned();
    let http = Connection::new(Arc::new(handler), Arc::new(Limits::default()), start());
    let tls = Tls::new(SETUP.clone(), Http::from(http), start())
        .expect("a configuration that can be used");
    let mut driver = Driver::new(tls, start());
    pieces.for_each(|piece| driver.feed(piece));
    assert!(driver.most_unsent < 10_000, "{} unsent", driver.most_unsent);
    driver.eof();
    driver.pass(Duration::from_secs(3600));
    assert_eq!(driver.end, End::Closed, "it waits for a peer that has gone");
    driver.wire.len()
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((&size, input)) = input.split_first() else { return };
    let size = usize::from(size).max(1);
    assert_eq!(said(input.chunks(size)), said(input.chunks(4096)));
});
