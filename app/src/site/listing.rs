//! What is in a directory: a page that needs no script, or JSON.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::io;
use std::time::SystemTime;

use cap_std::fs::Dir;
use protocol::Response;
use protocol::http::StatusCode;
use protocol::http::header::{self, HeaderName, HeaderValue};
use serde_json::json;

use crate::answers::{encode, escape, nosniff};
use crate::site::budget::{Held, Turn};
use crate::site::rules::is_hidden;
use crate::store::is_relative;

/// How many names are shown at most, since they are sorted in memory.
const MOST: usize = 10_000;

/// How many names a list has, where the directory has more. JSON has no other place to say it.
const CUT: HeaderName = HeaderName::from_static("listing-cut-at");

/// By what, and whether the least comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    by: Column,
    ascending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Size,
    Modified,
}

impl Column {
    const ALL: [Column; 3] = [Column::Name, Column::Size, Column::Modified];

    /// What it is called in a query and at its head.
    fn name(self) -> &'static str {
        match self {
            Column::Name => "name",
            Column::Size => "size",
            Column::Modified => "modified",
        }
    }
}

impl Order {
    /// What a query such as `sort=size&order=desc` asks for.
    pub(super) fn of(query: Option<&str>) -> Self {
        let mut order = Order { by: Column::Name, ascending: true };
        for parameter in query.unwrap_or_default().split('&') {
            match parameter.split_once('=') {
                Some(("sort", name)) => {
                    let column = Column::ALL.into_iter().find(|column| column.name() == name);
                    order.by = column.unwrap_or(order.by);
                }
                Some(("order", order_name)) => order.ascending = order_name != "desc",
                _ => {}
            }
        }
        order
    }
}

struct Entry {
    name: String,
    is_directory: bool,
    size: u64,
    modified: SystemTime,
}

/// Answers with what is in the directory of this decoded path, which ends with a slash.
///
/// # Errors
/// If the directory cannot be read.
pub(super) fn listing(dir: &Dir, path: &str, order: Order, as_json: bool) -> io::Result<Response> {
    let _turn = Turn::wait();
    let (names, is_all) = names(dir, MOST)?;
    let mut entries: Vec<_> = names.into_iter().filter_map(|name| entry(dir, name)).collect();
    entries.sort_by(|one, other| compare(one, other, order));
    let response = Response::ok();
    let (mut response, text) = if as_json {
        (response.content_type("application/json"), as_array(&entries))
    } else {
        let style = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
        let response = response.field(header::CONTENT_SECURITY_POLICY, style);
        let page = page(path, &entries, order, is_all);
        (response.content_type("text/html; charset=utf-8"), page)
    };
    if !is_all {
        response = response.field(CUT, HeaderValue::from(MOST));
    }
    // Clients who do not read what they have asked for are not to fill the memory with it.
    let Some(held) = Held::of(text) else {
        return Ok(Response::plain(StatusCode::SERVICE_UNAVAILABLE));
    };
    Ok(nosniff(response.body(held.into_bytes()))
        .field(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))
        .field(header::VARY, HeaderValue::from_static("accept")))
}

/// The names that come first and can be asked for, `most` of them, and whether these are all.
fn names(dir: &Dir, most: usize) -> io::Result<(BTreeSet<String>, bool)> {
    let (mut names, mut is_all) = (BTreeSet::new(), true);
    for entry in dir.entries()? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        if is_relative(&name) && !is_hidden(&name) {
            names.insert(name);
        }
        if names.len() > most {
            names.pop_last();
            is_all = false;
        }
    }
    Ok((names, is_all))
}

/// What is said of a file or a directory. What is neither, or leads elsewhere, is as if it were
/// not.
fn entry(dir: &Dir, name: String) -> Option<Entry> {
    let metadata = dir.metadata(&name).ok()?;
    if !(metadata.is_dir() || metadata.is_file()) {
        return None;
    }
    let modified =
        metadata.modified().map_or(SystemTime::UNIX_EPOCH, cap_std::time::SystemTime::into_std);
    Some(Entry { name, is_directory: metadata.is_dir(), size: metadata.len(), modified })
}

/// Directories come first, whatever the order.
fn compare(one: &Entry, other: &Entry, order: Order) -> Ordering {
    let name = |entry: &Entry| (entry.name.to_lowercase(), entry.name.clone());
    let by_name = || name(one).cmp(&name(other));
    let by_column = match order.by {
        Column::Name => by_name(),
        Column::Size if one.is_directory => by_name(),
        Column::Size => one.size.cmp(&other.size).then_with(by_name),
        Column::Modified => one.modified.cmp(&other.modified).then_with(by_name),
    };
    let by_column = if order.ascending { by_column } else { by_column.reverse() };
    other.is_directory.cmp(&one.is_directory).then(by_column)
}

fn as_array(entries: &[Entry]) -> String {
    let entries = entries.iter().map(|entry| {
        let modified = date(entry.modified);
        if entry.is_directory {
            json!({ "name": entry.name, "type": "directory", "modified": modified })
        } else {
            json!({ "name": entry.name, "type": "file", "size": entry.size, "modified": modified })
        }
    });
    serde_json::Value::from_iter(entries).to_string()
}

fn page(path: &str, entries: &[Entry], order: Order, is_all: bool) -> String {
    let count = match (entries.len(), is_all) {
        (0, _) => "Nothing is here.".to_owned(),
        (1, _) => "1 entry".to_owned(),
        (count, true) => format!("{count} entries"),
        (count, false) => format!("The first {count} names: there are more."),
    };
    let template = include_str!("listing.html");
    let (above, below) = template.split_once("{{rows}}").unwrap_or((template, ""));
    let above = above
        .replace("{{columns}}", &columns(order))
        .replace("{{crumbs}}", &crumbs(path))
        .replace("{{title}}", &shown(path));
    // One text, to which all others are added: it may be long.
    let page = entries.iter().fold(above, |page, entry| page + &row(entry));
    page + &below.replace("{{count}}", &count)
}

