//! The confusions that the chapters answer, and the page that leads to them.

use crate::prose::{Page, sections};

/// A confusion in a chapter stands in a box like this.
const BOX: &str = "> [!IMPORTANT]\n> **“";

/// What the page of confusions lacks, and what it promises that is not there.
#[must_use]
pub fn unanswered(index: &str, chapters: &[Page]) -> Vec<String> {
    let entries: Vec<(String, &str)> = index.split("\n- “").skip(1).filter_map(entry).collect();
    let mut found = Vec::new();
    for chapter in chapters {
        for said in said(&chapter.text) {
            if !entries.iter().any(|(entry, _)| *entry == said) {
                found.push(format!("confusions.md lacks “{said}” of {}", chapter.file));
            }
        }
    }
    for (entry, target) in &entries {
        let is_there = target.split_once('#').is_some_and(|(file, id)| {
            let chapter = chapters.iter().find(|chapter| chapter.file == file);
            let sections = chapter.map(|chapter| sections(&chapter.text)).unwrap_or_default();
            let section = sections.iter().find(|section| section.id == id);
            section.is_some_and(|section| said(section.body).contains(entry))
        });
        if !is_there {
            found.push(format!("“{entry}” is not answered in {target}"));
        }
    }
    found
}

/// An entry of the page: what is said, and where the link behind it leads.
fn entry(rest: &str) -> Option<(String, &str)> {
    let (said, rest) = rest.split_once('”')?;
    let target = rest.split_once("](")?.1.split_once(')')?.0;
    Some((plain(said), target))
}

/// The confusions in a text.
fn said(text: &str) -> Vec<String> {
    let boxes = text.split(BOX).skip(1);
    boxes.filter_map(|rest| Some(plain(rest.split_once('”')?.0))).collect()
}

/// Without the marks of a quotation and the ends of lines.
fn plain(text: &str) -> String {
    text.replace("\n> ", " ").replace('\n', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}
