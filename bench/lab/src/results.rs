//! The raw figures of a run, as they are kept in a file: facts alone. Whatever is computed from
//! them (medians, intervals, percentiles, who wins) is recomputed by each reader.
//!
//! Times are in nanoseconds unless a name says otherwise, rates in requests per second.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

/// The version of this format. A reader refuses another.
pub const FORMAT: u32 = 1;

/// Everything that one run of `lab compare` found out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// [`FORMAT`].
    pub format: u32,
    /// Where the figures come from.
    pub provenance: Provenance,
    /// What was measured.
    pub entries: Vec<Entry>,
    /// Under which loads.
    pub scenarios: Vec<Scenario>,
    /// A measurement each, in the order in which they were made.
    pub cells: Vec<Cell>,
    /// What a request takes of the kernel and of the processor, counted in runs of their own.
    pub causes: Vec<Cause>,
    /// What connections cost that nothing happens on.
    #[serde(default)]
    pub idle: Vec<Idle>,
    /// What the machine did when nothing but it was measured, before, between and after the rounds.
    pub calibrations: Vec<Calibration>,
}

/// Where figures come from: enough to make them again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Provenance {
    /// The commit, with `+` behind it if the tree had changes.
    pub commit: String,
    /// What `rustc --version` says.
    pub toolchain: String,
    /// The processor, as the kernel names it.
    pub processor: String,
    /// Cores that the lab may use.
    pub cores: usize,
    /// Name and release of the kernel.
    pub kernel: String,
    /// Where server and generator ran, in words.
    pub pinning: String,
    /// The command that made this.
    pub command: String,
    /// When it began, in UTC, as RFC 3339 writes it.
    pub began: String,
    /// How long it took, in seconds.
    pub took_seconds: f64,
    /// The seed of the random order.
    pub seed: u64,
    /// Rounds that were made.
    pub rounds: u32,
}

/// One of those who are compared.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The name, unique: `tokio multi`, `floor tokio`, `hyper`.
    pub name: String,
    /// Whose it is.
    pub kind: Kind,
    /// The concurrency model: `threads`, `readiness`, `completion`, `tasks`, or what a peer says.
    pub model: String,
    /// The name of the entry that is the floor of this one's model.
    pub floor: Option<String>,
    /// For a twin: the name of the entry that it is the very same as (A/A).
    pub twin_of: Option<String>,
    /// Program and version, as far as it says one.
    pub version: String,
    /// The command that starts it.
    pub command: Vec<String>,
    /// Requests per second of which open loops offered a part, if there were any.
    #[serde(default)]
    pub capacity: Option<f64>,
    /// Whether it answered rightly, however the requests were split. If not, it has no figures.
    pub gate: Gate,
}

/// Whose an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A backend of this workspace.
    Ours,
    /// The same system calls in the same model, but no HTTP.
    Floor,
    /// Somebody else's server.
    Peer,
}

/// What came of the requests that are asked before any measurement.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Gate {
    /// How many exchanges were tried.
    pub tried: u32,
    /// The first that went wrong, and how.
    pub failed: Option<String>,
    /// Cases of the conformance suite that passed, of those that apply, if they were played.
    pub conformance: Option<(u32, u32)>,
    /// Those that did not, each with where and how.
    #[serde(default)]
    pub nonconforming: Vec<String>,
    /// Loads that it answered wrongly when they were tried. It has no figures under these.
    #[serde(default)]
    pub refused: Vec<Refusal>,
}

/// A load that an entry is not put under, because it answered wrongly when that was tried.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// The scenario's name.
    pub scenario: String,
    /// What was wrong.
    pub reason: String,
}

/// A load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scenario {
    /// The name, unique: `keep-alive 64`.
    pub name: String,
    /// What it belongs to in the report: `connections`, `requests`, `latency`, `files`, ….
    pub group: String,
    /// One sentence for a reader.
    pub summary: String,
    /// Connections at once.
    pub connections: usize,
    /// The command that puts this load on a server; `ADDRESS` stands for the server's, and `RATE`
    /// for what is offered, if it is an open loop.
    pub command: String,
    /// What fraction of its own capacity each entry is offered; `None` is a closed loop.
    pub load: Option<f64>,
    /// It was measured in every so many-th round, from the first.
    #[serde(default = "one")]
    pub every: u32,
    /// Whether latency is a figure of this scenario, or its rate and processor time alone.
    pub latency: bool,
}

/// One measurement of one entry in one scenario.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cell {
    /// The scenario's name.
    pub scenario: String,
    /// The entry's name.
    pub entry: String,
    /// The round, from 0. A cell that does not count because the cores had been moved may be
    /// followed by another of the same round; only one of a round counts.
    pub round: u32,
    /// How long was measured, in seconds.
    pub seconds: f64,
    /// Responses, complete and right.
    pub requests: u64,
    /// What was offered, in an open loop.
    pub offered: Option<f64>,
    /// Processor time of the server, of all its threads, in user space and in the kernel.
    pub cpu: u64,
    /// How much of it in the kernel, from 0 to 1, by the kernel's ticks.
    pub kernel_share: f64,
    /// Context switches of the server: because it waited, and because another had to run. None is
    /// known of a server with many threads, since to ask them all would disturb what is measured,
    /// nor of one whose threads come and go, since the kernel forgets those that have ended.
    pub switches: Option<(u64, u64)>,
    /// How much of its time the generator worked, from 0 to 1.
    pub generator_busy: f64,
    /// The mean latency.
    pub mean: f64,
    /// Latencies, where they are a figure of the scenario: pairs of the distance from the value
    /// before, and how often.
    pub latency: Vec<(u64, u64)>,
    /// How long until the server had caught up, after an overload.
    pub recovery: Option<u64>,
    /// How long a cache line took between the cores, there and back, before and after.
    #[serde(default)]
    pub distances: Option<[u64; 2]>,
    /// What went wrong with requests, and how often.
    pub errors: BTreeMap<String, u64>,
    /// Why this is no measurement. Empty: it is one.
    pub void: Vec<Void>,
}

