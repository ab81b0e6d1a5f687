//! What a connection understands is what others understand: the crate `reference`, which reads
//! everything at once and as plainly as possible, and `httparse` by itself.

#![allow(clippy::disallowed_types, reason = "what a handler has seen is shared with its test")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod requests;
mod understanding;

use httparse::Status;
use proptest::prelude::*;
use protocol::{Limits, Refusal};
use reference::{Message, Target, Version};
use requests::{cases, head, input, limits};
use understanding::{understand, understand_whole};

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn requests_mean_what_the_reference_says(
        input in input(),
        limits in limits(),
        step in 1..30usize,
    ) {
        let whole = understand_whole(&input, &limits);
        whole.assert_as_reference(&input, &limits);
        prop_assert_eq!(understand(input.chunks(step), &limits), whole, "in steps of {}", step);
    }

    #[test]
    fn arbitrary_bytes_are_understood_alike(
        input in proptest::collection::vec(any::<u8>(), 0..200),
        limits in limits(),
    ) {
        understand_whole(&input, &limits).assert_as_reference(&input, &limits);
    }
}

/// What the generators make is worth something only if it is mostly right, and wrong in all ways.
#[test]
fn most_generated_requests_are_understood_and_some_are_refused_in_every_way() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::new(cases(0));
    let limits = Limits {
        max_body: 90,
        max_fields: 9,
        max_chunk_extensions: 40,
        max_head: 300,
        ..Limits::default()
    };
    let (mut understood, mut refusals) = (0, std::collections::HashMap::new());
    for _ in 0..1000 {
        let input = requests::request().new_tree(&mut runner).unwrap().current();
        let seen = understand_whole(&input, &limits);
        understood += u32::from(seen.messages.len() == 1);
        *refusals.entry(seen.refusal).or_insert(0) += 1;
    }
    println!("{understood} {refusals:?}");
    assert!((600..900).contains(&understood), "{understood} of 1000");
    assert!(refusals.len() > 12, "{refusals:?}");
}

/// What we refuse although httparse would not, as it stands in the documentation of `Refusal`.
const STRICTER: &str = include_str!("../src/stricter.md");

/// The names of the refusals on the list, and an example of each.
fn stricter() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    STRICTER.lines().filter_map(|line| {
        let cells: Vec<_> = line.split(" | ").collect();
        let name = cells[0].strip_prefix("| `")?.strip_suffix('`')?;
        let [_, section, why, example] = cells[..] else { panic!("{line}") };
        assert!(section.starts_with("RFC ") && section.contains('§') && !why.is_empty(), "{line}");
        let example = example.strip_prefix('`')?.strip_suffix("` |")?;
        Some((name, example_bytes(&example.replace("\\r", "\r").replace("\\n", "\n"))))
    })
}

/// Writes out what is said once: `{a*3}` is `aaa`.
fn example_bytes(example: &str) -> Vec<u8> {
    let Some((before, rest)) = example.split_once('{') else { return example.into() };
    let (repeated, after) = rest.split_once('}').unwrap();
    let (text, times) = repeated.rsplit_once('*').unwrap();
    [before, &text.repeat(times.parse().unwrap()), after].concat().into_bytes()
}

/// A request head as httparse understands it, and with its target as it stands on the wire.
fn as_httparse(head: &[u8]) -> Option<(Message, String)> {
    let mut storage = [httparse::EMPTY_HEADER; Limits::MAX_FIELDS];
    let mut request = httparse::Request::new(&mut storage);
    let Ok(Status::Complete(_)) = request.parse(head) else { return None };
    let fields = request.headers.iter().map(|field| (field.name.into(), field.value.into()));
    let message = Message {
        method: request.method.unwrap().into(),
        target: Target::Asterisk, // it does not take targets apart
        version: if request.version == Some(0) { Version::Http10 } else { Version::Http11 },
        fields: fields.collect(),
        body: Vec::new(),
    };
    Some((message, request.path.unwrap().into()))
}

/// Whether a target that has been taken apart was this.
fn is_target(target: &Target, wire: &str) -> bool {
    let join = |path: &str, query: &Option<String>| match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    match target {
        Target::Origin { path, query } => join(path, query) == wire,
        Target::Absolute { authority, path, query } => {
            let rest = wire.split_once("://").and_then(|(_, rest)| rest.strip_prefix(authority));
            // A path that is not there is a slash.
            rest == Some(&join(path, query)) || path == "/" && rest == Some(&join("", query))
        }
        Target::Authority(authority) => authority == wire,
        Target::Asterisk => wire == "*",
    }
}

/// The head with the minor version that httparse knows, if it has a later one.
fn with_known_version(head: &[u8]) -> Option<Vec<u8>> {
    let (line, rest) = str::from_utf8(head).ok()?.trim_start_matches("\r\n").split_once("\r\n")?;
    let later = line.strip_suffix(|minor| ('2'..='9').contains(&minor))?;
    Some(format!("{later}1\r\n{rest}").into_bytes())
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn httparse_understands_what_we_understand_and_we_refuse_more_only_as_documented(
        head in head(),
        limits in limits(),
    ) {
        let ours = understand_whole(&head, &limits);
        let theirs = as_httparse(&head);
        match (ours.heads.first(), theirs) {
            (Some(ours), theirs) => {
                let theirs = theirs.or_else(|| as_httparse(&with_known_version(&head)?));
                let Some((theirs, target)) = theirs else {
                    panic!("httparse refuses {:?}", String::from_utf8_lossy(&head));
                };
                prop_assert!(is_target(&ours.target, &target), "{:?} is not {target:?}", ours.target);
                prop_assert_eq!(&Message { target: Target::Asterisk, ..ours.clone() }, &theirs);
            }
            (None, Some(_)) => {
                let is_listed =
                    |it: Refusal| stricter().any(|(name, _)| name == format!("{it:?}"));
                let head = String::from_utf8_lossy(&head);
                prop_assert!(ours.possible_refusals().any(is_listed), "{ours:?}: {head:?}");
            }
            (None, None) => {}
        }
    }
}

#[test]
fn every_refusal_on_the_list_is_met_by_its_example() {
    assert_eq!(stricter().count(), 12);
    for (name, example) in stricter() {
        let shown = String::from_utf8_lossy(&example);
        assert!(as_httparse(&example).is_some(), "httparse refuses {shown:?}");
        let ours = understand_whole(&example, &Limits::default());
        assert_eq!(format!("{:?}", ours.refusal.unwrap()), name, "{shown:?}");
    }
}
