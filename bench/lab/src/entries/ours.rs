//! Our own: the models of all backends, and the floor of each model.

use std::path::Path;
use std::sync::Arc;

use crate::entries::ability::Ability;
use crate::entries::entry::Entry;
use crate::entries::files::Files;
use crate::entries::launch::Launch;
use crate::results::Kind;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Threads of the pool: a connection keeps its own, so this is how many can be served at once.
const POOL: &str = "4096";

/// What the backends can do, all of them.
const ABILITIES: &[Ability] = &[
    Ability::Http1,
    Ability::Close,
    Ability::Thousands,
    Ability::Http2,
    Ability::Tls,
    Ability::WebSocket,
    Ability::Files,
    Ability::Upload,
    Ability::Work,
    Ability::Block,
];

/// What a pool can do. Each listener of a backend has threads of its own, and a second pool of
/// thousands, for TLS, would be a burden on all that is measured of the first.
const OF_A_POOL: &[Ability] = &[
    Ability::Http1,
    Ability::Close,
    Ability::Http2,
    Ability::WebSocket,
    Ability::Files,
    Ability::Upload,
    Ability::Work,
    Ability::Block,
];

/// An entry's name, its backend and its model as the binary is told them, the concurrency model,
/// and the floor.
const OURS: [(&str, [&str; 2], &str, &str); 8] = [
    ("sync threads", ["sync", "threads"], "threads", "floor threads"),
    ("sync pool", ["sync", "pool"], "threads", "floor threads"),
    ("mio", ["mio", "loops"], "readiness", "floor mio"),
    ("uring", ["uring", "rings"], "completion", "floor uring"),
    ("tokio multi", ["tokio", "multi"], "tasks", "floor tokio"),
    ("tokio local", ["tokio", "local"], "tasks", "floor tokio"),
    ("async-std", ["async-std", "global"], "tasks", "floor async-std"),
    ("smol", ["smol", "executor"], "tasks", "floor smol"),
];

/// A floor's name, its model as the binary is told it, and the concurrency model.
const FLOORS: [(&str, &str, &str); 6] = [
    ("floor threads", "threads", "threads"),
    ("floor mio", "mio", "readiness"),
    ("floor uring", "uring", "completion"),
    ("floor tokio", "tokio", "tasks"),
    ("floor async-std", "async-std", "tasks"),
    ("floor smol", "smol", "tasks"),
];

/// The models of all backends, in the binary `subject` at this path.
#[must_use]
pub fn ours(subject: &Path, files: &Arc<Files>) -> Vec<Entry> {
    let entry = |(name, said, model, floor)| {
        let is_pool = said == ["sync", "pool"];
        let [backend, variant] = said;
        let further: &[&str] = if is_pool { &["--threads", POOL] } else { &["--tls"] };
        let arguments = [&[backend, variant, "--files", "{files}"], further].concat();
        Entry {
            name,
            kind: Kind::Ours,
            model,
            floor: Some(floor),
            abilities: if is_pool { OF_A_POOL } else { ABILITIES },
            version: VERSION.to_owned(),
            launch: Launch::announced(subject, &arguments).with_files(files),
        }
    };
    OURS.into_iter().map(entry).collect()
}

/// The floor of each model, in the binary `floor` at this path.
#[must_use]
pub fn floors(floor: &Path) -> Vec<Entry> {
    let entry = |(name, said, model)| Entry {
        name,
        kind: Kind::Floor,
        model,
        floor: None,
        abilities: &[Ability::Close, Ability::Thousands],
        version: VERSION.to_owned(),
        launch: Launch::announced(floor, &[said]),
    };
    FLOORS.into_iter().map(entry).collect()
}
