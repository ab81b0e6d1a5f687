//! The steps of CI, as data. Each does alone what it does among the others.

use crate::circles;
use crate::features::check as features_table;
use crate::install::{cargo_tool, components, debian, python, python_tool, target, toolchain};
use crate::live;
use crate::run::{Call, Failure, Result, cargo, command, read, root, tracked, write};
use crate::wasm;
use crate::width;

/// One step of CI.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What it shows if it passes.
    pub(crate) shows: &'static str,
    /// What it installs, if that is not there.
    pub(crate) needs: &'static str,
    pub(crate) when: When,
    pub(crate) run: fn() -> Result,
}

/// When a step is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// Among all steps.
    Always,
    /// Only if it is named.
    Asked,
}

/// Targets that are only compiled for.
const WINDOWS: &str = "x86_64-pc-windows-gnu";
const MACOS: &str = "aarch64-apple-darwin";
const WASM: &str = "wasm32-unknown-unknown";

const BACKENDS: [&str; 6] = ["sync", "mio", "uring", "tokio", "async-std", "smol"];

/// A step that always runs.
const fn step(name: &'static str, shows: &'static str, run: fn() -> Result) -> Step {
    Step { name, shows, needs: "", when: When::Always, run }
}

impl Step {
    const fn needs(self, needs: &'static str) -> Self {
        Self { needs, ..self }
    }

    const fn if_asked(self) -> Self {
        Self { when: When::Asked, ..self }
    }
}

/// All steps, in the order in which they run.
pub(crate) const STEPS: &[Step] = &[
    step("tests", "the tests pass, with every backend", tests),
    step(
        "tests-exhaustive",
        "the tests pass that take long, and are ignored otherwise",
        exhaustive,
    )
    .needs("strace on Linux"),
    step("format", "rustfmt would change nothing", format),
    step("spelling", "no word is misspelt that is known to be; see _typos.toml", spelling)
        .needs("Python, typos"),
    step("width", "no line of Rust is wider than 100 columns", width::check),
    step("circles", "no modules use each other but those in tolerated-ties.txt", circles::check),
    step("lints", "Clippy has nothing to say, nor about what the protocol calls", lints),
    step("docs", "the documentation builds without a warning", docs),
    step("features", "the libraries without the demo, the protocol without internals", features),
    step(
        "features-table",
        "docs/FEATURES.md is what docs/features.txt gives, and each test that it names is there",
        features_table,
    ),
    step("purity", "the protocol links where there is no system, and asks none", purity)
        .needs("a target of Rust"),
    step("windows", "everything compiles for Windows", windows)
        .needs("a target of Rust, mingw-w64"),
    step("macos", "everything compiles for macOS", macos).needs("a target of Rust"),
    step("msrv", "everything compiles with the oldest Rust that is promised", msrv)
        .needs("that Rust"),
    step("dependencies", "licences, sources, one version of each dependency", dependencies)
        .needs("cargo-deny"),
    step(
        "advisories",
        "no dependency has a known hole; with a database from the network",
        advisories,
    )
    .needs("cargo-deny")
    .if_asked(),
    step("course", "no warning; exercises and capstone begin red, and end green", course)
        .needs("mdbook"),
    step(
        "pages",
        "the pages of the course can be read on a phone and a desk, light and dark",
        pages,
    )
    .needs("mdbook, Chromium, Node.js"),
    step(
        "live",
        "the module of the course is what its sources give, and says the same",
        live::check,
    )
    .needs("Node.js; a target of Rust, or the hash has to do"),
    step("benches", "the benches run", benches),
    step("counts", "no request takes 2 % more instructions than is committed", counts)
        .needs("Valgrind"),
    step("lab", "system calls are as recorded; a small comparison, and its page in a browser", lab)
        .needs("strace, perf, Chromium, Node.js"),
    step("agreement", "the load generator says what wrk and h2load say, and is lighter", agreement)
        .needs("wrk, h2load"),
    step("truth", "what the load generator says of servers whose delays are known", truth)
        .if_asked(),
    step("simulations", "5000 simulations pass, from seeds of this commit's own", simulations),
    step("models", "what threads tell each other, in every order of their steps", models),
    step("miri", "no undefined behaviour, by an interpreter that looks for it", miri)
        .needs("nightly Rust, Miri"),
    step("fuzz", "each fuzz target finds nothing in a minute", fuzz)
        .needs("g++, nightly Rust, cargo-fuzz"),
    step("sanitizer", "memory that the kernel shares, under AddressSanitizer", sanitizer)
        .needs("nightly Rust"),
    step("clients", "real clients of TLS, HTTP/2 and WebSocket, on every backend", clients)
        .needs("curl, nghttp2, openssl, Python"),
    step("proxies", "a real proxy in front of every backend says who the clients are", proxies)
        .needs("HAProxy, curl, openssl"),
    step("prometheus", "a real Prometheus understands the metrics of every backend", prometheus)
        .needs("Prometheus, curl, Python"),
    step("files", "files go by sendfile(2) on every backend that has a way to it", files)
        .needs("strace, curl"),
    step("otlp", "traces, metrics and logs of every backend reach a receiver, in order", otlp)
        .needs("openssl, Python, opentelemetry-proto"),
    step(
        "deploy",
        "HAProxy, nginx and Caddy in front of every backend, as docs/deploy says",
        deploy,
    )
    .needs("curl, HAProxy, nginx, Caddy, systemd, Python"),
    step("judge", "the judge: every backend reaches all stages, first servers few", judge),
    step("browser", "a real browser, on every backend", browser).needs("Chromium, Node.js"),
];

