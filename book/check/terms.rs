//! Terms before use. `book/terms.txt` has a term and where it is defined on each line; a chapter
//! may use it only from there on, or as a link to its definition or to the glossary.

use crate::prose::{Page, Word, place_of, words};

/// Where links to definitions may always lead.
const GLOSSARY: &str = "glossary.md";

/// A term and its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term<'t> {
    /// As it is written in prose, in lower case.
    pub term: &'t str,
    /// The page that defines it.
    pub file: &'t str,
    /// The heading there.
    pub anchor: &'t str,
}

/// The terms of `book/terms.txt`.
///
/// # Errors
///
/// If a line has another form.
pub fn terms(list: &str) -> Result<Vec<Term<'_>>, String> {
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let result = lines.map(|line| {
        let (term, target) = line.split_once(" | ")?;
        let (file, anchor) = target.split_once('#')?;
        Some(Term { term, file, anchor })
    });
    let result: Option<Vec<Term<'_>>> = result.collect();
    result.ok_or_else(|| "a line of book/terms.txt is not `term | file#anchor`".to_owned())
}

/// Where terms are used before they are defined. `pages` are in the order in which they are read.
#[must_use]
pub fn used_too_early(terms: &[Term<'_>], pages: &[Page]) -> Vec<String> {
    let mut found = Vec::new();
    for term in terms {
        let order = pages.iter().position(|page| page.file == term.file);
        let place = order.and_then(|at| place_of(&pages[at].text, term.anchor));
        let Some((order, place)) = order.zip(place) else {
            found
                .push(format!("{}#{} does not exist, see `{}`", term.file, term.anchor, term.term));
            continue;
        };
        for (at, page) in pages.iter().enumerate() {
            let is_later = at > order || page.number().is_none() && page.file != "introduction.md";
            if is_later {
                continue;
            }
            let Some(word) = first_use(term, &words(&page.text)) else { continue };
            let is_after = at == order && word.at >= place;
            if !is_after && !is_link_to(term, word.link.as_deref()) {
                let line = page.text[..word.at].matches('\n').count() + 1;
                let Term { term, file, anchor } = term;
                found.push(format!(
                    "{}:{line}: `{term}` is defined in {file}#{anchor}: link to that",
                    page.file
                ));
            }
        }
    }
    found
}

/// The first word of the first use of a term.
fn first_use(term: &Term<'_>, words: &[Word]) -> Option<Word> {
    let parts: Vec<&str> = term.term.split(' ').collect();
    let is_use = |window: &&[Word]| {
        let mut pairs = window.iter().zip(&parts).rev();
        let is_last = pairs.next().is_some_and(|(word, part)| is_form_of(&word.text, part));
        is_last && pairs.all(|(word, part)| word.text.to_lowercase() == **part)
    };
    words.windows(parts.len()).find(is_use).map(|window| window[0].clone())
}

/// Whether a word is a term, or several of it.
fn is_form_of(word: &str, term: &str) -> bool {
    let word = word.to_lowercase();
    word == term || word.strip_suffix('s') == Some(term) || word.strip_suffix("es") == Some(term)
}

fn is_link_to(term: &Term<'_>, link: Option<&str>) -> bool {
    link.is_some_and(|link| {
        link.starts_with(GLOSSARY) || link == format!("{}#{}", term.file, term.anchor)
    })
}
