//! The options of the command line.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use backend_common::{Limits, TrustedProxies, TrustedProxy};
use bytesize::ByteSize;
use clap::{Args, Parser, ValueEnum, ValueHint};
use clap_complete::Shell;

#[cfg(unix)]
use crate::cli::parsers::mode;
use crate::cli::parsers::{
    admin_address, at_least_one, collector, directory, file, file_to_write, size, some_seconds,
    some_threads, time,
};
use crate::cli::place::{Place, place, secured_place};
use crate::forwarded::ForwardedField;
#[cfg(unix)]
use crate::operation::account::Account;
use crate::rate_limit::Rate;
use crate::site::{Listing, Settings};
use crate::telemetry::access_log::Format;

/// A web server for files, with six ways to wait: serves a directory over HTTP/1.1 and HTTP/2, with
/// or without TLS.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
pub(super) struct Options {
    /// Directory to serve at /, and nothing else; without one, a demonstration
    #[arg(value_name = "DIR", group = "directory", value_parser = directory())]
    pub(super) dir: Option<PathBuf>,
    /// Address and port to listen on, or unix:PATH; may be given several times. Port 0 lets the
    /// system choose
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8080",
        value_parser = place,
        long_help = "Address and port to listen on, or unix:PATH; may be given several times. Port \
                     0 lets the system choose. Words behind it are for this listener alone, such \
                     as '0.0.0.0:80 redirect' (--tls-redirect) or '10.0.0.1:81 proxy-protocol \
                     trust=10.0.0.0/8' (--proxy-protocol, in place of --trusted-proxy)"
    )]
    pub(super) listen: Vec<Place>,
    /// Serve this directory; the same as DIR
    #[arg(long, value_name = "DIR", group = "directory", value_parser = directory())]
    pub(super) site: Option<PathBuf>,
    /// List directories of DIR that have no index.html
    #[arg(long)]
    pub(super) listing: bool,
    /// Answer with this page of DIR for pages that do not exist, as single-page applications want
    /// it; files that do not exist, such as scripts and images, stay 404
    #[arg(long, value_name = "PAGE")]
    pub(super) fallback: Option<String>,
    /// Send files as they are: compress nothing, and ignore .br, .zst and .gz beside a file
    #[arg(long)]
    pub(super) no_compression: bool,
    /// Serve the demonstration as well, before the site
    #[arg(long)]
    pub(super) demo: bool,
    /// Answer /healthz as well, before the site
    #[arg(long)]
    pub(super) healthz: bool,
    /// Take uploads at /files, from anybody, and keep them in this directory
    #[arg(long, value_name = "DIR", value_parser = directory())]
    pub(super) data: Option<PathBuf>,
    /// How to wait [default: the first that this system has what it needs for]
    #[arg(long, value_name = "NAME")]
    pub(super) backend: Option<String>,
    /// Variant of the concurrency model
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Threads that drive connections [default: one for each processor; the pool of sync: 64]
    #[arg(long, value_name = "N", value_parser = some_threads)]
    pub(super) threads: Option<usize>,
    /// Threads for blocking work [default: two for each processor]
    #[arg(long, value_name = "N", value_parser = some_threads)]
    pub(super) workers: Option<usize>,
    /// Connections at once; further ones wait to be accepted
    #[arg(long, value_name = "N", default_value = "10000", value_parser = at_least_one)]
    pub(super) max_connections: usize,
    /// Pieces of work that run or wait to; further ones are answered 503
    #[arg(long, value_name = "N", default_value = "4096", value_parser = at_least_one)]
    pub(super) max_work: usize,
    /// How long requests under way may take to finish after shutdown has begun
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(super) shutdown_timeout: Duration,
    /// Say nothing but errors
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Say also who was refused and why, and how connections end
    #[arg(
        long,
        short,
        long_help = "Say also who was refused and why, and how connections end. In place of -q \
                     and -v, RUST_LOG says what is logged, such as warn,backend_common=debug"
    )]
    pub(super) verbose: bool,
    /// Read what is not said here from this file (TOML); SIGHUP reads it again
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
    /// Say whether the configuration is right, and do not serve
    #[arg(long)]
    pub(super) check_config: bool,
    /// Print the configuration as a file, with the source of each value, and do not serve
    #[arg(long)]
    pub(super) print_config: bool,
    /// Print the reference of all options, in Markdown
    #[arg(long, hide = true)]
    pub(super) reference: bool,
    /// The sites of the file.
    #[arg(skip)]
    pub(super) sites: Vec<Settings>,
    /// Print completions for a shell, to be put where it looks for them
    #[arg(long, value_name = "SHELL")]
    pub(super) completions: Option<Shell>,
    /// Print the manual page: wtw --man | man -l -
    #[arg(long)]
    pub(super) man: bool,
    #[cfg(unix)]
    #[command(flatten)]
    pub(super) operation: OperationOptions,
    #[command(flatten)]
    pub(super) logs: LogOptions,
    #[command(flatten)]
    pub(super) tls: TlsOptions,
    #[command(flatten)]
    pub(super) clients: ClientOptions,
    #[command(flatten)]
    pub(super) limits: LimitOptions,
}

