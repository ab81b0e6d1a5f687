//! The certificates as a client and an operator see them.

use std::thread::JoinHandle;
use std::time::Instant;

use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, RootCertStore,
    ServerConnection, SupportedProtocolVersion, version,
};
use tempfile::TempDir;

use super::self_signed::self_signed_at;
use super::*;

/// A directory with pairs in files.
struct Pairs(TempDir);

impl Pairs {
    fn new() -> Self {
        Pairs(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes a new pair for these names, or puts it in the place of an old one.
    fn put(&self, pair: &str, names: &[&str]) -> (PathBuf, PathBuf) {
        let names = names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let certificate = self.file(&format!("{pair}.pem"), &made.cert.pem());
        (certificate, self.file(&format!("{pair}-key.pem"), &made.signing_key.serialize_pem()))
    }

    /// A pair that is kept in the tree, where it does not call its key a key, so that no search for
    /// lost keys finds it.
    fn kept(&self, name: &str) -> (PathBuf, PathBuf) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/certificates/pairs").join(name);
        let text = fs::read_to_string(path).unwrap().replace(" TEST KEY-----", " PRIVATE KEY-----");
        let path = self.file(name, &text);
        (path.clone(), path)
    }

    /// Under another name first, so that it is another inode however coarse the clock is.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path("unfinished"), text).unwrap();
        fs::rename(self.path("unfinished"), self.path(name)).unwrap();
        self.path(name)
    }
}

fn load(pair: (PathBuf, PathBuf)) -> Result<Arc<Certificates>, Error> {
    Certificates::load(vec![pair])
}

/// The certificate that a client gets that asks for this name.
fn chosen(certificates: &Certificates, name: Option<&str>) -> CertificateDer<'static> {
    certificates.choose(name).unwrap().cert[0].clone()
}

