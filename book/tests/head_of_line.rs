//! Draws the figure of four requests in *TLS and HTTP/2* from what was recorded, and holds what the
//! chapter says of it against that.
//!
//! `cargo xtask links` writes the figure into the chapter; it sets `UPDATE_LINKS` here.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// In the order in which they are sent.
const PATHS: [&str; 4] = ["/echo/a", "/work/1000", "/sleep/300", "/echo/b"];

/// The groups of the figure: their names in the recording, and above their bars.
const GROUPS: [(&str, &str); 3] = [
    ("h1-tokio", "HTTP/1.1, pipelined; backend-tokio"),
    ("h2-sync", "HTTP/2; backend-sync, one thread"),
    ("h2-tokio", "HTTP/2; backend-tokio"),
];

/// What is shorter is said to be at once, in seconds.
const AT_ONCE: f64 = 0.05;

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

/// When the requests of a group were answered, in seconds, in the order of [`PATHS`].
fn answered(group: &str) -> [f64; 4] {
    let data = fs::read_to_string(path("book/data/head-of-line.txt")).unwrap();
    PATHS.map(|path| {
        let start = format!("{group} {path} ");
        data.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
    })
}

/// How long a request takes if nothing holds it up, in seconds: its path says so.
fn asked_for(path: &str) -> f64 {
    path.rsplit('/').next().unwrap().parse().map_or(0.0, |millis: f64| millis / 1000.0)
}

#[derive(Default)]
struct Figure {
    bars: String,
    texts: String,
    title: String,
}

impl Figure {
    /// A group of bars, from this height on.
    fn group(&mut self, top: usize, name: &str, heading: &str) {
        let times = answered(name);
        let said = times.map(|time| format!("{time:.2}")).join(", ");
        write!(self.title, " {heading}: after {said} seconds.").unwrap();
        let text = r#"<text x="0" y=""#;
        write!(self.texts, r#"{text}{}" font-size="13.5">{heading}</text>"#, top + 14).unwrap();
        let mut begins = 0.0;
        for ((row, path), time) in PATHS.iter().enumerate().zip(times) {
            let top = top + 22 + 20 * row;
            self.row(top, path, begins, time);
            if name.starts_with("h1") {
                begins = time; // one after the other
            }
        }
    }

    /// One request: when it is begun, and when it is answered.
    fn row(&mut self, top: usize, path: &str, begins: f64, answered: f64) {
        let x = |seconds: f64| 190.0 + 380.0 * seconds;
        let mut bar = |class, from: f64, to: f64| {
            let (x, width) = (x(from), (x(to) - x(from)).max(3.0));
            let place = format!(r#"x="{x:.1}" y="{top}" width="{width:.1}" height="15""#);
            write!(self.bars, r#"<rect class="{class}" {place}/>"#).unwrap();
        };
        // What it takes besides is too little to be seen, or it is waited for.
        let is_held_up = answered - begins - asked_for(path) > AT_ONCE;
        let ends = if is_held_up { begins + asked_for(path) } else { answered };
        if begins > AT_ONCE {
            bar("box", 0.0, begins);
        }
        if ends - begins > AT_ONCE || answered < AT_ONCE {
            bar("mark", begins, ends);
        }
        if is_held_up {
            bar("box", ends, answered);
        }
        let (baseline, after) = (top + 12, x(answered) + 8.0);
        let label = match answered {
            time if time < AT_ONCE => "at once".to_owned(),
            time => format!("{time:.2} s"),
        };
        let text = &mut self.texts;
        let place = format!(r#"x="178" y="{baseline}" font-size="12" text-anchor="end""#);
        write!(text, r#"<text class="mono" {place}>{path}</text>"#).unwrap();
        let place = format!(r#"x="{after:.1}" y="{baseline}" font-size="11.5""#);
        write!(text, "<text {place}>{label}</text>").unwrap();
    }
}

/// What is in the figure's `svg`.
fn drawn() -> String {
    let mut figure = Figure::default();
    for (at, (name, heading)) in GROUPS.iter().enumerate() {
        figure.group(114 * at, name, heading);
    }
    let Figure { bars, texts, title } = figure;
    let paths = PATHS.join(", ");
    format!(
        "<title>Four requests, sent at once on one connection: {paths}. When each of them is \
         answered.{title}</title>\n<g>{bars}</g>\n<g>{texts}</g>\n"
    )
}

#[test]
fn the_figure_is_drawn_from_what_was_recorded() {
    let file = path("book/src/tls-and-http2.md");
    let text = fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once("book/data/head-of-line.txt -->\n").unwrap();
    let (start, rest) = rest.split_once("role=\"img\">\n").unwrap();
    let (figure, after) = rest.split_once("</svg>").unwrap();
    let drawn = drawn();
    if figure != drawn && std::env::var_os("UPDATE_LINKS").is_some_and(|it| it == "1") {
        let head = format!("{before}book/data/head-of-line.txt -->\n{start}role=\"img\">\n");
        fs::write(&file, format!("{head}{drawn}</svg>{after}")).unwrap();
        return;
    }
    assert!(figure == drawn, "`cargo xtask links` draws it again");
}

#[test]
fn what_the_chapter_says_of_the_four_requests_is_so() {
    let is_near = |time: f64, second: f64| (second..second + 3.0 * AT_ONCE).contains(&time);
    // Over HTTP/1.1 the last answer comes after the sum of all.
    let [a, work, sleep, b] = answered("h1-tokio");
    assert!(a < AT_ONCE && is_near(work, 1.0) && is_near(sleep, 1.3) && is_near(b, 1.3));
    // The thread answers all four after one second.
    assert!(answered("h2-sync").iter().all(|time| is_near(*time, 1.0)));
    // tokio answers the two echoes at once, the moment after 0.3 seconds and the work after one.
    let [a, work, sleep, b] = answered("h2-tokio");
    assert!(a < AT_ONCE && b < AT_ONCE && is_near(work, 1.0) && is_near(sleep, 0.3));
}
