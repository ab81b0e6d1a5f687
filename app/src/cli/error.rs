//! Why a server does not run, in sentences for its operator.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use thiserror::Error;

use crate::certificates;
use crate::operation::listeners::PATH;
use crate::site;

/// An attempt that failed, and why.
#[derive(Debug, Error)]
pub(super) enum Error {
    /// The system lacks what the backend needs.
    #[error("{0}")]
    System(io::Error),
    #[error("RUST_LOG cannot be understood: {0}")]
    Filter(tracing_subscriber::filter::ParseError),
    #[error(transparent)]
    Site(#[from] site::Error),
    #[error("cannot use the data directory {}: {}", .0.display(), .1)]
    Data(PathBuf, io::Error),
    #[error("cannot listen on {address}: {error}{}", way_out(address, error))]
    Listen { address: String, error: io::Error },
    #[cfg(unix)]
    #[error("{0}")]
    Service(String),
    #[error("a socket named https or tls was passed: name a certificate as well, see --tls-listen")]
    NoCertificate,
    #[error("cannot use a listener: {0}")]
    Listener(io::Error),
    #[error("cannot make a certificate: there is no home directory to keep it in")]
    Homeless,
    #[error("cannot make a certificate: {0}")]
    SelfSigned(certificates::Error),
    #[error("cannot use a certificate: {0}")]
    Certificates(certificates::Error),
    #[error("cannot speak TLS: {0}")]
    Tls(certificates::Error),
    #[error("cannot watch the certificates: {0}")]
    Watch(io::Error),
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    #[error("cannot write the access log: {0}")]
    AccessLog(io::Error),
    #[error("cannot send telemetry by OTLP: {0}")]
    Otlp(String),
    #[error("cannot serve the administrators: {0}")]
    Admin(io::Error),
    #[error("cannot serve: {0}")]
    Serve(io::Error),
}

/// Advice for an address that is refused, if there is any.
fn way_out(address: &str, error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::AddrInUse if address.starts_with(PATH) => "; another server listens there",
        ErrorKind::AddrInUse => "; something else listens there, so take another port",
        ErrorKind::AddrNotAvailable => "; no interface of this machine has it",
        ErrorKind::PermissionDenied if is_reserved(address) => RESERVED,
        _ => "",
    }
}

/// Advice for a port that only privileged programs may have.
const RESERVED: &str = if cfg!(target_os = "linux") {
    "; ports below 1024 are reserved, so take a higher one, or let the program have them: \
     setcap cap_net_bind_service=+ep FILE"
} else {
    "; ports below 1024 are reserved, so take a higher one"
};

fn is_reserved(address: &str) -> bool {
    let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    port.is_some_and(|port| (1..1024).contains(&port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_address_is_named_with_a_way_out() {
        for (address, kind, end) in [
            ("[::1]:80", ErrorKind::AddrInUse, "so take another port"),
            ("10.9.8.7:80", ErrorKind::AddrNotAvailable, "no interface of this machine has it"),
            ("[::1]:80", ErrorKind::PermissionDenied, RESERVED),
            ("[::1]:8080", ErrorKind::PermissionDenied, "permission denied"),
        ] {
            let error = Error::Listen { address: address.into(), error: kind.into() };
            let said = error.to_string();
            assert!(said.starts_with(&format!("cannot listen on {address}: ")), "{said}");
            assert!(said.ends_with(end), "{said}");
        }
    }
}