/// What the system is to know of the server.
#[cfg(unix)]
#[derive(Args)]
#[command(next_help_heading = "Operation")]
pub(super) struct OperationOptions {
    /// Become this user (and group, if it is another than the user's) when the listeners are bound
    /// and certificates are read; for root
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(super) user: Option<Account>,
    /// File for the number of the process
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        value_parser = file_to_write()
    )]
    pub(super) pid_file: Option<PathBuf>,
    /// Permissions of the file of a listener at a path, in octal; who may write may connect
    /// [default: as the umask says]
    #[arg(long, value_name = "MODE", value_parser = mode)]
    pub(super) socket_mode: Option<u32>,
    /// User (and group, if it is another than the user's) that the file of a listener at a path is
    /// given to
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(super) socket_owner: Option<Account>,
}

/// What is said of requests, and where.
#[derive(Args)]
#[command(next_help_heading = "Logs and metrics")]
pub(super) struct LogOptions {
    /// Format of the log, which goes to standard error; auto is text on a terminal, else JSON
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(super) log_format: LogFormat,
    /// Log each request when its response is sent: its peer, status, bytes, time, and how much of
    /// that it waited
    #[arg(long, value_name = "FORMAT")]
    pub(super) access_log: Option<Format>,
    /// Append the access log to this file; SIGUSR1 and SIGHUP open it again [default: standard
    /// output]
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        value_parser = file_to_write()
    )]
    pub(super) access_log_file: Option<PathBuf>,
    /// Answer /metrics (Prometheus), /healthz and /readyz at this address, or at this port of
    /// 127.0.0.1
    #[arg(long, value_name = "ADDR", value_parser = admin_address)]
    pub(super) admin: Option<String>,
    /// Send traces, metrics and logs by OTLP to the collector at this URL, whose port is 4318 as a
    /// rule; needs a program built with the feature otlp
    #[arg(long, value_name = "URL", value_parser = collector)]
    pub(super) otlp: Option<String>,
}

/// How the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// Text.
    Text,
    /// An object of JSON for each line.
    Json,
}

/// Whether, where and with which certificates TLS is spoken.
#[derive(Args)]
#[command(next_help_heading = "TLS")]
pub(super) struct TlsOptions {
    /// Address and port to speak TLS at, or unix:PATH, besides --listen; may be given several times
    #[arg(long, value_name = "ADDR", value_parser = secured_place)]
    pub(super) tls_listen: Vec<Place>,
    /// Certificate chain (PEM); with several, the client's SNI chooses. Read again on SIGHUP and
    /// when it changes
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = file())]
    pub(super) tls_cert: Vec<PathBuf>,
    /// Private key (PEM) of each certificate, in the same order
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = file())]
    pub(super) tls_key: Vec<PathBuf>,
    /// A certificate for localhost that nobody trusts, for development; kept for the next time
    #[arg(long)]
    pub(super) tls_self_signed: bool,
    /// Answer plain HTTP with a redirect to --tls-listen, at every --listen; the word redirect does
    /// it at one
    #[arg(long)]
    pub(super) tls_redirect: bool,
    /// Tell clients over TLS not to try plain HTTP for so long (HSTS)
    #[arg(long, value_name = "TIME", value_parser = some_seconds)]
    pub(super) hsts: Option<Duration>,
    /// Longest time from the connection to the end of the handshake
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(super) handshake_timeout: Duration,
}

/// Who the client is, if a proxy is in front, and how much each client may have.
#[derive(Args)]
#[command(next_help_heading = "Clients (behind proxies or not)")]
pub(super) struct ClientOptions {
    /// Believe this proxy when it says who its client is: an address, a network such as 10.0.0.0/8,
    /// or unix for all that come through a path
    #[arg(long, value_name = "CIDR")]
    pub(super) trusted_proxy: Vec<TrustedProxy>,
    /// What trusted proxies set: X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239)
    #[arg(long, value_name = "NAME", default_value = "x-forwarded")]
    pub(super) forwarded_field: ForwardedField,
    /// Expect the PROXY protocol, version 1 or 2, from trusted proxies, and serve nobody else, at
    /// every listener; the word proxy-protocol does it at one
    #[arg(long)]
    pub(super) proxy_protocol: bool,
    /// Connections of each client address at once; further ones are closed [default: any number]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(super) max_connections_per_address: Option<usize>,
    /// Requests of each client address, such as 10/s, 600/m or 1000/h; further ones are answered
    /// 429 [default: any number]
    #[arg(long, value_name = "RATE")]
    pub(super) max_requests_per_address: Option<Rate>,
    /// How many of them may come at once [default: those of a second]
    #[arg(long, value_name = "N")]
    pub(super) max_burst_per_address: Option<NonZeroU32>,
    /// How much of an address of IPv6 tells clients apart, in bits
    #[arg(
        long,
        value_name = "BITS",
        default_value = "64",
        value_parser = clap::value_parser!(u8).range(1..=128)
    )]
    pub(super) ipv6_prefix: u8,
}

