//! What other servers call it, and what it is called here: for users who bring a configuration or
//! habits along. `docs/moving.md` says it at length.

use clap::Error;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Keys and tables of other servers' files.
const KEYS: [(&[&str], &str); 36] = [
    (&["server", "sites", "virtualhost", "virtual-hosts"], "[[site]]"),
    (&["http", "events", "general", "advanced"], "the top of the file, without a table"),
    (&["server_name", "host", "hostname", "domain"], "hosts in a [[site]]"),
    (&["location"], "match in the rules of a [[site]]: [[site.headers]], [[site.redirects]]"),
    (&["document_root", "documentroot", "dir", "directory"], "root in a [[site]]"),
    (&["index"], "index.html, which stands for its directory by default"),
    (&["port", "address", "bind"], "listen = \"0.0.0.0:80\", an address and a port"),
    (&["try_files", "page-fallback", "spa"], "fallback = \"index.html\" in a [[site]]"),
    (&["error_page", "page404", "handle_errors"], "not-found = \"404.html\" in a [[site]]"),
    (&["autoindex", "browse", "directory-listing"], "listing = true in a [[site]]"),
    (&["add_header", "header"], "[[site.headers]]"),
    (&["expires", "cache-control", "cache_control"], "[[site.cache]]"),
    (&["return", "redirect", "redir"], "[[site.redirects]], or tls-redirect = true for HTTPS"),
    (&["rewrite"], "[[site.rewrites]], or [[site.redirects]] if clients are to know"),
    (&["gzip", "brotli", "encode", "compression"], "compress in a [[site]], on by default"),
    (&["gzip_static", "brotli_static", "compression-static"], "precompressed in a [[site]]"),
    (&["ssl_certificate", "cert", "certificate", "http2-tls-cert"], "tls-cert in [tls]"),
    (&["ssl_certificate_key", "key", "http2-tls-key"], "tls-key in [tls]"),
    (&["ssl", "http2"], "tls-listen, tls-cert and tls-key in [tls]; HTTP/2 comes with it"),
    (
        &["access_log", "log"],
        "access-log = \"combined\", \"vhost-combined\" or \"json\", and access-log-file",
    ),
    (&["error_log"], "standard error, in the format of log-format"),
    (&["log-level", "log_level", "level"], "quiet = true or verbose = true, or RUST_LOG"),
    (&["metrics", "prometheus", "stub_status"], "admin = \"9000\" in [logs]"),
    (&["include", "import"], "one file, with several [[site]]"),
    (&["user_name", "group"], "user = \"USER:GROUP\" in [operation]"),
    (&["pid"], "pid-file in [operation]"),
    (&["worker_processes"], "threads"),
    (&["worker_connections"], "max-connections"),
    (&["client_max_body_size"], "max-body in [limits]"),
    (&["keepalive_timeout"], "idle-timeout in [limits]"),
    (&["limit_conn", "limit_conn_zone"], "max-connections-per-address in [clients]"),
    (&["limit_req", "limit_req_zone"], "max-requests-per-address in [clients]"),
    (&["real_ip_header", "set_real_ip_from"], "trusted-proxy and forwarded-field in [clients]"),
    (&["proxy_protocol"], "proxy-protocol in [clients], or behind an address of listen"),
    (&["default_server"], "a [[site]] without hosts, which is that of all other hosts"),
    (&["alias"], "[[site.rewrites]], or another [[site]] with its root"),
];

/// What nothing here does.
const ABSENT: [&str; 8] = [
    "proxy_pass",
    "reverse_proxy",
    "fastcgi_pass",
    "php_fastcgi",
    "upstream",
    "auth_basic",
    "allow",
    "deny",
];

/// Options of other programs.
const OPTIONS: [(&[&str], &str); 10] = [
    (&["-c", "-f", "--config-file", "--conf"], "--config FILE reads a configuration"),
    (&["-t", "-T", "--test", "--validate"], "--check-config says whether a configuration is right"),
    (
        &["-p", "--port", "-l", "-a", "-b", "--bind", "--address", "--host", "-i", "--interfaces"],
        "--listen 127.0.0.1:8080 is the address and port, 0.0.0.0:8080 for everybody",
    ),
    (&["-d", "-r", "--dir", "--directory", "--root"], "the directory stands alone: wtw DIR"),
    (&["--single", "--spa", "--page-fallback"], "--fallback index.html is for such pages"),
    (
        &["-s", "--signal"],
        "signals are sent with kill: SIGHUP reads the configuration again, SIGTERM stops, SIGUSR2 \
         hands over to a new program; -s of other servers for single pages is --fallback here",
    ),
    (&["-g", "--gzip", "-z", "--compression"], "text is compressed without an option"),
    (&["--index"], "index.html stands for its directory without an option"),
    (&["--cors", "--header"], "headers are set by [[site.headers]] in a file: see --print-config"),
    (
        &["-D", "--daemon"],
        "it stays in the foreground: a service manager such as systemd starts it",
    ),
];

/// The end of a sentence about a key or table of another server.
pub(super) fn key(word: &str) -> Option<String> {
    let word = word.to_ascii_lowercase();
    if ABSENT.contains(&&*word) {
        return Some(
            ": files are served here to everybody, without other servers or passwords".to_owned(),
        );
    }
    let (_, ours) = KEYS.iter().find(|(words, _)| words.contains(&&*word))?;
    Some(format!(": here it is {ours}"))
}

/// The error with a tip on what is here, if it is about an option of another program.
pub(super) fn explained(mut error: Error) -> Error {
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg)
        && let Some((_, tip)) = OPTIONS.iter().find(|(words, _)| words.contains(&&**option))
    {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(*tip)]));
        error.remove(ContextKind::SuggestedArg);
    }
    error
}