fn tests() -> Result {
    cargo("test --workspace --locked").run()
}

fn exhaustive() -> Result {
    if cfg!(target_os = "linux") {
        debian("strace", &["strace"])?;
    }
    // Not the documentation: an example that is marked `ignore` is none to be run.
    cargo("test --workspace --locked --lib --bins --tests -- --ignored").run()
}

fn format() -> Result {
    cargo("fmt --all --check").run()?;
    cargo("fmt --all --check").within("book/exercises").run()?;
    exercises_formatted()?.arg("--check").run()?;
    cargo("fmt --check").within("testing/fuzz").run()
}

/// rustfmt for the exercises: their crate lists them in its build script, so that `cargo fmt` finds
/// none of them.
pub(crate) fn exercises_formatted() -> Result<Call> {
    let files = tracked("book/exercises/src/*.rs book/exercises/solutions/*.rs")?;
    Ok(command("rustfmt --edition 2024").args(files))
}

fn spelling() -> Result {
    const TYPOS: &str = "target/typos/bin/typos";
    python_tool("target/typos", "typos", "1.52.0")?;
    command(TYPOS).arg("--format").arg("brief").run()
}

fn lints() -> Result {
    cargo("clippy --workspace --locked --all-targets --all-features -- -D warnings").run()
}

fn docs() -> Result {
    cargo("doc --workspace --locked --no-deps --all-features")
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()
}

fn features() -> Result {
    for backend in BACKENDS {
        let package = format!("--quiet --locked -p backend-{backend} --no-default-features");
        cargo(&format!("check {package} --lib --examples")).run()?;
        let tree = cargo(&format!("tree {package} -e normal")).output()?;
        if tree.contains(" clap ") {
            let what = format!("the library of backend-{backend} brings a command line with it");
            return Err(Failure::Found(what));
        }
    }
    cargo("check --quiet --locked -p protocol").run()
}

fn purity() -> Result {
    target(WASM)?;
    cargo(&format!("build --locked -p xtask --example pure --target {WASM}")).run()?;
    let folder = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    wasm::check(&root().join(folder).join(WASM).join("debug/examples/pure.wasm"))
}

fn windows() -> Result {
    target(WINDOWS)?;
    // A few dependencies contain C.
    debian("x86_64-w64-mingw32-gcc", &["gcc-mingw-w64-x86-64"])?;
    cargo(&format!("check --workspace --locked --all-targets --target {WINDOWS}"))
        .env("RUSTFLAGS", "-D warnings")
        .run()
}

fn macos() -> Result {
    target(MACOS)?;
    // Nothing is linked, so the C in a few dependencies may stay uncompiled: there is no compiler
    // of C for macOS but Apple's.
    let variable = MACOS.replace('-', "_");
    cargo(&format!("check --workspace --locked --all-targets --target {MACOS}"))
        .env(&format!("CC_{variable}"), "true")
        .env(&format!("AR_{variable}"), "true")
        .env("SDKROOT", "/")
        .env("RUSTFLAGS", "-D warnings")
        .run()
}

fn msrv() -> Result {
    let manifest = read("Cargo.toml")?;
    let version = rust_version(&manifest)
        .ok_or_else(|| Failure::found("Cargo.toml: there is no `rust-version`"))?;
    toolchain(version)?;
    cargo(&format!("+{version} check --workspace --locked")).run()
}

/// The oldest Rust that a manifest promises.
fn rust_version(manifest: &str) -> Option<&str> {
    let value = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "))?;
    Some(value.trim_matches('"'))
}

fn dependencies() -> Result {
    cargo_tool("cargo-deny", "0.20.2")?;
    cargo("deny --locked --all-features check bans licenses sources").run()
}

