//! The requirements as they stand in `requirements/`, and the document that is made of them.
//!
//! A file there is text. An entry is a line with section, level and a name, a sentence, and what
//! shows that it is met, or why nothing does; entries are parted by empty lines:
//!
//! ```text
//! §5.1 MUST space-before-colon
//! A request with white space between a field name and its colon is answered with 400.
//! cases: space-before-colon tab-before-colon
//! ```
//!
//! Instead of `cases:`, or next to it, `every case of:` names protocols in whose cases it is held
//! against everything that the server sends. Otherwise there is `not observable:`, `not
//! applicable:` or
//! `open:` with a reason. A line that is indented goes on with the one before it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::sources::{self, Place, Section};

/// The RFCs in the order of the document, and what implements them where no comment says more.
const RFCS: [(u16, &str, &str); 5] = [
    (9110, "HTTP Semantics", "–"),
    (9112, "HTTP/1.1", "–"),
    (9113, "HTTP/2", "`h2`"),
    (7541, "HPACK", "`h2`"),
    (6455, "WebSocket", "–"),
];

/// As many cases as the table names; of more it says the number.
const SHOWN_CASES: usize = 4;

/// One thing that an RFC demands.
#[derive(Debug)]
pub(crate) struct Requirement {
    /// Where it stands.
    pub(crate) section: Section,
    /// `MUST` or `MUST NOT`.
    pub(crate) level: String,
    /// Names it; unique.
    pub(crate) id: String,
    /// In our words.
    pub(crate) sentence: String,
    /// The ids of the cases that show it.
    pub(crate) cases: Vec<String>,
    /// The protocols whose cases all show it.
    pub(crate) protocols: Vec<String>,
    /// Why there are none.
    pub(crate) reason: Option<(Kind, String)>,
}

/// Why a requirement has no cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nobody can tell from outside, or not with what this suite speaks.
    NotObservable,
    /// The server never does what it is about.
    NotApplicable,
    /// It is not met, or there could be a case.
    Open,
}

const KINDS: [(&str, Kind); 3] = [
    ("not observable: ", Kind::NotObservable),
    ("not applicable: ", Kind::NotApplicable),
    ("open: ", Kind::Open),
];

/// The document.
pub(crate) fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("COVERAGE.md")
}

/// All requirements, in the order of the RFCs.
pub(crate) fn read() -> Vec<Requirement> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements");
    let of = |(rfc, ..): (u16, &str, &str)| {
        let path = directory.join(format!("rfc{rfc}.txt"));
        let text =
            fs::read_to_string(&path).unwrap_or_else(|it| panic!("{}: {it}", path.display()));
        parse(rfc, &text)
    };
    RFCS.into_iter().flat_map(of).collect()
}

fn parse(rfc: u16, text: &str) -> Vec<Requirement> {
    let text = text.replace("\n  ", " ");
    let entries = text.split("\n\n").map(|entry| {
        let lines = entry.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.collect::<Vec<_>>()
    });
    entries.filter(|lines| !lines.is_empty()).map(|lines| entry(rfc, &lines)).collect()
}

fn entry(rfc: u16, lines: &[&str]) -> Requirement {
    let wrong = || -> ! { panic!("rfc{rfc}.txt: {lines:?} is no entry") };
    let [first, sentence, rest @ ..] = lines else { wrong() };
    let Some((section, after)) = first.strip_prefix('§').and_then(|it| it.split_once(' ')) else {
        wrong()
    };
    let Some((level @ ("MUST" | "MUST NOT"), id)) = after.rsplit_once(' ') else { wrong() };
    let mut requirement = Requirement {
        section: (rfc, section.into()),
        level: level.into(),
        id: id.into(),
        sentence: (*sentence).into(),
        cases: Vec::new(),
        protocols: Vec::new(),
        reason: None,
    };
    for line in rest {
        let reason = KINDS.iter().find_map(|(key, kind)| Some((*kind, line.strip_prefix(key)?)));
        if let Some(ids) = line.strip_prefix("cases: ") {
            requirement.cases = ids.split_whitespace().map(Into::into).collect();
        } else if let Some(names) = line.strip_prefix("every case of: ") {
            requirement.protocols = names.split(", ").map(Into::into).collect();
        } else if let Some((kind, reason)) = reason {
            requirement.reason = Some((kind, reason.into()));
        } else {
            wrong()
        }
    }
    requirement
}

impl Requirement {
    /// Whether some case shows it.
    pub(crate) fn is_covered(&self) -> bool {
        !self.cases.is_empty() || !self.protocols.is_empty()
    }

    fn is(&self, kind: Kind) -> bool {
        !self.is_covered() && self.reason.as_ref().is_some_and(|(of, _)| *of == kind)
    }

