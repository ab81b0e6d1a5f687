//! Simulations from fixed seeds, in which every rule is kept; and that they meet what they are for.

use simulator::{Language, Tally, Words, play};

fn play_all(seeds: std::ops::Range<u64>) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        match play(seed, None, None) {
            Ok(course) => tally.add(&course),
            Err(violation) => {
                panic!("{violation}\nTo see it: cargo run -p simulator -- --seed {seed}")
            }
        }
    }
    tally
}

/// Plays these in two threads; returns what came of each half.
fn play_in_halves(seeds: std::ops::Range<u64>) -> [Tally; 2] {
    let middle = u64::midpoint(seeds.start, seeds.end);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| play_all(middle..seeds.end));
        let half = play_all(seeds.start..middle);
        [half, other.join().expect("the other half has failed, see above")]
    })
}

/// `cargo run -p simulator -- --for 10m` plays others.
#[test]
fn connections_from_fixed_seeds_keep_every_rule() {
    play_in_halves(0..600);
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn connections_from_further_seeds_keep_every_rule_and_meet_every_mishap() {
    let halves = play_in_halves(600..3600);
    // Of each kind of thing that may happen there is enough.
    for tally in halves {
        let count = |mishap| tally.mishaps.get(mishap).copied().unwrap_or_default();
        for mishap in [
            "nothing",
            "reset by the client",
            "long delays",
            "bodies nobody wants not read",
            "work refused",
            "work never done",
            "shutdown",
            "shutdown deadline",
        ] {
            assert!(count(mishap) >= 20, "{mishap}: {}", count(mishap));
        }
        for words in [Words::Http1, Words::Http2, Words::WebSocket] {
            for tls in [false, true] {
                let count = tally.languages.get(&Language { tls, words });
                assert!(count.is_some_and(|&count| count >= 50), "{words:?}: {count:?}");
            }
        }
        assert!(tally.answers > 2 * tally.simulations, "{} answers", tally.answers);
    }
}

#[test]
fn a_seed_leads_to_the_same_every_time() {
    for seed in 0..100 {
        let trace = || {
            let mut lines = Vec::new();
            let course = play(seed, None, Some(&mut |line| lines.push(line.to_owned())));
            // Under TLS, and behind the masks of WebSocket, the bytes themselves are random.
            lines.iter_mut().for_each(|line| line.truncate(line.find(": ").unwrap_or(line.len())));
            (format!("{course:?}"), lines)
        };
        assert_eq!(trace(), trace(), "seed {seed}");
    }
}

/// The chapter on the state machine shows this one.
#[test]
fn the_seed_in_the_course_cuts_a_head_brings_work_and_ends_in_a_reset() {
    let mut said = String::new();
    let only = Some(Language { tls: false, words: Words::Http1 });
    play(433, only, Some(&mut |line| said += &format!("{line}\n"))).expect("nothing goes wrong");
    let places = ["4 bytes arrive: GET ", "33 bytes arrive: ", "work Ticket(1) comes", "resets"];
    let places = places.map(|part| said.find(part).unwrap_or_else(|| panic!("{part}:\n{said}")));
    assert!(places.is_sorted(), "{said}");
}