fn advisories() -> Result {
    cargo_tool("cargo-deny", "0.20.2")?;
    cargo("deny --locked --all-features check advisories").run()
}

fn course() -> Result {
    build_course()?;
    cargo("test --quiet --locked -p runner -p memory").within("book/exercises").run()?;
    cargo("run --quiet --locked -- prove").within("book/exercises").run()?;
    command("book/capstone/check").run()
}

fn build_course() -> Result {
    cargo_tool("mdbook", "0.5.4")?;
    let said = command("mdbook build book").said()?;
    if let Some(line) = said.lines().find(|line| line.contains("WARN") || line.contains("ERROR")) {
        return Err(Failure::found(format!("mdbook says: {line}")));
    }
    Ok(())
}

fn pages() -> Result {
    debian("chromium", &["chromium"])?;
    debian("node", &["nodejs"])?;
    debian("npm", &["npm"])?;
    build_course()?;
    command(".ci/course/run").run()?;
    Ok(())
}

fn benches() -> Result {
    cargo("bench --quiet --locked -p bench -- --test").run()
}

fn counts() -> Result {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let why = "what is committed was counted on x86-64 Linux";
        return Err(Failure::Unavailable(why.into()));
    }
    debian("valgrind", &["valgrind"])?;
    cargo("run --quiet --locked --release -p bench --bin counts -- check").run()
}

fn lab() -> Result {
    debian("strace", &["strace"])?;
    debian("perf", &["linux-perf"])?;
    debian("chromium", &["chromium"])?;
    debian("node", &["nodejs"])?;
    debian("npm", &["npm"])?;
    cargo("lab trace").run()?;
    // Whether it works, not how fast anything is.
    cargo("lab compare --quick --no-peers --rounds 6 --output target/lab/ci.json --scenarios")
        .arg("keep-alive 1,pipelined,latency at 70 %")
        .run()?;
    page("target/lab/ci.json", "target/lab/ci")?;
    // What is published can be read.
    page("bench/results/default.json.gz", "target/lab/default")?;
    // A page with everything on it, from results that are made up.
    command(".ci/lab/page/run").run()?;
    // README's tables are those of the committed results.
    cargo("lab publish --check").run()
}

/// Writes the page of some results, and looks at it in a browser: it has to show the figures that
/// the results have.
fn page(results: &str, page: &str) -> Result {
    cargo(&format!("lab report {results} --output {page}.html")).run()?;
    let figures = cargo(&format!("lab report {results} --figures")).output()?;
    write(format!("{page}.figures.json"), &figures)?;
    command(&format!(".ci/lab/page/run {page}.html")).run()
}

/// Only where nothing else runs.
fn truth() -> Result {
    cargo("test --locked --release -p lab --test truth -- --test-threads 1").run()
}

fn agreement() -> Result {
    debian("wrk", &["wrk"])?;
    debian("h2load", &["nghttp2-client"])?;
    command(".ci/lab/agreement").run()
}

fn simulations() -> Result {
    // Others each time that something changes, and the same whenever this commit is looked at.
    let commit = command("git rev-parse HEAD").output()?;
    let first = first_seed(&commit).ok_or_else(|| Failure::found("git names no commit"))?;
    cargo(&format!("run --quiet --locked -p simulator -- --from {first} --seeds 5000")).run()
}

/// Where the seeds of a commit begin.
fn first_seed(commit: &str) -> Option<u64> {
    Some(u64::from_str_radix(commit.get(..7)?, 16).ok()? * 10_000)
}

fn models() -> Result {
    let crates = "-p backend-common -p backend-sync --no-default-features --lib";
    cargo(&format!("test --locked {crates} models::"))
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", "target/loom")
        .said()
        .and_then(|said| ran_tests(&said))
}

fn miri() -> Result {
    toolchain("nightly")?;
    components("nightly", &["miri", "rust-src"])?;
    // An interpreter takes a hundred times as long, and knows neither sockets nor C nor assembler.
    for tests in [
        // But for a test that leaks on purpose, and two of the head that take long.
        "protocol -- --skip guard:: --skip the_scanner",
        "layer-websocket",
        "backend-common -- admission:: mailbox:: shutdown:: threads::",
    ] {
        let said = cargo(&format!("+nightly miri test --locked --lib -p {tests}"))
            // Some read files.
            .env("MIRIFLAGS", "-Zmiri-disable-isolation")
            .env("CARGO_TARGET_DIR", "target/miri")
            .said()?;
        ran_tests(&said)?;
    }
    let course = |rest: &str| {
        cargo(&format!("+nightly miri test --locked -p memory {rest}"))
            .within("book/exercises")
            .env("CARGO_TARGET_DIR", "target/miri")
    };
    // With the errors for which the compiler has to refuse a snippet: only nightly looks at them.
    course("").run()?;
    // What an exercise of the course asks for: the compiler accepts it, and Miri must not.
    for test in ["a_guard_is_forgotten", "a_buffer_is_freed_when_its_operation_is_cancelled"] {
        let said = course(&format!("--test freed -- --ignored {test}")).refused()?;
        if !said.contains("dangling reference (use-after-free)") {
            return Err(Failure::found(format!("{test}: Miri does not say what is wrong")));
        }
    }
    Ok(())
}

