//! Results that could be those of a full run: the shapes and the noise are plausible, the figures
//! are invented.

use std::collections::BTreeMap;

use fastrand::Rng;
use lab::results::{
    Calibration, Cause, Cell, Entry, FORMAT, Gate, Kind, Provenance, Refusal, Results, Scenario,
    Void,
};

/// Name, kind, model, floor, and how much processor time it takes relative to others.
type Server = (&'static str, Kind, &'static str, Option<&'static str>, f64);

const SERVERS: [Server; 28] = [
    ("sync threads", Kind::Ours, "threads", Some("floor threads"), 1.15),
    ("sync pool", Kind::Ours, "threads", Some("floor threads"), 1.22),
    ("mio", Kind::Ours, "readiness", Some("floor readiness"), 1.0),
    ("mio many", Kind::Ours, "readiness", Some("floor readiness"), 1.04),
    ("uring", Kind::Ours, "completion", Some("floor completion"), 0.9),
    ("uring multishot", Kind::Ours, "completion", Some("floor completion"), 0.86),
    ("tokio current", Kind::Ours, "tasks", Some("floor tasks"), 1.12),
    ("tokio multi", Kind::Ours, "tasks", Some("floor tasks"), 1.3),
    ("async-std", Kind::Ours, "tasks", Some("floor tasks"), 1.62),
    ("smol", Kind::Ours, "tasks", Some("floor tasks"), 1.34),
    ("smol multi", Kind::Ours, "tasks", Some("floor tasks"), 1.41),
    ("floor threads", Kind::Floor, "threads", None, 0.98),
    ("floor readiness", Kind::Floor, "readiness", None, 0.82),
    ("floor completion", Kind::Floor, "completion", None, 0.71),
    ("floor tasks", Kind::Floor, "tasks", None, 0.93),
    ("hyper", Kind::Peer, "tasks", Some("floor tasks"), 1.21),
    ("axum", Kind::Peer, "tasks", Some("floor tasks"), 1.38),
    ("actix-web", Kind::Peer, "tasks", Some("floor tasks"), 1.16),
    ("ntex", Kind::Peer, "tasks", Some("floor tasks"), 1.1),
    ("may_minihttp", Kind::Peer, "coroutines", None, 1.02),
    ("tiny_http", Kind::Peer, "threads", Some("floor threads"), 2.2),
    ("httpsd", Kind::Peer, "threads", Some("floor threads"), 1.5),
    ("mini-async-http", Kind::Peer, "tasks", Some("floor tasks"), 1.9),
    ("nginx", Kind::Peer, "readiness", Some("floor readiness"), 1.18),
    ("h2o", Kind::Peer, "readiness", Some("floor readiness"), 1.27),
    ("haproxy", Kind::Peer, "readiness", Some("floor readiness"), 1.45),
    ("mio again", Kind::Ours, "readiness", Some("floor readiness"), 1.0),
    ("tokio multi again", Kind::Ours, "tasks", Some("floor tasks"), 1.3),
];

/// Name, group, connections, processor time in nanoseconds, load, and a sentence.
type Load = (&'static str, &'static str, usize, f64, Option<f64>, &'static str);

const LOADS: [Load; 21] = [
    ("keep-alive 1", "connections", 1, 14e3, None, "One connection asks again and again."),
    ("keep-alive 64", "connections", 64, 9e3, None, "64 connections ask again and again."),
    ("keep-alive 512", "connections", 512, 9.8e3, None, "512 connections ask again and again."),
    ("keep-alive 4000", "connections", 4000, 13e3, None, "4,000 connections ask again and again."),
    ("pipelined 16", "requests", 64, 2.1e3, None, "16 requests are under way on each connection."),
    ("twelve fields", "requests", 64, 10e3, None, "A browser's request, with twelve fields."),
    ("churn", "requests", 64, 48e3, None, "Each connection is used for one request."),
    ("slow clients", "requests", 64, 9.6e3, None, "200 clients send and read a byte at a time."),
    ("file 1k", "files", 64, 16e3, None, "A file of 1 KiB."),
    ("file 100k", "files", 64, 38e3, None, "A file of 100 KiB."),
    ("file 10m", "files", 8, 2.4e6, None, "A file of 10 MiB."),
    ("http/2", "protocols", 10, 6e3, None, "Ten connections with ten streams each."),
    ("tls", "protocols", 64, 12e3, None, "64 connections over TLS."),
    ("tls handshakes", "protocols", 16, 410e3, None, "A whole handshake for each connection."),
    ("websocket", "protocols", 64, 8e3, None, "Messages of 128 bytes are echoed."),
    ("work", "mixed", 64, 70e3, None, "Every tenth request computes, elsewhere than on the loop."),
    ("block", "mixed", 64, 68e3, None, "Every tenth request computes, wrongly on the loop."),
    ("load 5 %", "latency", 64, 12e3, Some(0.05), "Nearly idle."),
    ("load 40 %", "latency", 64, 9.6e3, Some(0.4), "Less than half of its capacity."),
    ("load 70 %", "latency", 64, 9.2e3, Some(0.7), "At 70 % of its capacity."),
    ("load 150 %", "latency", 64, 9e3, Some(1.5), "Beyond its capacity."),
];

/// A full run with so many rounds. The same seed gives the same.
pub(crate) fn results(seed: u64, rounds: u32) -> Results {
    let mut random = Rng::with_seed(seed);
    let mut cells = Vec::new();
    for round in 0..rounds {
        for load in &LOADS {
            for server in SERVERS.iter().filter(|server| applies(server, load)) {
                if random.u64(0..20) == 0 {
                    cells.push(moved(cell(&mut random, server, load, round)));
                }
                cells.push(cell(&mut random, server, load, round));
            }
        }
    }
    Results {
        format: FORMAT,
        provenance: provenance(seed, rounds),
        entries: SERVERS.iter().map(entry).collect(),
        scenarios: LOADS.iter().map(scenario).collect(),
        cells,
        causes: causes(&mut random),
        idle: Vec::new(),
        calibrations: calibrations(&mut random, rounds),
    }
}

/// A cell that does not count, and was measured again.
fn moved(cell: Cell) -> Cell {
    let reason = "a cache line took 330 ns to the other core and back, usually 67 ns".into();
    let void = vec![Void { figure: "all".into(), reason }];
    Cell { cpu: cell.cpu * 2, distances: Some([330, 320]), void, ..cell }
}

fn provenance(seed: u64, rounds: u32) -> Provenance {
    Provenance {
        commit: "0123456789abcdef0123456789abcdef01234567".into(),
        toolchain: "rustc 1.97.0 (0000000000 2026-07-06)".into(),
        processor: "An Invented Processor @ 2.80GHz".into(),
        cores: 2,
        kernel: "Linux 6.1.0".into(),
        pinning: "server on core 0, generator on core 1".into(),
        command: format!("cargo lab compare --seed {seed}"),
        began: "2026-09-01T12:00:00Z".into(),
        took_seconds: 1432.5,
        seed,
        rounds,
    }
}

/// A floor does not speak everything, nor does every peer, and one server failed at the gate.
fn applies(&(name, kind, ..): &Server, &(scenario, group, ..): &Load) -> bool {
    match kind {
        Kind::Ours => true,
        Kind::Floor => group != "files" && group != "protocols" && group != "mixed",
        Kind::Peer => {
            let simple = matches!(group, "connections" | "requests" | "latency");
            let is_refused = (name, scenario) == ("nginx", "file 10m");
            !is_refused
                && name != "mini-async-http"
                && (simple || name.len() == 5 && scenario != "block")
        }
    }
}

fn entry(&(name, kind, model, floor, _): &Server) -> Entry {
    let failed = (name == "mini-async-http")
        .then(|| "GET /text, split after byte 17: no response within 2 s".to_owned());
    let binary = format!("target/release/{}", name.replace(' ', "-"));
    Entry {
        name: name.into(),
        kind,
        model: model.into(),
        floor: floor.map(Into::into),
        twin_of: name.strip_suffix(" again").map(Into::into),
        version: format!("{} 1.4.2{}", name.split(' ').next().unwrap_or(name), markup(name)),
        command: vec![binary, "--listen".into(), "127.0.0.1:0".into(), "--threads=1".into()],
        capacity: None,
        gate: Gate {
            tried: if failed.is_some() { 21 } else { 412 },
            failed,
            conformance: (kind != Kind::Floor).then_some(if kind == Kind::Ours {
                (931, 931)
            } else {
                (700 + name.len() as u32, 874)
            }),
            nonconforming: match kind {
                Kind::Peer => vec![format!("http1-{name} (RFC 9112 §2.2), sent whole: 400<img>")],
                Kind::Ours | Kind::Floor => Vec::new(),
            },
            refused: match name {
                "nginx" => vec![Refusal {
                    scenario: "file 10m".into(),
                    reason: "a response was wrong: the body has 7 bytes, not 10<img>".into(),
                }],
                _ => Vec::new(),
            },
        },
    }
}

/// Nobody is called so, but somebody could be.
fn markup(name: &str) -> &'static str {
    if name == "httpsd" { "</script><img src=x onerror=alert(1)>" } else { "" }
}

fn scenario(&(name, group, connections, _, load, summary): &Load) -> Scenario {
    Scenario {
        name: name.into(),
        group: group.into(),
        summary: summary.into(),
        connections,
        command: format!(
            "cargo lab load http://ADDRESS/text --connections {connections} --duration 3s"
        ),
        load,
        every: 1,
        latency: load.is_some_and(|load| load <= 1.0),
    }
}

fn cell(random: &mut Rng, server: &Server, load: &Load, round: u32) -> Cell {
    let &(name, kind, _, _, weight) = server;
    let &(scenario, _, connections, cost, load, _) = load;
    let own = name.strip_suffix(" again").unwrap_or(name);
    // What this server is good or bad at does not change from round to round.
    let mut character = Rng::with_seed(own.bytes().chain(scenario.bytes()).map(u64::from).sum());
    let taste = 0.85 + 0.3 * character.f64();
    let spread = if kind == Kind::Floor { 0.85 } else { 1.0 };
    let cpu = cost * weight * taste * spread * (0.012 * gauss(random)).exp();
    let capacity = 1e9 / cpu * (0.01 * gauss(random)).exp();
    let seconds = 3.0 + random.f64() / 1000.0;
    let offered = load.map(|load| load * capacity);
    let rate = offered.map_or(capacity, |offered| offered.min(0.97 * capacity));
    let requests = (rate * seconds) as u64;
    let mean = match load {
        None => connections as f64 / rate * 1e9,
        Some(load) if load > 1.0 => 0.4e9 * (0.1 * gauss(random)).exp(),
        Some(load) => 55e3 * weight / (1.0 - 0.8 * load) * (0.015 * gauss(random)).exp(),
    };
    Cell {
        scenario: scenario.into(),
        entry: name.into(),
        round,
        seconds,
        requests,
        offered,
        cpu: (cpu * requests as f64) as u64,
        kernel_share: 0.55 + 0.3 * random.f64(),
        switches: Some((
            (requests as f64 * (0.02 + 0.5 * character.f64())) as u64,
            random.u64(0..40),
        )),
        generator_busy: 0.2 + 0.3 * random.f64(),
        mean,
        latency: match load {
            Some(load) if load <= 1.0 => latencies(random, mean, load.max(0.3), requests),
            _ => Vec::new(),
        },
        recovery: load
            .is_some_and(|load| load > 1.0)
            .then(|| (0.9e9 * weight * (0.2 * gauss(random)).exp()) as u64),
        distances: Some([66, 70]),
        errors: BTreeMap::new(),
        void: voids(random, name, scenario, round),
    }
}

fn voids(random: &mut Rng, name: &str, scenario: &str, round: u32) -> Vec<Void> {
    let void = |figure: &str, reason: String| vec![Void { figure: figure.into(), reason }];
    if name == "tiny_http" && scenario == "keep-alive 4000" {
        let errors = random.u32(50..900);
        return void("all", format!("{errors} requests went wrong: closed {errors}<img src=x>"));
    }
    if scenario == "pipelined 16" && name.contains("uring") && round % 2 == 1 {
        let busy = random.u32(51..60);
        return void("rate", format!("the generator was busy for {busy} % of the time, over 50 %"));
    }
    if random.u32(0..400) == 0 {
        let missed = random.u32(4..9);
        return void("latency", format!("Little's law is missed by {missed} %"));
    }
    Vec::new()
}

/// Logarithmically normal, with one in three hundred ten times as slow, to three digits.
fn latencies(random: &mut Rng, mean: f64, sigma: f64, count: u64) -> Vec<(u64, u64)> {
    let mut pairs = Vec::new();
    let (mut value, mut last) = ((mean / 5.0) as u64, 0);
    while (value as f64) < mean * 60.0 {
        let width = 1u64 << (u64::BITS - value.leading_zeros()).saturating_sub(11);
        let density = |center: f64| {
            let distance = (value as f64 / center).ln() / sigma;
            (-distance * distance / 2.0).exp() / (value as f64 * sigma * 2.507)
        };
        let share = density(mean * 0.95) + density(mean * 9.5) / 300.0;
        let expected = share * width as f64 * count as f64;
        let counted = poisson(random, expected);
        if counted > 0 {
            pairs.push((value - last, counted));
            last = value;
        }
        value += width;
    }
    pairs
}

fn poisson(random: &mut Rng, expected: f64) -> u64 {
    if expected > 20.0 {
        return (expected + expected.sqrt() * gauss(random)).max(0.0) as u64;
    }
    let (limit, mut product, mut count) = ((-expected).exp(), random.f64(), 0);
    while product > limit {
        product *= random.f64();
        count += 1;
    }
    count
}

fn gauss(random: &mut Rng) -> f64 {
    let radius = (-2.0 * random.f64().max(1e-12).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

fn causes(random: &mut Rng) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (load, server) in LOADS.iter().flat_map(|load| SERVERS.map(|server| (load, server))) {
        if !applies(&server, load) || server.0.ends_with(" again") {
            continue;
        }
        let calls: &[(&str, f64)] = match server.2 {
            "readiness" => &[("read", 1.0), ("write", 1.0), ("epoll_wait", 0.31)],
            "completion" => &[("io_uring_enter", 0.12)],
            "threads" => &[("read", 1.0), ("write", 1.0)],
            _ => &[("recvfrom", 1.08), ("sendto", 1.0), ("epoll_wait", 0.47), ("futex", 0.04)],
        };
        causes.push(Cause {
            scenario: load.0.into(),
            entry: server.0.into(),
            system_calls: Some(calls.iter().map(|&(name, n)| (name.into(), n)).collect()),
            switches: Some(0.1 + random.f64()),
            instructions: (server.2 != "completion" && load.1 == "requests")
                .then(|| 4000.0 + 9000.0 * random.f64()),
            trace: (server.1 == Kind::Ours).then(|| format!("bench/traces/{}.txt", server.0)),
        });
    }
    causes
}

fn calibrations(random: &mut Rng, rounds: u32) -> Vec<Calibration> {
    let calibration = |round| Calibration {
        at_seconds: f64::from(round) * 140.0,
        computation: (2.1e6 * (1.0 + 0.02 * random.f64())) as u64,
        cache_line: 104 + random.u64(0..12),
        paused: 0.01,
        longest_pause: 2_000_000,
    };
    (0..=rounds).map(calibration).collect()
}
