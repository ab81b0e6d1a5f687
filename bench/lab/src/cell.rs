//! One measurement: a load on a server, and what the kernel counted meanwhile.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{io, thread};

use crate::entries::{Running, Usage};
use crate::judge;
use crate::load::{self, Event, Next, Outcome, Plan, Trouble};
use crate::results::{Cell, Void};
use crate::scenarios::{Burden, Scenario};

/// A burden lasts longer than the measurement that it burdens.
const LONGER: Duration = Duration::from_secs(600);

/// Measures once.
pub(crate) fn measure(server: &Running, scenario: &Scenario, plan: &Plan) -> io::Result<Cell> {
    let is_over = AtomicBool::new(false);
    let (outcome, used) = thread::scope(|scope| {
        if let Some(burden) = scenario.burden_plan(plan) {
            let burden = Plan { duration: LONGER, ..burden };
            let is_over = &is_over;
            // What comes of it is not asked for: it is there as long as the measurement is.
            scope.spawn(move || load::run(&burden, &mut |_| until(is_over)));
        }
        let observed = observed(server, plan);
        is_over.store(true, Ordering::Relaxed);
        observed
    })?;
    let seconds = outcome.elapsed.as_secs_f64();
    let core_used = used.cpu as f64 / 1e9 / seconds.max(f64::MIN_POSITIVE);
    let mut void = judge::voids(plan, &outcome, core_used, scenario.is_overload());
    if scenario.burden != Burden::None {
        let reason = "the burden takes part of it, and its requests are not counted".to_owned();
        void.push(Void { figure: "cpu".to_owned(), reason });
    }
    let ticks = (used.user_ticks + used.kernel_ticks).max(1);
    Ok(Cell {
        seconds,
        requests: outcome.requests,
        offered: outcome.scheduled.map(|scheduled| scheduled as f64 / seconds),
        cpu: used.cpu,
        kernel_share: used.kernel_ticks as f64 / ticks as f64,
        switches: used.switches.map(|it| (it.waits, it.preemptions)),
        generator_busy: 1.0 / outcome.headroom(plan.threads),
        mean: outcome.latency.mean(),
        latency: if scenario.is_about_latency() { sparse(&outcome) } else { Vec::new() },
        // The last in the queue is answered when the server has caught up.
        recovery: scenario.is_overload().then(|| outcome.latency.max()),
        errors: errors(&outcome),
        void,
        ..Cell::default()
    })
}

/// Goes on until something is over.
fn until(is_over: &AtomicBool) -> Next {
    if is_over.load(Ordering::Relaxed) { Next::Stop } else { Next::Go }
}

/// Puts the load on the server, and counts what the server used in the time that counts.
fn observed(server: &Running, plan: &Plan) -> io::Result<(Outcome, Usage)> {
    let (mut before, mut after) = (None, None);
    let outcome = load::run(plan, &mut |event| {
        match event {
            Event::Begun => before = Some(server.usage()),
            Event::Ended => after = Some(server.usage()),
            Event::Progress { .. } => {}
        }
        Next::Go
    })?;
    let (Some(before), Some(after)) = (before, after) else {
        return Err(io::Error::other("it ended before anything was counted"));
    };
    Ok((outcome, after?.since(&before?)))
}

/// The latencies as pairs of the distance from the value before, and how often.
fn sparse(outcome: &Outcome) -> Vec<(u64, u64)> {
    let mut before = 0;
    let values = outcome.latency.iter_recorded().map(|value| {
        let at = value.value_iterated_to();
        let distance = at - before;
        before = at;
        (distance, value.count_at_value())
    });
    values.collect()
}

fn errors(outcome: &Outcome) -> BTreeMap<String, u64> {
    let name = |trouble: &Trouble| match trouble {
        Trouble::Connect => "connect",
        Trouble::Closed => "closed",
        Trouble::Timeout => "timeout",
        Trouble::Wrong => "wrong",
    };
    outcome.errors.iter().map(|(trouble, count)| (name(trouble).to_owned(), *count)).collect()
}
