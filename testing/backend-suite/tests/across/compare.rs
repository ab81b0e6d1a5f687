//! Many scripts, many players, one result.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestError, TestRunner};

use crate::tape::Tape;

/// Somebody who plays scripts, each with a number.
pub(crate) struct Player<'a, S> {
    name: String,
    play: Box<Play<'a, S>>,
}

/// Plays a script. The number is for what it leaves behind.
type Play<'a, S> = dyn Fn(&S, u64) -> Tape + Send + Sync + 'a;

impl<'a, S> Player<'a, S> {
    pub(crate) fn new(name: &str, play: impl Fn(&S, u64) -> Tape + Send + Sync + 'a) -> Self {
        Player { name: name.to_owned(), play: Box::new(play) }
    }
}

/// Has everyone play the same scripts, each at their own pace, and compares what came back.
///
/// # Panics
/// With a script of which it was not the same, if there is one.
pub(crate) fn compare<T>(
    test: &str,
    usual: u64,
    strategy: impl Fn() -> T,
    players: &[Player<'_, T::Value>],
) where
    T: Strategy,
    T::Value: Display + Send + Sync,
{
    let (first, count) = asked(usual);
    let seeds = first..first + count;
    let scripts: Vec<_> = seeds.map(|seed| (seed, tree(&strategy(), seed).current())).collect();
    let tapes = record(&scripts, players);
    let numbers = AtomicU64::new(first + count);
    for (at, (seed, script)) in scripts.iter().enumerate() {
        let taped: Vec<_> = tapes.iter().map(|tapes| tapes.get(at)).collect();
        let Err(reason) = agree(players, &taped) else { continue };
        // Once more, and then less and less of it.
        let result = runner(*seed).run_one(tree(&strategy(), *seed), |script| {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let tapes = record(&[(number, script)], players);
            let taped: Vec<_> = tapes.iter().map(|tapes| tapes.first()).collect();
            agree(players, &taped).map_err(TestCaseError::fail)
        });
        let smaller = match &result {
            Err(TestError::Fail(reason, script)) => format!("Made smaller:\n{script}\n{reason}"),
            _ => "Played again, it went well.\n".to_owned(),
        };
        panic!(
            "script {seed}:\n{script}\n{reason}\n{smaller}\nPROPTEST_RNG_SEED={seed} \
             PROPTEST_CASES=1 cargo test -p backend-suite --test across {test}\n"
        );
    }
}

/// The first seed and how many there are, as the environment has it.
fn asked(usual: u64) -> (u64, u64) {
    let given = ProptestConfig::default();
    let first = match given.rng_seed {
        RngSeed::Random => 9110,
        RngSeed::Fixed(seed) => seed,
    };
    let is_asked = std::env::var_os("PROPTEST_CASES").is_some();
    (first, if is_asked { given.cases.into() } else { usual })
}

fn runner(seed: u64) -> TestRunner {
    TestRunner::new(ProptestConfig {
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_time: 60_000, // milliseconds
        ..ProptestConfig::default()
    })
}

fn tree<T: Strategy>(strategy: &T, seed: u64) -> T::Tree {
    strategy.new_tree(&mut runner(seed)).expect("a script can be made")
}

/// The records of each player of each script, up to one that goes wrong: it may go on so, with a
/// long wait each time.
fn record<S: Sync>(scripts: &[(u64, S)], players: &[Player<'_, S>]) -> Vec<Vec<Tape>> {
    thread::scope(|scope| {
        let play = |player: &Player<'_, S>| {
            let mut tapes = Vec::new();
            for (number, script) in scripts {
                let tape = catch_unwind(AssertUnwindSafe(|| (player.play)(script, *number)));
                let tape = tape.unwrap_or_else(|_| Tape::of_panic());
                let is_wrong = tape.is_wrong().is_some();
                tapes.push(tape);
                if is_wrong {
                    break;
                }
            }
            tapes
        };
        let threads: Vec<_> =
            players.iter().map(|player| scope.spawn(move || play(player))).collect();
        threads.into_iter().map(|thread| thread.join().expect("panics are caught")).collect()
    })
}

/// Whether everyone has the same as the first.
fn agree<S>(players: &[Player<'_, S>], tapes: &[Option<&Tape>]) -> Result<(), String> {
    let named: Vec<_> = players.iter().zip(tapes).collect();
    for (player, tape) in &named {
        if let Some(wrong) = tape.and_then(Tape::is_wrong) {
            return Err(format!("{}: {wrong}\n", player.name));
        }
    }
    let (first, Some(expected)) = named[0] else { return Ok(()) };
    for (player, tape) in &named[1..] {
        if let Some(tape) = *tape
            && tape != expected
        {
            return Err(expected.difference(&first.name, tape, &player.name));
        }
    }
    Ok(())
}
