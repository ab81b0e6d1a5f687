//! The glossary of the course is CONCEPTS.md as the book can show it. Links to lines of code would
//! be dead once it is published; they become footnotes that name the file and quote the line.

use pulldown_cmark::{Event, Parser, Tag};

use crate::links::options;

/// What stands above the glossary.
const BEGINNING: &str = "<!-- Made from CONCEPTS.md by `cargo xtask links`. -->\n\n# Glossary\n";

/// The glossary that comes of the text of CONCEPTS.md.
#[must_use]
pub fn glossary(concepts: &str) -> String {
    let body = concepts.find("\n## ").map_or("", |at| &concepts[at + 1..]);
    let mut text = body.to_owned();
    let mut footnotes = String::new();
    for (link, note) in links(body).into_iter().zip(1..).collect::<Vec<_>>().into_iter().rev() {
        let shown = match link.target.strip_prefix("book/src/") {
            Some(chapter) => format!("[{}]({chapter})", link.text),
            None => {
                let file = link.target.split('#').next().unwrap_or_default();
                let quote = link.title.replace('`', "");
                footnotes.insert_str(0, &format!("\n[^{note}]: `{file}`: `{quote}`\n"));
                format!("{}[^{note}]", link.text)
            }
        };
        text.replace_range(link.at, &shown);
    }
    format!("{BEGINNING}\n{}\n{footnotes}", text.trim_end())
}

/// A link to a file.
struct Link {
    text: String,
    target: String,
    title: String,
    at: std::ops::Range<usize>,
}

/// The links to files, in their order.
fn links(text: &str) -> Vec<Link> {
    let events = Parser::new_ext(text, options()).into_offset_iter();
    let links = events.filter_map(|(event, at)| match event {
        Event::Start(Tag::Link { dest_url, title, .. })
            if !dest_url.starts_with('#') && !dest_url.contains("://") =>
        {
            let source = &text[at.clone()];
            let end = source.find("](")?;
            Some(Link {
                text: source[1..end].to_owned(),
                target: dest_url.into_string(),
                title: title.into_string(),
                at,
            })
        }
        _ => None,
    });
    links.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_book_become_footnotes() {
        let concepts = "# Concepts\n\nAbout.\n\n## One\n\nA [line](src/a.rs#L7 \"fn `a`()\"), a\n\
                        [chapter](book/src/b.md#c), [here](#one), [there](https://example.org/).\n";
        let made = glossary(concepts);
        let body = made.strip_prefix(BEGINNING).unwrap();
        assert_eq!(
            body,
            "\n## One\n\nA line[^1], a\n[chapter](b.md#c), [here](#one), \
             [there](https://example.org/).\n\n[^1]: `src/a.rs`: `fn a()`\n"
        );
    }
}