/// A part of the path as text of the page, in which nothing is left to be filled in.
fn shown(part: &str) -> String {
    escape(part).replace('{', "&#123;")
}

/// Links to the directories above.
fn crumbs(path: &str) -> String {
    let mut crumbs = String::new();
    let parts: Vec<_> = path.trim_matches('/').split('/').filter(|part| !part.is_empty()).collect();
    let _ = write!(crumbs, "<li><a href=\"/\">/</a></li>");
    for (index, part) in parts.iter().enumerate() {
        let (href, name) = (encode(&parts[..=index].join("/")), shown(part));
        let current = if index + 1 == parts.len() { " aria-current=\"page\"" } else { "" };
        let _ = write!(crumbs, "<li><a href=\"/{href}/\"{current}>{name}</a></li>");
    }
    crumbs
}

/// The heads of the columns, which lead to the other orders.
fn columns(order: Order) -> String {
    let column = |column: Column| {
        let is_sorted = column == order.by;
        let (sorted, next) = match (is_sorted, order.ascending) {
            (true, true) => (" aria-sort=\"ascending\"", "desc"),
            (true, false) => (" aria-sort=\"descending\"", "asc"),
            (false, _) => ("", "asc"),
        };
        let name = column.name();
        format!(
            "<th scope=\"col\"{sorted}><a href=\"?sort={name}&amp;order={next}\">{name}</a></th>"
        )
    };
    Column::ALL.map(column).concat()
}

fn row(entry: &Entry) -> String {
    let slash = if entry.is_directory { "/" } else { "" };
    let (href, name) = (encode(&entry.name), escape(&entry.name));
    let size = if entry.is_directory { "–".to_owned() } else { size(entry.size) };
    let modified = date(entry.modified);
    let shown = modified.get(..16).unwrap_or_default().replace('T', " ");
    format!(
        "<tr><th scope=\"row\"><a href=\"{href}{slash}\">{name}{slash}</a></th><td>{size}</td>\
         <td><time datetime=\"{modified}\">{shown}</time></td></tr>\n"
    )
}

/// In the largest unit of which there is one at least.
fn size(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while size >= 1024.0
        && let Some(larger) = units.next()
    {
        (size, unit) = (size / 1024.0, larger);
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") }
}

/// As RFC 3339 has it, to the second.
fn date(time: SystemTime) -> String {
    // Later ones have no such form.
    let latest = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(253_402_300_799);
    let time = time.clamp(SystemTime::UNIX_EPOCH, latest);
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn entry(name: &str, size: u64, seconds: u64) -> Entry {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Entry { name: name.to_owned(), is_directory: size == 0, size, modified }
    }

    fn sorted(query: &str) -> String {
        let mut entries = [entry("b", 1, 9), entry("A", 3, 5), entry("z", 0, 2), entry("y", 0, 7)];
        let order = Order::of(Some(query));
        entries.sort_by(|one, other| compare(one, other, order));
        entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn directories_come_first_and_the_rest_as_asked_for() {
        for (query, expected) in [
            ("", "yzAb"),
            ("sort=name&order=desc", "zybA"),
            ("sort=size", "yzbA"),
            ("sort=size&order=desc", "zyAb"),
            ("order=asc&sort=modified", "zyAb"),
            ("sort=nonsense&order=nonsense", "yzAb"),
        ] {
            assert_eq!(sorted(query), expected, "{query}");
        }
    }

    #[test]
    fn of_too_many_names_the_first_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["d", "b", ".a", "ab", "e", "c"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let dir = Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority()).unwrap();
        let first = |most| {
            let (names, is_all) = names(&dir, most).unwrap();
            (names.into_iter().collect::<Vec<_>>().join(" "), is_all)
        };
        assert_eq!(first(2), ("ab b".to_owned(), false));
        assert_eq!(first(5), ("ab b c d e".to_owned(), true));
    }

    #[test]
    fn names_are_text_in_the_page_and_encoded_in_links() {
        let first = row(&entry("<a b>&\"?#.txt", 1536, 1_000_000_000));
        assert!(first.contains("href=\"%3Ca%20b%3E%26%22%3F%23.txt\""), "{first}");
        assert!(first.contains(">&lt;a b&gt;&amp;&quot;?#.txt</a>"), "{first}");
        assert!(first.contains("<td>1.5 KiB</td>"), "{first}");
        assert!(first.contains("datetime=\"2001-09-09T01:46:40Z\">2001-09-09 01:46<"), "{first}");
        let lines = row(&entry("a\n'b'", 1, 0));
        assert!(lines.contains("href=\"a%0A%27b%27\">a\n'b'</a>"), "{lines}");
        let page = page("/<b>/", &[], Order::of(None), true);
        assert!(!page.contains("<b>") && !page.contains("{{"), "{page}");
        let page = super::page("/{{rows}}/", &[entry("a", 1, 0)], Order::of(None), true);
        assert_eq!(page.matches("<a href=\"a\">").count(), 1, "{page}");
    }

    #[test]
    fn sizes_are_in_the_largest_unit_that_fits() {
        for (bytes, expected) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 << 30, "5.0 GiB")]
        {
            assert_eq!(size(bytes), expected);
        }
        assert_eq!(size(u64::MAX), "16777216.0 TiB");
    }
}