/// Limits of a connection; the defaults are those of [`Limits::default`].
#[derive(Args)]
#[command(next_help_heading = "Limits of each connection (sizes such as 16KiB, times such as 30s)")]
pub(super) struct LimitOptions {
    /// Longest request line
    #[arg(long, value_name = "SIZE", default_value = "8KiB", value_parser = size)]
    pub(super) max_request_line: ByteSize,
    /// Longest request head
    #[arg(long, value_name = "SIZE", default_value = "16KiB", value_parser = size)]
    pub(super) max_head: ByteSize,
    /// Most fields in a head, up to 128
    #[arg(
        long,
        value_name = "N",
        default_value = "100",
        value_parser = clap::value_parser!(u64).range(1..=128)
    )]
    pub(super) max_fields: u64,
    /// Longest request body
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = size)]
    pub(super) max_body: ByteSize,
    /// Longest request body that is kept in memory
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = size)]
    pub(super) max_collect: ByteSize,
    /// Longest sum of chunk extensions in a body
    #[arg(long, value_name = "SIZE", default_value = "16KiB", value_parser = size)]
    pub(super) max_chunk_extensions: ByteSize,
    /// Most of an unwanted body that is read to keep the connection
    #[arg(long, value_name = "SIZE", default_value = "256KiB", value_parser = size)]
    pub(super) max_discard: ByteSize,
    /// Most unsent output before a connection has to wait
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = size)]
    pub(super) high_water: ByteSize,
    /// Requests that an HTTP/2 connection may have under way at once
    #[arg(
        long,
        value_name = "N",
        default_value = "100",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(super) max_streams: u32,
    /// Longest silence between requests
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    pub(super) idle_timeout: Duration,
    /// Longest time for a head to arrive
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(super) head_timeout: Duration,
    /// Longest time for a body to advance by a KiB
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = time)]
    pub(super) body_timeout: Duration,
    /// Longest time for output to advance by a KiB
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = time)]
    pub(super) write_timeout: Duration,
    /// Longest silence of the peer after we have closed, for 30s in all
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time)]
    pub(super) linger_timeout: Duration,
}

impl ClientOptions {
    pub(super) fn proxies(&self) -> TrustedProxies {
        TrustedProxies(self.trusted_proxy.clone())
    }
}

impl LimitOptions {
    pub(super) fn limits(&self) -> Limits {
        let size = |size: ByteSize| usize::try_from(size.as_u64()).unwrap_or(usize::MAX);
        Limits {
            max_request_line: size(self.max_request_line),
            max_head: size(self.max_head),
            max_fields: usize::try_from(self.max_fields).unwrap_or(usize::MAX),
            max_body: self.max_body.as_u64(),
            max_collect: size(self.max_collect),
            high_water: size(self.high_water).max(1),
            idle_timeout: self.idle_timeout,
            head_timeout: self.head_timeout,
            body_timeout: self.body_timeout,
            write_timeout: self.write_timeout,
            max_chunk_extensions: size(self.max_chunk_extensions),
            max_discard: self.max_discard.as_u64(),
            max_streams: self.max_streams,
            linger_timeout: self.linger_timeout,
        }
    }
}

impl Options {
    /// The directory that is served.
    pub(super) fn directory(&self) -> Option<&Path> {
        self.dir.as_deref().or(self.site.as_deref())
    }

    /// The sites that are served: that of the directory, or those of the file.
    pub(super) fn sites(&self) -> Vec<Settings> {
        self.site_of_directory().map_or_else(|| self.sites.clone(), |site| vec![site])
    }

    /// The site that consists of the directory, if there is one.
    pub(super) fn site_of_directory(&self) -> Option<Settings> {
        let directory = self.directory()?;
        let mut site = Settings {
            listing: Listing::Everywhere(self.listing),
            fallback: self.fallback.clone(),
            precompressed: !self.no_compression,
            ..Settings::new(directory)
        };
        if self.no_compression {
            site.compress.algorithms.clear();
        }
        Some(site)
    }

    pub(super) fn speaks_tls(&self) -> bool {
        !self.tls.tls_listen.is_empty()
    }

    /// Lines that say what is served.
    pub(super) fn served(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let sites = self.sites();
        if sites.is_empty() || self.demo {
            lines.push("serves the demonstration".to_owned());
        }
        for Settings { root, hosts, .. } in &sites {
            let hosts = if hosts.is_empty() { String::new() } else { hosts.join(", ") + ": " };
            lines.push(format!("{hosts}serves the site in {}", root.display()));
        }
        if self.healthz && !self.demo {
            lines.push("answers /healthz".to_owned());
        }
        if let Some(data) = &self.data {
            lines.push(format!("takes uploads at /files, kept in {}", data.display()));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let options = Options::parse_from(["backend"]);
        assert_eq!(options.limits.limits(), Limits::default());
        let config = backend_common::Config::default();
        assert_eq!(options.max_connections, config.max_connections);
        assert_eq!(options.max_work, config.max_work);
    }
}