fn in_file(certificate: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(certificate).unwrap()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_server_name_decides_which_certificate_is_sent() {
    let pairs = Pairs::new();
    let first = pairs.put("first", &["first.test"]);
    let wild = pairs.put("wild", &["*.wild.test", "wild.test"]);
    let other = pairs.put("other", &["one.test", "two.test", "*.Upper.test"]);
    let certificates =
        Certificates::load(vec![first.clone(), wild.clone(), other.clone()]).unwrap();
    for (name, expected) in [
        (None, &first),
        (Some("first.test"), &first),
        (Some("wild.test"), &wild),
        (Some("a.wild.test"), &wild),
        (Some("A.Wild.TEST"), &wild),
        (Some("a.b.wild.test"), &first), // a wildcard stands for one label
        (Some("one.test"), &other),
        (Some("two.test"), &other),
        (Some("a.upper.test"), &other),
        (Some("three.test"), &first),
        (Some("not a name"), &first),
        (Some("127.0.0.1"), &first),
    ] {
        assert_eq!(chosen(&certificates, name), in_file(&expected.0), "{name:?}");
    }
}

#[test]
fn the_first_of_several_certificates_for_a_name_is_taken() {
    let pairs = Pairs::new();
    let wild = pairs.put("wild", &["*.wild.test"]);
    let exact = pairs.put("exact", &["a.wild.test"]);
    let certificates = Certificates::load(vec![wild.clone(), exact.clone()]).unwrap();
    assert_eq!(chosen(&certificates, Some("a.wild.test")), in_file(&wild.0));
    let certificates = Certificates::load(vec![exact.clone(), wild]).unwrap();
    assert_eq!(chosen(&certificates, Some("a.wild.test")), in_file(&exact.0));
}

#[test]
fn keys_are_pkcs8_pkcs1_or_sec1() {
    let pairs = Pairs::new();
    let all =
        vec![pairs.put("pkcs8", &["pkcs8.test"]), pairs.kept("pkcs1.pem"), pairs.kept("sec1.pem")];
    let certificates = Certificates::load(all.clone()).unwrap();
    for (name, (certificate, _)) in ["pkcs8.test", "pkcs1.test", "sec1.test"].iter().zip(&all) {
        assert_eq!(chosen(&certificates, Some(name)), in_file(certificate), "{name}");
    }
}

#[test]
fn the_whole_chain_is_sent() {
    let pairs = Pairs::new();
    let (certificate, key) = pairs.put("leaf", &["leaf.test"]);
    let (above, _) = pairs.put("above", &["above.test"]);
    let chain = fs::read_to_string(&certificate).unwrap() + &fs::read_to_string(&above).unwrap();
    let certificates = load((pairs.file("chain.pem", &chain), key)).unwrap();
    let sent = certificates.choose(None).unwrap().cert.clone();
    assert_eq!(sent, [in_file(&certificate), in_file(&above)]);
}

#[test]
fn errors_name_the_file_and_what_is_wrong() {
    let pairs = Pairs::new();
    let (certificate, key) = pairs.put("a", &["a.test"]);
    let (_, other_key) = pairs.put("b", &["b.test"]);
    let missing = pairs.path("missing");
    let garbage = pairs.file("garbage", "no PEM\0at all");
    let binary = pairs.path("binary");
    fs::write(&binary, in_file(&certificate)).unwrap();
    let text = fs::read_to_string(&certificate).unwrap();
    let half = pairs.file("half", &text[..text.len() / 2]);
    let wrong = pairs.file("wrong", &text.replace("MII", "M!I"));
    let section = |kind| format!("-----BEGIN {kind}-----\nMIIB\n-----END {kind}-----\n");
    let no_certificate = pairs.file("no-certificate", &section("CERTIFICATE"));
    let no_key = pairs.file("no-key", &section("PRIVATE KEY"));
    let locked = pairs.file("locked", &section("ENCRYPTED PRIVATE KEY"));
    for (certificate, key, expected) in [
        (&missing, &key, "cannot read {missing}: "),
        (&certificate, &missing, "cannot read {missing}: "),
        (&garbage, &key, "{garbage} is not a PEM file"),
        (&certificate, &garbage, "{garbage} is not a PEM file"),
        (&binary, &key, "{binary} is not a PEM file"),
        (&half, &key, "{half} is damaged: a section of it has no end"),
        (&wrong, &key, "{wrong} is damaged: base64 decode error: "),
        (&key, &key, "there is no certificate in {a-key.pem}"),
        (&certificate, &certificate, "there is no private key in {a.pem} (PKCS#8, PKCS#1 or SEC1"),
        (&certificate, &locked, "there is no private key in {locked} (PKCS#8, PKCS#1 or SEC1"),
        (&no_certificate, &key, "the certificate in {no-certificate} cannot be used: "),
        (&certificate, &no_key, "the key in {no-key} cannot be used: "),
        (
            &certificate,
            &other_key,
            "the key in {b-key.pem} does not belong to the certificate in {a.pem}",
        ),
    ] {
        let message = load((certificate.clone(), key.clone())).unwrap_err().to_string();
        let expected = expected.replace('{', &format!("{}/", pairs.0.path().display()));
        assert!(message.starts_with(&expected.replace('}', "")), "{message}, not {expected}");
        assert!(!message.contains('\n'), "{message}");
    }
    assert_eq!(Certificates::load(vec![]).unwrap_err().to_string(), "no certificate was given");
}

#[test]
fn a_reload_takes_the_new_pair_or_keeps_the_old() {
    let pairs = Pairs::new();
    let (certificate, key) = pairs.put("a", &["a.test"]);
    let second = pairs.put("b", &["b.test"]);
    let files = vec![(certificate.clone(), key.clone()), second.clone()];
    let certificates = Certificates::load(files).unwrap();
    assert!(!certificates.reload().unwrap());

    let under_way = certificates.choose(None).unwrap();
    pairs.put("a", &["a.test"]);
    assert!(certificates.reload().unwrap());
    let new = in_file(&certificate);
    assert_eq!(chosen(&certificates, None), new);
    assert_ne!(under_way.cert[0], new);
    assert!(!certificates.reload().unwrap());

    // One bad file, and none is replaced.
    pairs.put("a", &["a.test"]);
    pairs.file("b-key.pem", "");
    let message = certificates.reload().unwrap_err().to_string();
    assert!(message.ends_with("b-key.pem is not a PEM file"), "{message}");
    assert_eq!(chosen(&certificates, None), new);

    pairs.put("b", &["b.test"]);
    assert!(certificates.reload().unwrap());
    assert_eq!(chosen(&certificates, None), in_file(&certificate));
    assert_eq!(chosen(&certificates, Some("b.test")), in_file(&second.0));
}

/// `keep_fresh` with a look that does not keep a test waiting.
fn keep_fresh(certificates: &Arc<Certificates>, look: Duration) -> JoinHandle<()> {
    watch::start(Arc::downgrade(certificates), look).unwrap()
}

#[test]
fn changed_files_are_read_again() {
    let pairs = Pairs::new();
    let (certificate, key) = pairs.put("a", &["a.test"]);
    let certificates = load((certificate.clone(), key.clone())).unwrap();
    let thread = keep_fresh(&certificates, Duration::from_millis(5));
    let old = in_file(&certificate);

    // The certificate comes before its key: meanwhile the old pair stays.
    let (new, new_key) = pairs.put("new", &["a.test"]);
    fs::rename(&new, &certificate).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(chosen(&certificates, None), old);
    fs::rename(&new_key, &key).unwrap();
    let new = in_file(&certificate);
    wait_until("the new pair", || chosen(&certificates, None) == new);

    // Written in place, after having been away.
    fs::remove_file(&key).unwrap();
    let (third, third_key) = pairs.put("third", &["a.test"]);
    fs::copy(&third, &certificate).unwrap();
    fs::copy(&third_key, &key).unwrap();
    wait_until("the third pair", || chosen(&certificates, None) == in_file(&third));

    drop(certificates);
    wait_until("the end of the thread", || thread.is_finished());
}

#[test]
fn a_change_before_the_thread_is_seen() {
    let pairs = Pairs::new();
    let files = pairs.put("a", &["a.test"]);
    let certificates = load(files.clone()).unwrap();
    pairs.put("a", &["a.test"]);
    Arc::clone(&certificates).keep_fresh().unwrap();
    wait_until("the new pair", || chosen(&certificates, None) == in_file(&files.0));
}

#[cfg(unix)]
#[test]
fn sighup_reloads_the_files() {
    let pairs = Pairs::new();
    let files = pairs.put("a", &["a.test"]);
    let certificates = load(files.clone()).unwrap();
    keep_fresh(&certificates, Duration::from_secs(3600));
    pairs.put("a", &["a.test"]);
    signal_hook::low_level::raise(signal_hook::consts::SIGHUP).unwrap();
    wait_until("the new pair", || chosen(&certificates, None) == in_file(&files.0));
}

#[test]
fn a_self_signed_pair_is_kept_for_the_next_start() {
    let pairs = Pairs::new();
    let directory = pairs.path("deep/er");
    let made = self_signed(&directory).unwrap();
    let files = |it: &SelfSigned| (fs::read(&it.certificate).unwrap(), fs::read(&it.key).unwrap());
    let before = files(&made);
    assert_eq!(self_signed(&directory).unwrap(), made);
    assert_eq!(files(&made), before);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);

    assert_eq!(made.fingerprint.len(), 32 * 3 - 1);
    assert!(
        made.fingerprint.split(':').all(|it| it.len() == 2
            && u8::from_str_radix(it, 16).is_ok()
            && it == it.to_uppercase())
    );

    let certificates = load((made.certificate.clone(), made.key.clone())).unwrap();
    let pair = certificates.choose(None).unwrap();
    for name in ["localhost", "127.0.0.1", "::1"] {
        assert!(is_for(&pair, &ServerName::try_from(name).unwrap()), "{name}");
    }
    assert!(!is_for(&pair, &ServerName::try_from("example.com").unwrap()));
}

