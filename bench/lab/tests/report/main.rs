//! The page and the table of results that were made up.

#![cfg(target_os = "linux")]

mod sample;

use std::iter;
use std::path::Path;
use std::process::{Command, Stdio};

use lab::report::{self, Figures};
use lab::results::{Kind, Results};
use serde_json::Value;

/// Where `.ci/lab/page/run` finds what these tests have written.
const WRITTEN: &str = env!("CARGO_TARGET_TMPDIR");

fn data(page: &str) -> &str {
    let (_, after) = page.split_once("id=\"data\"").expect("the element of the data");
    let (_, after) = after.split_once('>').expect("its attributes end");
    after.split('<').next().unwrap_or_default()
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_page_of_a_full_run_keeps_to_its_limit() {
    let results = sample::results(u64::MAX, 10);
    assert!(results.cells.len() > 4000, "{}", results.cells.len());
    let page = report::page(&results).unwrap();
    let embedded = report::embedded(&results).unwrap();
    std::fs::write(Path::new(WRITTEN).join("lab-report.html"), &page).unwrap();
    let figures = serde_json::to_string(&Figures::new(&embedded.results)).unwrap();
    std::fs::write(Path::new(WRITTEN).join("lab-report.figures.json"), figures).unwrap();
    println!("{} kB, latencies to {} digits", page.len() / 1000, embedded.precision);
    assert!(page.len() < report::LIMIT, "{}", page.len());
}

#[test]
fn what_is_embedded_is_what_was_measured() {
    let results = sample::results(2, 2);
    let page = report::page(&results).unwrap();
    let embedded = report::embedded(&results).unwrap();
    assert_eq!(embedded.precision, 11, "there is room for all of it");
    let read = report::decode(data(&page)).unwrap();
    let json = |results: &Results| serde_json::to_value(results).unwrap();
    same(&json(&read), &json(&embedded.results), "");
    // And that is all of it but latencies that are not a figure.
    let mut expected = results;
    for cell in &mut expected.cells {
        if !cell.scenario.starts_with("load") {
            cell.latency.clear();
        }
    }
    same(&json(&read), &json(&expected), "");
}

#[test]
fn no_name_gets_out_of_the_data() {
    let mut results = sample::results(3, 1);
    let name = "</script><script>alert(1)</script>{{script}}{{data}}";
    results.entries[0].name = name.into();
    results.provenance.commit = name.into();
    let page = report::page(&results).unwrap();
    assert!(!page.contains("alert(1)") && !page.contains("{{"));
    assert_eq!(page.matches("<script").count(), 2, "the data and the code");
    assert_eq!(page.matches("</script").count(), 2);
}

#[test]
fn the_page_asks_for_nothing_else() {
    let page = report::page(&sample::results(4, 1)).unwrap();
    assert!(page.contains("default-src 'none'") && !page.contains("unsafe-inline"));
    for link in [" src=", "url(", "@import", "https://"] {
        assert!(!page.contains(link), "{link}");
    }
}

#[test]
fn the_table_begins_with_what_the_machine_can_tell_apart() {
    let table = report::table(&sample::results(5, 6));
    assert!(table.starts_with("This machine can tell apart what differs by at least "), "{table}");
    assert!(table.contains("mini-async-http has no figures: GET /text, split after byte 17"));
    assert!(table.contains("void: round of tiny_http in round "));
    for line in table.lines().filter(|line| !line.contains("void: ")) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn twins_are_not_told_apart_and_a_server_that_takes_twice_the_time_is() {
    let figures = Figures::new(&sample::results(6, 7));
    let scenario = &figures.scenarios[1];
    let cpu = |name: &str| {
        let entry = scenario.entries.iter().find(|entry| entry.entry == name).unwrap();
        entry.cpu.unwrap().estimate
    };
    let resolution = scenario.resolution.cpu;
    assert!(resolution.is_some_and(|resolution| (0.001..0.1).contains(&resolution)));
    assert!(!cpu("mio").differs(&cpu("mio again"), resolution));
    assert!(cpu("mio").differs(&cpu("tiny_http"), resolution));
}

#[test]
fn neither_a_floor_nor_a_twin_is_the_best() {
    let results = sample::results(7, 6);
    let figures = Figures::new(&results);
    for scenario in &figures.scenarios {
        for (entry, tied) in scenario.entries.iter().map(|e| (e, e.cpu.is_some_and(|c| c.tied))) {
            let found = results.entries.iter().find(|other| other.name == entry.entry).unwrap();
            assert!(!tied || found.kind != Kind::Floor && found.twin_of.is_none());
        }
        assert!(scenario.entries.iter().any(|entry| entry.cpu.is_some_and(|cpu| cpu.tied)));
    }
}

#[test]
fn a_browser_computes_the_same_figures() {
    let Ok(version) = Command::new("node").arg("--version").stdout(Stdio::null()).status() else {
        eprintln!("skipped: there is no node");
        return;
    };
    assert!(version.success());
    let results = sample::results(8, 6);
    let embedded = report::embedded(&results).unwrap().results;
    let file = tempfile::NamedTempFile::new().unwrap();
    embedded.write(file.path()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/lab/page/figures.mjs");
    let output = Command::new("node").arg(script).arg(file.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let computed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = serde_json::to_value(Figures::new(&embedded)).unwrap();
    same(&computed, &expected, "");
}

/// JavaScript writes a whole number without a point; whatever else differs is wrong.
fn same(computed: &Value, expected: &Value, path: &str) {
    match (computed, expected) {
        (Value::Number(a), Value::Number(b)) => {
            assert!(a.as_f64() == b.as_f64(), "{path}: {a}, expected {b}");
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{path}");
            for (number, (a, b)) in iter::zip(a, b).enumerate() {
                same(a, b, &format!("{path}/{number}"));
            }
        }
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{path}");
            iter::zip(a, b.values()).for_each(|((key, a), b)| same(a, b, &format!("{path}/{key}")));
        }
        _ => assert!(computed == expected, "{path}: {computed}, expected {expected}"),
    }
}
