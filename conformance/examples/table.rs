//! Writes the tables of `README.md` from what `.ci/evidence/run` has gathered:
//! `cargo run -p conformance --example table -- DIRECTORY`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

const BACKENDS: [&str; 6] = ["sync", "mio", "uring", "tokio", "async-std", "smol"];
const REFERENCES: [&str; 2] = ["hyper", "nginx"];

/// What is between the two is written here.
const BEGIN: &str = "<!-- tables: begin, written by .ci/evidence/run -->\n";
const END: &str = "<!-- tables: end -->";

fn main() {
    let evidence = PathBuf::from(env::args().nth(1).expect("a directory with evidence"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = root.join("README.md");
    let text = read(&readme);
    let (before, rest) = text.split_once(BEGIN).expect("where tables begin");
    let (_, after) = rest.split_once(END).expect("where tables end");
    let tables = [
        cases(&evidence),
        attacks(&evidence),
        properties(root.parent().expect("the workspace")),
        simulations(&evidence),
        fuzzing(&evidence),
    ];
    let written = format!("{before}{BEGIN}\n{}\n{END}{after}", tables.join("\n"));
    fs::write(readme, written).expect("the README can be written");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn lines(path: &Path) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).expect("a line of JSON");
    read(path).lines().map(parse).collect()
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

/// Passed and failed cases by chapter: `RFC 9112 §6`.
type Chapters = BTreeMap<(u32, u32), (u64, u64)>;

/// Those of one server, from all of its reports.
fn chapters(evidence: &Path, server: &str) -> Chapters {
    let all = ["http1", "http2", "websocket"].map(|it| format!("conformance/{server}-{it}.json"));
    let there: Vec<_> = all.iter().map(|it| evidence.join(it)).filter(|it| it.exists()).collect();
    assert!(!there.is_empty(), "no report of {server}");
    let reports: Vec<_> = there.iter().map(|it| json(it)).collect();
    let sections = reports.iter().flat_map(|it| it["sections"].as_array().expect("sections"));
    let mut chapters = Chapters::new();
    for section in sections {
        let name = text(section, "section").trim_start_matches("RFC ");
        let (rfc, number_) = name.split_once(" §").expect("an RFC and a section");
        let chapter = number_.split('.').next().and_then(|it| it.parse().ok());
        let key = (rfc.parse().expect("a number"), chapter.unwrap_or_default());
        let count: &mut (u64, u64) = chapters.entry(key).or_default();
        count.0 += number(section, "passed");
        count.1 += number(section, "failed");
    }
    chapters
}

fn cases(evidence: &Path) -> String {
    let servers: Vec<_> = BACKENDS.into_iter().chain(REFERENCES).collect();
    let counts: Vec<_> = servers.iter().map(|server| chapters(evidence, server)).collect();
    let mut table = String::from("### Cases\n\nPassed, and of how many if not of all.\n\n");
    header(&mut table, "Chapter", &servers);
    let mut sums = vec![(0, 0); servers.len()];
    for chapter in counts[0].keys() {
        let of = counts.iter().map(|counts| counts.get(chapter).copied().unwrap_or_default());
        let of: Vec<_> = of.collect();
        let cells: Vec<_> = of.iter().map(|&count| cell(count)).collect();
        row(&mut table, &format!("RFC {} §{}", chapter.0, chapter.1), &cells);
        for (sum, count) in sums.iter_mut().zip(of) {
            *sum = (sum.0 + count.0, sum.1 + count.1);
        }
    }
    row(&mut table, "**All**", &sums.into_iter().map(cell).collect::<Vec<_>>());
    table
}

fn cell((passed, failed): (u64, u64)) -> String {
    match (passed, failed) {
        (0, 0) => "–".into(),
        (passed, 0) => passed.to_string(),
        (passed, failed) => format!("{passed} of {}", passed + failed),
    }
}

fn header(table: &mut String, first: &str, columns: &[&str]) {
    row(table, first, &columns.iter().map(ToString::to_string).collect::<Vec<_>>());
    let _ = writeln!(table, "|---|{}", "--:|".repeat(columns.len()));
}

fn row(table: &mut String, first: &str, cells: &[String]) {
    let _ = writeln!(table, "| {first} | {} |", cells.join(" | "));
}

fn attacks(evidence: &Path) -> String {
    let mut peaks: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for line in lines(&evidence.join("attacks.jsonl")) {
        let peak = number(&line, "peak_kib_over_baseline");
        let attack = peaks.entry(text(&line, "attack").into()).or_default();
        let most = attack.entry(text(&line, "backend").into()).or_default();
        *most = peak.max(*most);
    }
    let mut table = String::from(
        "### Attacks\n\nThe most memory that the server had during each, in KiB beyond what it had \
         before. In all of them others were served, and nothing was left over.\n\n",
    );
    header(&mut table, "Attack", &BACKENDS);
    for (attack, of) in &peaks {
        let peak = |backend| of.get(backend).map_or("–".into(), ToString::to_string);
        row(&mut table, attack, &BACKENDS.map(peak));
    }
    table
}

/// Reads the tests: those inside `proptest!`, and how many cases each of them has.
fn properties(workspace: &Path) -> String {
    let mut table = String::from("### Properties\n\n");
    header(&mut table, "Property", &["cases"]);
    let mut files = Vec::new();
    gather(workspace, &mut files);
    files.sort();
    for file in files {
        let source = read(&file);
        for block in
            source.split("\nproptest! {").skip(1).chain(source.split("    proptest! {").skip(1))
        {
            let block = block.split("\n}\n").next().unwrap_or(block);
            let cases = block.split("#![proptest_config(").nth(1).and_then(|config| {
                let digits = |it: &str| it.chars().take_while(char::is_ascii_digit).collect();
                let config = config.split('\n').next()?;
                let after = |word| config.split(word).nth(1).map(digits);
                after("cases: ").or_else(|| after("cases(")).filter(|it: &String| !it.is_empty())
            });
            let cases = cases.unwrap_or_else(|| "256".into());
            for test in block.split("#[test]").skip(1) {
                let name = test.split("fn ").nth(1).and_then(|it| it.split('(').next());
                let name = name.unwrap_or_default().trim().replace('_', " ");
                let path = file.strip_prefix(workspace).unwrap_or(&file).display();
                row(&mut table, &format!("`{path}`: {name}"), std::slice::from_ref(&cases));
            }
        }
    }
    table
}

/// All sources below a directory.
fn gather(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let is_hidden = name.to_string_lossy().starts_with('.');
        if path.is_dir() && !is_hidden && name != "target" && name != "node_modules" {
            gather(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs")
            && !path.ends_with("examples/table.rs")
        {
            files.push(path);
        }
    }
}

fn simulations(evidence: &Path) -> String {
    let all = json(&evidence.join("simulations.json"));
    let of = |name| number(&all, name);
    format!(
        "### Simulations\n\n{} from as many seeds in {} s: {} steps, {} answers, nothing wrong.\n",
        of("simulations"),
        of("seconds"),
        of("steps"),
        of("answers"),
    )
}

fn fuzzing(evidence: &Path) -> String {
    let mut table = String::from("### Fuzzing\n\n");
    header(&mut table, "Target", &["seconds", "runs", "corpus", "edges covered"]);
    for line in lines(&evidence.join("fuzz.jsonl")) {
        let of = |name| number(&line, name).to_string();
        let cells = [of("seconds"), of("runs"), of("corpus"), of("coverage")];
        row(&mut table, &format!("`{}`", text(&line, "target")), &cells);
    }
    table
}