/// Why a cell, or one of its figures, counts for nothing.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Void {
    /// Which figure: `all`, `rate`, `cpu` or `latency`.
    pub figure: String,
    /// The reason, with its numbers.
    pub reason: String,
}

/// What a request takes, counted rather than timed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cause {
    /// The scenario's name.
    pub scenario: String,
    /// The entry's name.
    pub entry: String,
    /// System calls for each request, by name, if `perf` is there and may count them.
    pub system_calls: Option<BTreeMap<String, f64>>,
    /// Context switches of the server's core for each request, likewise.
    #[serde(default)]
    pub switches: Option<f64>,
    /// Instructions in user space for each request on one connection, as they are committed.
    pub instructions: Option<f64>,
    /// The recorded trace of one exchange, if there is one: a path in the repository.
    pub trace: Option<String>,
}

/// What idle connections cost, each after one exchange.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Idle {
    /// The entry's name.
    pub entry: String,
    /// The protocol.
    pub speaks: String,
    /// How many there were.
    pub connections: usize,
    /// The server's own memory for each, in bytes. Not more than 0 if it gave back as much as the
    /// connections took meanwhile: then it is not known.
    pub user_bytes: f64,
    /// The kernel's memory for each, in bytes: of both ends, and of what serves it. The
    /// whole machine's is measured, so it may be below 0: then it is not known either.
    pub kernel_bytes: f64,
    /// Processor time of a request, in nanoseconds, with no other connection.
    pub active_alone: f64,
    /// The same among the idle ones.
    pub active_among: f64,
}

/// What the machine itself did at a moment.
#[derive(Clone, Copy, Default, Debug, Serialize, Deserialize)]
pub struct Calibration {
    /// Seconds since the run began.
    pub at_seconds: f64,
    /// A fixed computation on the server's core.
    pub computation: u64,
    /// There and back of a cache line between the server's core and the generator's.
    pub cache_line: u64,
    /// How much of the time the server's core did not run what was on it, from 0 to 1: a virtual
    /// machine's is taken away now and then. No server can be faster than that.
    #[serde(default)]
    pub paused: f64,
    /// The longest such pause.
    #[serde(default)]
    pub longest_pause: u64,
}

fn one() -> u32 {
    1
}

impl Gate {
    /// What is to be said of an entry: where it failed, and what it therefore has no figures of.
    #[must_use]
    pub fn sentences(&self, entry: &str) -> Vec<String> {
        let failed = self.failed.iter().map(|reason| format!("{entry} has no figures: {reason}"));
        let refused = self.refused.iter().map(|Refusal { scenario, reason }| {
            format!("{entry} has no figures under \"{scenario}\": {reason}")
        });
        failed.chain(refused).collect()
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Results {
    /// Reads a file of results, compressed if its name ends in `.gz`.
    ///
    /// # Errors
    /// If it cannot be read, or is not one of this [`FORMAT`].
    pub fn read(path: &Path) -> io::Result<Results> {
        let mut text = String::new();
        let mut file = BufReader::new(File::open(path)?);
        if is_compressed(path) {
            GzDecoder::new(file).read_to_string(&mut text)?;
        } else {
            file.read_to_string(&mut text)?;
        }
        // Alone, and first: nothing else of another format need be as it is in this one.
        let Format { format } = serde_json::from_str(&text)?;
        if format == FORMAT {
            return Ok(serde_json::from_str(&text)?);
        }
        let found = format!("the format is {format}, and this lab reads {FORMAT}");
        Err(io::Error::new(io::ErrorKind::InvalidData, found))
    }

    /// Whether results can be written here.
    ///
    /// # Errors
    /// If no file can be made there.
    pub fn check_place(path: &Path) -> io::Result<()> {
        let unfinished = unfinished(path);
        File::create(&unfinished)
            .and_then(|_| std::fs::remove_file(&unfinished))
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }

    /// Writes them, a cell on each line, and compressed if the file's name ends in `.gz`.
    ///
    /// # Errors
    /// If the file cannot be written; what was there before is then still there.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let unfinished = unfinished(path);
        let mut file = BufWriter::new(File::create(&unfinished)?);
        if is_compressed(path) {
            let mut gzip = GzEncoder::new(&mut file, Compression::best());
            self.write_to(&mut gzip)?;
            gzip.finish()?;
        } else {
            self.write_to(&mut file)?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&unfinished, path)
    }

    fn write_to(&self, file: &mut impl Write) -> io::Result<()> {
        writeln!(file, "{{\"format\": {},", self.format)?;
        writeln!(file, "\"provenance\": {},", serde_json::to_string_pretty(&self.provenance)?)?;
        write_lines(file, "entries", &self.entries)?;
        write_lines(file, "scenarios", &self.scenarios)?;
        write_lines(file, "causes", &self.causes)?;
        write_lines(file, "idle", &self.idle)?;
        write_lines(file, "calibrations", &self.calibrations)?;
        write_lines(file, "cells", &self.cells)?;
        writeln!(file, "\"end\": true}}")
    }
}

/// What is not complete yet is beside the place where it will be.
fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("unfinished")
}

fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}

fn write_lines<T: Serialize>(file: &mut impl Write, name: &str, items: &[T]) -> io::Result<()> {
    write!(file, "\"{name}\": [")?;
    for (number, item) in items.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(file, "{comma}\n{}", serde_json::to_string(item)?)?;
    }
    writeln!(file, "\n],")
}
