//! The HTTP client that speaks to a collector, on the threads of the SDK.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// How long an attempt may take, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Most of an answer that is read, in bytes. Nothing in it is needed.
const MOST_READ: u64 = 1 << 16;

/// Sends, and says once what does not work.
#[derive(Clone, Debug)]
pub(super) struct Client {
    agent: Agent,
    /// Where nothing is taken now, and how often that has been tried.
    failing: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Client {
    /// # Errors
    /// If there are certificates that cannot be read.
    pub(super) fn new(is_secure: bool) -> Result<Self, String> {
        let timeout = std::env::var("OTEL_EXPORTER_OTLP_TIMEOUT").ok();
        let timeout = timeout.and_then(|it| it.trim().parse().ok()).map(Duration::from_millis);
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(timeout.unwrap_or(TIMEOUT)));
        if is_secure {
            config = config.tls_config(tls()?);
        }
        Ok(Client { agent: config.build().into(), failing: Arc::default() })
    }

    fn failing(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, place: &str, why: &dyn Display) {
        let mut failing = self.failing();
        let times = failing.entry(place.to_owned()).or_default();
        *times += 1;
        if *times == 1 {
            drop(failing);
            tracing::warn!(
                "no telemetry can be sent to {place}: {why}; what comes is lost until it can"
            );
        }
    }

    fn succeeded(&self, places: [&str; 2]) {
        for place in places {
            let times = self.failing().remove(place);
            if let Some(times) = times {
                tracing::warn!("telemetry is sent to {place} again, after {times} failed attempts");
            }
        }
    }

    /// At the end: what could not be sent.
    pub(super) fn say_what_is_lost(&self) {
        for (place, times) in std::mem::take(&mut *self.failing()) {
            tracing::warn!("{times} attempts to send telemetry to {place} failed");
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    /// Blocks: it is called on threads that do nothing else.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let url = request.uri().to_string();
        let collector = request.uri().authority().map_or_else(|| url.clone(), ToString::to_string);
        let (head, body) = request.into_parts();
        let sent = self.agent.run(Request::from_parts(head, &body[..])).and_then(|response| {
            let (head, mut body) = response.into_parts();
            let body = body.with_config().limit(MOST_READ).read_to_vec()?;
            Ok(Response::from_parts(head, Bytes::from(body)))
        });
        match &sent {
            Ok(response) if response.status().is_success() => self.succeeded([&collector, &url]),
            Ok(response) => self.failed(&url, &response.status()),
            Err(error) => self.failed(&collector, error),
        }
        Ok(sent?)
    }
}

/// The system's certificates are trusted, and those in the file `OTEL_EXPORTER_OTLP_CERTIFICATE`.
fn tls() -> Result<TlsConfig, String> {
    let mut roots: Vec<_> = rustls_native_certs::load_native_certs().certs;
    if let Some(file) = std::env::var_os("OTEL_EXPORTER_OTLP_CERTIFICATE") {
        let read = CertificateDer::pem_file_iter(&file).and_then(Iterator::collect::<Result<_, _>>);
        let read: Vec<_> = read.map_err(|error| format!("{}: {error}", file.display()))?;
        roots.extend(read);
    }
    let roots = roots.iter().map(|it| Certificate::from_der(it).to_owned());
    let config = TlsConfig::builder()
        .root_certs(RootCerts::from(roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    Ok(config)
}
