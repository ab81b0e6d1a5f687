//! The servers: the demo application on every model of every backend, set up alike.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::certificates::{Certificates, self_signed, server_config};
use app::store::Store;
use backend_common::{Backend, Handle, Limits, Server, Variant, socket};
use backend_suite::client::Client;
use backend_suite::fixtures::is_possible;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;

use crate::folder::{Folder, Original};

/// All servers, and what they share.
pub(crate) struct Places {
    pub(crate) places: Vec<Place>,
    /// The application that they serve, without a server.
    pub(crate) app: Arc<App>,
    /// The configuration of a client that trusts them.
    pub(crate) client: Arc<ClientConfig>,
    tag: String,
    original: Original,
    directory: TempDir,
}

/// One server.
pub(crate) struct Place {
    /// Of backend and model.
    pub(crate) name: String,
    pub(crate) plain: SocketAddr,
    pub(crate) secured: SocketAddr,
    pub(crate) directory: PathBuf,
    handle: Handle,
}

const NOWHERE: &str = "memory";

/// Small, so that they are met; but time is long, so that none is met by chance.
pub(crate) fn limits() -> Limits {
    Limits {
        max_request_line: 300,
        max_head: 800,
        max_fields: 12,
        max_body: 48 << 10,
        max_collect: 16 << 10,
        max_chunk_extensions: 64,
        max_discard: 4 << 10,
        high_water: 8 << 10,
        linger_timeout: Duration::from_secs(20),
        ..Limits::default()
    }
}

/// The demo application, under the same name everywhere.
pub(crate) fn app(directory: &Path) -> App {
    App::new("across", "all").files(Store::open(directory).unwrap())
}

impl Places {
    /// Starts them all, each with a directory of its own below one.
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let original = Original::new(path);
        let mut places = Vec::new();
        start(path, &mut places, backend_sync::Model::MODELS);
        start(path, &mut places, backend_mio::Model::MODELS);
        start(path, &mut places, backend_uring::Model::MODELS);
        start(path, &mut places, backend_tokio::Model::MODELS);
        start(path, &mut places, backend_async_std::Model::MODELS);
        start(path, &mut places, backend_smol::Model::MODELS);
        let tag = tag(&original, &places[0]);
        let nowhere = path.join(NOWHERE);
        std::fs::create_dir(&nowhere).unwrap();
        let app = Arc::new(app(&nowhere));
        Places { places, app, client: trusting(path), tag, original, directory }
    }

    /// The directory of the application that has no server.
    pub(crate) fn nowhere(&self) -> PathBuf {
        self.directory.path().join(NOWHERE)
    }

    /// A folder for one script.
    pub(crate) fn folder(&self, directory: impl AsRef<Path>, number: u64) -> Folder {
        // To change one byte of it does not make it another's.
        let name = format!("{number}-{number}");
        self.original.link(&directory.as_ref().join(&name));
        Folder { name, tag: self.tag.clone() }
    }

    /// Stops them all. Nothing is under way, so nothing is cut.
    pub(crate) fn stop(self) {
        for place in self.places {
            let report = place.handle.shutdown(Duration::from_secs(10)).unwrap();
            assert_eq!(report.aborted, 0, "{}", place.name);
        }
    }
}

/// Starts every model of a backend.
fn start<B: Backend>(path: &Path, places: &mut Vec<Place>, models: &[Variant<B>]) {
    for &Variant { model, name, .. } in models {
        if !is_possible(model) {
            continue;
        }
        let name = format!("{} ({name})", B::NAME);
        let directory = path.join(places.len().to_string());
        std::fs::create_dir(&directory).unwrap();
        let server = Server::bind("127.0.0.1:0").unwrap().model(model).limits(limits());
        let server = server.threads(4).workers(2).tls("127.0.0.1:0", setup(path)).unwrap();
        let (plain, secured) = (server.address(), server.tls_address().unwrap());
        let handle = server.spawn(app(&directory)).unwrap();
        places.push(Place { name, plain, secured, directory, handle });
    }
}

fn setup(path: &Path) -> layer_tls::Setup {
    let made = self_signed(path).unwrap();
    let certificates = Certificates::load(vec![(made.certificate, made.key)]).unwrap();
    layer_tls::Setup {
        config: server_config(certificates, &[b"h2", b"http/1.1"]).unwrap(),
        handshake_timeout: Duration::from_secs(20),
        linger_timeout: Duration::from_secs(20),
        read_file: socket::read_file,
    }
}

/// Clients that trust the certificate that is kept there.
fn trusting(path: &Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(path.join("localhost.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// The fields by which a server names the version of `text.txt`: all say the same.
fn tag(original: &Original, place: &Place) -> String {
    original.link(&place.directory.join("first"));
    let told = Client::connect(place.plain).get("/files/first/text.txt");
    let tag = told.head.lines().find_map(|line| line.strip_prefix("etag: "));
    tag.expect("it has an entity tag").to_owned()
}
