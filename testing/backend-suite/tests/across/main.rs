//! All backends say the same: scripts of requests with random splits, pauses, half-closes and
//! resets are played to every model of every backend, and what comes back has to be the same, byte
//! for byte but for `Date`. ([`tape`] says what else cannot be, and why.)
//!
//! This stands here since the suite of each backend knows of no other.
//!
//! Each script has a seed. `PROPTEST_RNG_SEED` says which is the first, `PROPTEST_CASES` how many
//! there are. A script that fails is made smaller, and shown with the command that plays it again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod compare;
mod folder;
mod http2;
mod memory;
mod places;
mod player;
mod request;
mod script;
mod tape;
mod versions;
mod wire;

use compare::{Player, compare};
use memory::Memory;
use places::{Places, limits};
use script::Script;
use wire::{Tcp, Tls};

#[test]
fn http1_is_the_same_on_all_backends() {
    compare_http1(60);
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn http1_is_the_same_on_all_backends_in_more_scripts() {
    compare_http1(200);
}

/// Plays so many scripts.
fn compare_http1(scripts: u64) {
    let all = Places::start();
    let mut players = vec![in_memory(&all)];
    for place in &all.places {
        players.push(Player::new(&place.name, |script, number| {
            let folder = all.folder(&place.directory, number);
            player::play(script, &folder, || Tcp::connect(place.plain))
        }));
    }
    compare("http1_is", scripts, script::script, &players);
    drop(players);
    all.stop();
}

#[test]
fn http1_over_tls_is_the_same_on_all_backends() {
    compare_http1_over_tls(15);
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn http1_over_tls_is_the_same_on_all_backends_in_more_scripts() {
    compare_http1_over_tls(40);
}

/// Plays so many scripts.
fn compare_http1_over_tls(scripts: u64) {
    let all = Places::start();
    let mut players = vec![in_memory(&all)];
    for place in &all.places {
        players.push(Player::new(&place.name, |script, number| {
            let folder = all.folder(&place.directory, number);
            player::play(script, &folder, || Tls::connect(place.secured, &all.client))
        }));
    }
    compare("http1_over_tls", scripts, script::script, &players);
    drop(players);
    all.stop();
}

/// HTTP/1.1 as it is without sockets, and without TLS, which changes nothing that is said.
fn in_memory(all: &Places) -> Player<'_, Script> {
    Player::new("in memory", |script, number| {
        let folder = all.folder(all.nowhere(), number);
        player::play(script, &folder, || Ok(Memory::new(&all.app, limits())))
    })
}

#[test]
fn http2_is_the_same_on_all_backends() {
    compare_http2(15);
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn http2_is_the_same_on_all_backends_in_more_scripts() {
    compare_http2(40);
}

/// Plays so many scripts.
fn compare_http2(scripts: u64) {
    let all = Places::start();
    let mut players = vec![Player::new("in memory", |script, number| {
        let folder = all.folder(all.nowhere(), number);
        http2::play(script, &folder, async || Memory::new(&all.app, limits()).serve())
    })];
    for place in &all.places {
        players.push(Player::new(&place.name, |script: &http2::Script, number| {
            let folder = all.folder(&place.directory, number);
            http2::play(script, &folder, || http2::connect(place.plain))
        }));
    }
    compare("http2_is", scripts, http2::script, &players);
    drop(players);
    all.stop();
}