#[cfg(unix)]
#[test]
fn a_self_signed_key_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let pairs = Pairs::new();
    let made = self_signed(&pairs.path("new")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&pairs.path("new")), 0o700);
    assert_eq!(mode(&made.key), 0o600);
}

#[test]
fn a_self_signed_pair_that_is_unusable_is_made_again() {
    let pairs = Pairs::new();
    let directory = pairs.path("new");
    let mut last = self_signed(&directory).unwrap();
    let is_new = |last: &mut SelfSigned| {
        let before = std::mem::replace(last, self_signed(&directory).unwrap());
        load((last.certificate.clone(), last.key.clone())).unwrap();
        before.fingerprint != last.fingerprint
    };
    assert!(!is_new(&mut last));
    fs::remove_file(&last.key).unwrap();
    assert!(is_new(&mut last));
    fs::remove_file(&last.certificate).unwrap();
    assert!(is_new(&mut last));
    fs::write(&last.key, "").unwrap();
    assert!(is_new(&mut last));
    fs::write(&last.certificate, "garbage").unwrap();
    assert!(is_new(&mut last));
    pairs.put("other", &["other.test"]);
    fs::copy(pairs.path("other.pem"), &last.certificate).unwrap();
    fs::copy(pairs.path("other-key.pem"), &last.key).unwrap();
    assert!(is_new(&mut last));
    assert!(!is_new(&mut last));
}

#[test]
fn a_self_signed_pair_is_made_again_before_it_expires() {
    let pairs = Pairs::new();
    let day = Duration::from_secs(24 * 60 * 60);
    let now = SystemTime::now();
    let at = |now| self_signed_at(pairs.0.path(), now).unwrap().fingerprint;
    let first = at(now);
    assert_eq!(at(now + day * 334), first);
    assert_eq!(at(now - day / 2), first); // it was back-dated
    let second = at(now + day * 336);
    assert_ne!(second, first);
    assert_ne!(at(now), second, "not valid yet");
}

#[cfg(unix)] // elsewhere there is no lock
#[test]
fn servers_that_start_at_once_share_a_pair() {
    let pairs = Pairs::new();
    let directory = &pairs.path("new");
    let made = std::thread::scope(|scope| {
        let all = [(); 8].map(|()| scope.spawn(|| self_signed(directory).unwrap()));
        all.map(|one| one.join().unwrap())
    });
    let kept = self_signed(directory).unwrap();
    assert!(made.iter().all(|one| *one == kept));
}