/// Tests that are chosen by their names are not there any more after these have changed.
fn ran_tests(said: &str) -> Result {
    let mut results = said.lines().filter(|line| line.starts_with("test result: ")).peekable();
    if results.peek().is_none() || results.any(|line| line.contains(" 0 passed")) {
        return Err(Failure::found("there are no tests by these names"));
    }
    Ok(())
}

fn fuzz() -> Result {
    debian("g++", &["g++"])?;
    toolchain("nightly")?;
    cargo_tool("cargo-fuzz", "0.13.2")?;
    command(".ci/fuzz/run 60").run()
}

fn sanitizer() -> Result {
    toolchain("nightly")?;
    let version = command("rustc -vV").quietly().output()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Failure::found("rustc -vV names no host"))?;
    // Its quarantine keeps what has been freed, so the tests that memory stays flat are not for it;
    // nor is the one without threads, since the search for leaks at the end needs one.
    cargo("+nightly test --quiet --locked --target")
        .arg(host)
        .args("-p safe-uring -p backend-uring --lib --tests --".split(' '))
        .args(["memory_stays_flat", "without_further_threads", "attacks::"].map(skipped).concat())
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("CARGO_TARGET_DIR", "target/sanitizer")
        .run()
}

fn skipped(tests: &'static str) -> [&'static str; 2] {
    ["--skip", tests]
}

fn proxies() -> Result {
    debian("haproxy", &["haproxy"])?;
    debian("curl", &["curl"])?;
    debian("openssl", &["openssl"])?;
    command(".ci/proxies/run").run()
}

fn prometheus() -> Result {
    debian("prometheus", &["prometheus"])?;
    debian("curl", &["curl"])?;
    command(".ci/prometheus/run").run()
}

fn files() -> Result {
    debian("strace", &["strace"])?;
    debian("curl", &["curl"])?;
    command(".ci/files/run").run()
}

fn otlp() -> Result {
    debian("openssl", &["openssl"])?;
    python()?;
    command(".ci/otlp/run").run()
}

fn clients() -> Result {
    debian("nghttp", &["nghttp2-client"])?;
    debian("curl", &["curl"])?;
    debian("openssl", &["openssl"])?;
    python()?;
    command(".ci/clients/run").run()
}

fn deploy() -> Result {
    debian("curl", &["curl"])?;
    debian("haproxy", &["haproxy"])?;
    debian("nginx", &["nginx-light"])?;
    debian("caddy", &["caddy"])?;
    debian("systemd-analyze", &["systemd"])?;
    debian("python3", &["python3"])?;
    command(".ci/deploy/run").run()
}

fn judge() -> Result {
    command(".ci/judge/run").run()
}

fn browser() -> Result {
    debian("chromium", &["chromium"])?;
    debian("node", &["nodejs"])?;
    debian("npm", &["npm"])?;
    command("npm ci --silent --no-audit --no-fund").within(".ci/browser").run()?;
    command(".ci/browser/run").run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_names_of_their_own_that_are_one_word() {
        let mut names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_oldest_rust_is_read_from_the_manifest() {
        let manifest = "[workspace.package]\nedition = \"2024\"\nrust-version = \"1.89\"\n";
        assert_eq!(rust_version(manifest), Some("1.89"));
        assert_eq!(rust_version("rust-version.workspace = true\n"), None);
    }

    #[test]
    fn a_step_whose_tests_are_not_there_does_not_pass() {
        assert!(ran_tests("test result: ok. 2 passed; 0 failed\n").is_ok());
        assert!(ran_tests("test result: ok. 2 passed\ntest result: ok. 0 passed\n").is_err());
        assert!(ran_tests("").is_err());
    }

    #[test]
    fn seeds_follow_from_the_commit() {
        assert_eq!(first_seed("00000ff1234\n"), Some(2_550_000));
        assert_eq!(first_seed("ffffffffff"), Some(2_684_354_550_000));
        assert_eq!(first_seed(""), None);
    }
}
