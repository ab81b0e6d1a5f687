//! Servers of others that are built here: each a small program in `bench/peers` that answers
//! `GET /text` as that library's own documentation would have it done.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::entries::ability::Ability;
use crate::entries::cargo;
use crate::entries::entry::{Entry, Missing};
use crate::entries::files::Files;
use crate::entries::launch::Launch;
use crate::results::Kind;

/// A peer, whose name is that of its crate and of the binary here.
struct Peer {
    name: &'static str,
    model: &'static str,
    floor: Option<&'static str>,
    abilities: &'static [Ability],
}

const PEERS: [Peer; 8] = [
    Peer {
        name: "hyper",
        model: "tasks",
        floor: Some("floor tokio"),
        abilities: &[Ability::Http1, Ability::Close, Ability::Http2, Ability::Upload],
    },
    Peer {
        name: "axum",
        model: "tasks",
        floor: Some("floor tokio"),
        abilities: &[Ability::Http1, Ability::Close, Ability::Http2],
    },
    Peer {
        name: "actix-web",
        model: "tasks",
        floor: Some("floor tokio"),
        abilities: &[Ability::Http1, Ability::Close],
    },
    Peer {
        name: "ntex",
        model: "tasks",
        floor: Some("floor tokio"),
        abilities: &[Ability::Http1, Ability::Close],
    },
    Peer { name: "may_minihttp", model: "coroutines", floor: None, abilities: &[] },
    Peer {
        name: "tiny_http",
        model: "threads",
        floor: Some("floor threads"),
        abilities: &[Ability::Http1, Ability::Close],
    },
    Peer {
        name: "httpsd",
        model: "readiness",
        floor: Some("floor mio"),
        abilities: &[Ability::Http1, Ability::Close],
    },
    Peer {
        name: "mini_async_http",
        model: "readiness",
        floor: Some("floor mio"),
        abilities: &[Ability::Http1, Ability::Close],
    },
];

/// The workspace of the peers.
pub(super) fn workspace() -> PathBuf {
    cargo::workspace().join("bench/peers")
}

/// Where they are built.
pub(super) fn target() -> PathBuf {
    workspace().join("target")
}

/// Those that have been built, and the reason for each that has not.
pub fn all(files: &Arc<Files>) -> impl Iterator<Item = Result<Entry, Missing>> {
    let lock = fs::read_to_string(workspace().join("Cargo.lock")).unwrap_or_default();
    PEERS.iter().map(move |peer| {
        let program = target().join("release").join(peer.name);
        if !program.is_file() {
            let reason = "it has not been built: `cargo lab peers` does so";
            return Err((peer.name.to_owned(), reason.to_owned()));
        }
        let arguments = ["--listen", "127.0.0.1:{port}"];
        Ok(Entry {
            name: peer.name,
            kind: Kind::Peer,
            model: peer.model,
            floor: peer.floor,
            abilities: peer.abilities,
            version: version(&lock, peer.name).unwrap_or_default(),
            launch: Launch::told(&program, &arguments).with_files(files),
        })
    })
}

/// The version of a package, by the file in which cargo has noted it.
fn version(lock: &str, package: &str) -> Option<String> {
    let (_, behind) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(format!("{package} {}", behind.split('"').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_cargo_has_noted() {
        let lock = "[[package]]\nname = \"a-b\"\nversion = \"9\"\n\n\
                    [[package]]\nname = \"b\"\nversion = \"1.2.3\"\n";
        assert_eq!(version(lock, "b").as_deref(), Some("b 1.2.3"));
        assert_eq!(version(lock, "c"), None);
    }
}