    /// The cell of the table that says what shows it.
    fn shown_by(&self) -> String {
        if let Some((kind, reason)) = &self.reason {
            let (key, _) = KINDS.iter().find(|(_, of)| of == kind).unwrap_or(&KINDS[0]);
            return format!("{key}{reason}");
        }
        let mut parts: Vec<_> =
            self.protocols.iter().map(|name| format!("every case of {name}")).collect();
        parts.extend(self.cases.iter().take(SHOWN_CASES).map(|id| format!("`{id}`")));
        let shown = parts.join(", ");
        match self.cases.len() {
            count if count > SHOWN_CASES => format!("{shown} and {} more", count - SHOWN_CASES),
            _ => shown,
        }
    }
}

const INTRODUCTION: &str = "\
# What is demanded, and what shows it

Each MUST and MUST NOT of five RFCs that binds an origin server: as one who receives requests,
sends responses, or is simply an endpoint. What binds only clients, proxies, caches, registries or
the authors of other specifications is not among them. Requirements are told in our words; the RFC
has the precise ones. Where one sentence of an RFC demands several things, they may be several
requirements.

- **Covered**: there are cases of this suite that a server fails if it does not meet the
  requirement. \"Every case of\" a protocol means that it is held against all that the server
  sends in any of them. No case proves that a requirement is met in all circumstances. The codes
  of errors in HTTP/2 are compared with `--exact-codes`, as a test of our server does.
- **Not observable**: requests over a connection cannot show it, or not those that this suite can
  make: it speaks no TLS, and does not wait for long.
- **Not applicable**: it is about something that this server never does.
- **Open**: it is not met, or there could be a case and there is none.

The last column is gathered from the sources: wherever a comment names exactly this section, the
function or type is named in which it stands. Where none does, a crate is named that does the work,
or there is a dash: then something implements the requirement, but no comment names its section.

This file is written by `cargo run -p conformance --example requirements`, from `requirements/`,
the cases and the sources. Do not edit it; a test compares.
";

/// The document.
pub(crate) fn write(requirements: &[Requirement]) -> String {
    let places = sources::places();
    let mut text = format!("{INTRODUCTION}\n## Summary\n\n");
    text += "| | requirements | covered | not observable | not applicable | open |\n";
    text += "|---|--:|--:|--:|--:|--:|\n";
    for (rfc, title, _) in RFCS {
        let of: Vec<_> = requirements.iter().filter(|it| it.section.0 == rfc).collect();
        summarize(&mut text, &format!("[RFC {rfc}](#rfc-{rfc}), {title}"), &of);
    }
    summarize(&mut text, "**All**", &requirements.iter().collect::<Vec<_>>());
    text += "\n## Open\n\n";
    for it in requirements.iter().filter(|it| it.is(Kind::Open)) {
        let ((rfc, section), id, sentence) = (&it.section, &it.id, &it.sentence);
        let why = it.reason.as_ref().map_or("", |(_, why)| why);
        let _ = writeln!(text, "- RFC {rfc} §{section}, `{id}`: {sentence} {why}");
    }
    for (rfc, _, otherwise) in RFCS {
        let _ = write!(text, "\n## RFC {rfc}\n\n| § | | Requirement | Cases | Implemented in |\n");
        text += "|---|---|---|---|---|\n";
        for it in requirements.iter().filter(|it| it.section.0 == rfc) {
            let (_, section) = &it.section;
            let place = match places.get(&it.section) {
                _ if it.is(Kind::NotApplicable) => "–".into(),
                Some(places) => implemented_in(places),
                None if it.is_covered() => otherwise.into(),
                None => "–".into(),
            };
            let (level, id, sentence) = (&it.level, &it.id, &it.sentence);
            let shown_by = it.shown_by();
            let _ = writeln!(
                text,
                "| {section} | {level} | `{id}`: {sentence} | {shown_by} | {place} |"
            );
        }
    }
    text
}

fn summarize(text: &mut String, name: &str, of: &[&Requirement]) {
    let count = |kind| of.iter().filter(|it| it.is(kind)).count();
    let covered = of.iter().filter(|it| it.is_covered()).count();
    let all = of.len();
    let [hidden, other, open] = [Kind::NotObservable, Kind::NotApplicable, Kind::Open].map(count);
    let _ = writeln!(text, "| {name} | {all} | {covered} | {hidden} | {other} | {open} |");
}

/// By file: the names in it.
fn implemented_in(places: &[Place]) -> String {
    let mut files: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    // What a file says of itself as a whole is of use only where nothing in it says more.
    let is_precise = |(_, name): &&Place| name != sources::MODULE;
    let has_precise = places.iter().any(|it| is_precise(&it));
    for (file, name) in places.iter().filter(|it| !has_precise || is_precise(it)) {
        let names = files.entry(file).or_default();
        let name = format!("`{name}`");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let of =
        |(file, names): (&str, Vec<String>)| format!("[{file}](../{file}) ({})", names.join(", "));
    files.into_iter().map(of).collect::<Vec<_>>().join(", ")
}
