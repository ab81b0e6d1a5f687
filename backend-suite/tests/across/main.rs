//! All backends say the same: scripts of requests with random splits, pauses, half-closes and resets
//! are played to every model of every backend, and what comes back has to be the same, byte for
//! byte but for `Date`. ([`tape`] says what else cannot be, and why.)
//!
//! This stands here since the suite of each backend knows of no other.
//!
//! Each script has a seed. `PROPTEST_RNG_SEED` says which is the first, `PROPTEST_CASES` how many
//! there are. A script that fails is made smaller, and shown with the command that plays it again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod compare;
mod folder;
mod http2;
mod places;
mod player;
mod request;
mod script;
mod tape;
mod wire;

use compare::{Played, compare};
use places::Places;
use player::play;
use wire::{Tcp, Tls};

#[test]
fn http1_is_the_same_on_all_backends() {
    let all = Places::start();
    let players = all.places.iter().map(|place| {
        let all = &all;
        Played::new(&place.name, move |script: &script::Script, number| {
            let folder = all.folder(place.directory(), number);
            play(script, &folder, || Tcp::connect(place.plain))
        })
    });
    compare("http1_is", 300, script::script, &players.collect::<Vec<_>>());
    all.stop();
}

#[test]
fn http1_over_tls_is_the_same_on_all_backends() {
    let all = Places::start();
    let players = all.places.iter().map(|place| {
        let all = &all;
        Played::new(&place.name, move |script: &script::Script, number| {
            let folder = all.folder(place.directory(), number);
            play(script, &folder, || Tls::connect(place.secured, &all.client))
        })
    });
    compare("http1_over_tls", 60, script::script, &players.collect::<Vec<_>>());
    all.stop();
}

#[test]
fn http2_is_the_same_on_all_backends() {
    let all = Places::start();
    let players = all.places.iter().map(|place| {
        let all = &all;
        Played::new(&place.name, move |script: &http2::Script, number| {
            let folder = all.folder(place.directory(), number);
            http2::play(script, &folder, place.plain)
        })
    });
    compare("http2", 60, http2::script, &players.collect::<Vec<_>>());
    all.stop();
}