#[test]
fn a_self_signed_pair_that_cannot_be_written_is_an_error_with_its_path() {
    let pairs = Pairs::new();
    let file = pairs.file("file", "");
    let message = self_signed(&file.join("in")).unwrap_err().to_string();
    assert!(message.starts_with(&format!("cannot write {}", file.join("in").display())));
}

/// A client that trusts this certificate alone.
fn client_config(
    certificate: &Path,
    version: &'static SupportedProtocolVersion,
    protocols: &[&[u8]],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(in_file(certificate)).unwrap();
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_protocol_versions(&[version]).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

/// Both ends of a connection in memory, after as much as they have to say to each other.
fn connect(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
    name: &str,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let name = ServerName::try_from(name).unwrap().to_owned();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    while client.wants_write() || server.wants_write() {
        let mut flight = Vec::new();
        client.write_tls(&mut flight).unwrap();
        server.read_tls(&mut &flight[..]).unwrap();
        server.process_new_packets()?;
        flight.clear();
        server.write_tls(&mut flight).unwrap();
        client.read_tls(&mut &flight[..]).unwrap();
        client.process_new_packets()?;
    }
    Ok((client, server))
}

#[test]
fn clients_connect_and_resume() {
    let pairs = Pairs::new();
    let made = self_signed(pairs.0.path()).unwrap();
    let certificates = load((made.certificate.clone(), made.key.clone())).unwrap();
    let server = server_config(certificates, &[b"h2", b"http/1.1"]).unwrap();
    for (version, expected) in
        [(&version::TLS12, ProtocolVersion::TLSv1_2), (&version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        let config = client_config(&made.certificate, version, &[b"http/1.1"]);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
            let (client, server) = connect(&config, &server, "localhost").unwrap();
            assert!(!client.is_handshaking() && !server.is_handshaking());
            assert_eq!(client.protocol_version(), Some(expected));
            assert_eq!(client.alpn_protocol(), Some(&b"http/1.1"[..]));
            assert_eq!(server.alpn_protocol(), Some(&b"http/1.1"[..]));
            assert_eq!(client.handshake_kind(), Some(kind), "{expected:?}");
            assert_eq!(server.handshake_kind(), Some(kind), "{expected:?}");
        }
    }
}

#[test]
fn a_certificate_for_an_address_is_found_by_it() {
    let pairs = Pairs::new();
    let made = self_signed(pairs.0.path()).unwrap();
    let certificates = load((made.certificate.clone(), made.key.clone())).unwrap();
    let server = server_config(certificates, &[]).unwrap();
    let client = client_config(&made.certificate, &version::TLS13, &[]);
    for name in ["127.0.0.1", "::1"] {
        let (client, _) = connect(&client, &server, name).unwrap();
        assert_eq!(client.alpn_protocol(), None);
    }
}

#[test]
fn the_server_prefers_its_first_protocol() {
    let pairs = Pairs::new();
    let (certificate, key) = pairs.put("a", &["a.test"]);
    let certificates = load((certificate.clone(), key)).unwrap();
    let server = server_config(certificates, &[b"h2", b"http/1.1"]).unwrap();
    let client = client_config(&certificate, &version::TLS13, &[b"http/1.1", b"h2"]);
    let (client, _) = connect(&client, &server, "a.test").unwrap();
    assert_eq!(client.alpn_protocol(), Some(&b"h2"[..]));
    let client = client_config(&certificate, &version::TLS13, &[b"acme"]);
    let refused = connect(&client, &server, "a.test").unwrap_err();
    assert_eq!(refused, rustls::Error::NoApplicationProtocol);
}

#[test]
fn new_handshakes_get_the_new_certificate() {
    let pairs = Pairs::new();
    let a = pairs.put("a", &["a.test"]);
    let b = pairs.put("b", &["b.test"]);
    let certificates = Certificates::load(vec![a.clone(), b.clone()]).unwrap();
    let server = server_config(Arc::clone(&certificates), &[]).unwrap();
    let get = || {
        let client = client_config(&b.0, &version::TLS13, &[]);
        let (client, _) = connect(&client, &server, "b.test").unwrap();
        client.peer_certificates().unwrap()[0].clone()
    };
    assert_eq!(get(), in_file(&b.0));
    pairs.put("b", &["b.test"]);
    assert!(certificates.reload().unwrap());
    assert_eq!(get(), in_file(&b.0));
}

#[test]
fn a_session_ticket_holds_no_state_on_the_server() {
    let pairs = Pairs::new();
    let certificates = load(pairs.put("a", &["a.test"])).unwrap();
    let server = server_config(certificates, &[]).unwrap();
    assert!(server.ticketer.enabled());
    assert!(!server.session_storage.can_cache());
    assert_eq!(server.max_early_data_size, 0);
}
