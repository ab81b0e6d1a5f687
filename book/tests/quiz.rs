//! The quizzes: each question can be learnt from, what is marked is what the protocol says, and
//! there are enough of them.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeMap;
use std::path::Path;

use book::exam::{Form, ITEMS, draw, key, paper};
use book::quiz::{Question, problems, questions};

/// The chapters about what the protocol or a model in the page can compute.
const COMPUTED: [&str; 6] =
    ["bytes", "state-machine", "event-loop", "completions", "tls-and-http2", "websocket"];

fn quizzes() -> BTreeMap<String, Vec<Question>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("quiz");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), questions(&std::fs::read_to_string(&path).unwrap()))).collect()
}

fn computed(questions: &[Question]) -> usize {
    questions.iter().filter(|question| question.ask.is_some()).count()
}

#[test]
fn each_question_can_be_learnt_from() {
    let mut found = Vec::new();
    for (chapter, questions) in quizzes() {
        assert!(questions.len() >= 6, "{chapter}: only {}", questions.len());
        for question in questions {
            let problems = problems(&question);
            found.extend(problems.iter().map(|it| format!("{chapter}: {}: {it}", question.title)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_question_is_there_twice() {
    for (chapter, questions) in quizzes() {
        let mut titles: Vec<&str> = questions.iter().map(|it| &*it.title).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), questions.len(), "{chapter}: progress is kept by the title");
    }
}

#[test]
fn there_are_fifty_questions_and_a_third_of_them_is_computed() {
    let quizzes = quizzes();
    for chapter in COMPUTED {
        let questions = &quizzes[chapter];
        let (all, computed) = (questions.len(), computed(questions));
        assert!(3 * computed >= all, "{chapter}: {computed} of {all} are computed");
    }
    let all: Vec<Question> = quizzes.into_values().flatten().collect();
    let computed = computed(&all);
    assert!(all.len() >= 50, "only {}", all.len());
    assert!(3 * computed >= all.len(), "{computed} of {} are computed", all.len());
}

#[test]
fn the_forms_of_a_seed_have_twenty_questions_each_and_none_in_common() {
    let quizzes = quizzes();
    for seed in 0..100 {
        let forms = Form::ALL.map(|(form, _)| draw(&quizzes, seed, form));
        let mut titles: Vec<String> = forms.iter().flatten().map(|it| it.title.clone()).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), 3 * ITEMS, "seed {seed}");
        for (chapter, questions) in &quizzes {
            let of = |form: &Vec<Question>| {
                form.iter()
                    .filter(|it| questions.iter().any(|other| other.title == it.title))
                    .count()
            };
            assert!(forms.iter().all(|form| (1..=2).contains(&of(form))), "seed {seed}: {chapter}");
        }
    }
}

#[test]
fn a_seed_gives_the_same_exam_again_and_another_seed_another() {
    let exam = |seed| draw(&quizzes(), seed, Form::Exam);
    assert_eq!(exam(7), exam(7));
    assert_ne!(paper(&exam(7)), paper(&exam(8)));
}

#[test]
fn the_key_has_the_letters_that_the_paper_has() {
    let exam = draw(&quizzes(), 7, Form::Exam);
    let (paper, key) = (paper(&exam), key(&exam));
    let right = |question: &Question| question.choices.iter().filter(|it| it.is_right).count();
    assert_eq!(key.lines().count(), exam.iter().map(right).sum::<usize>());
    for (number, question) in (1..).zip(&exam) {
        let (letter, choice) =
            ('a'..).zip(&question.choices).find(|(_, choice)| choice.is_right).unwrap();
        assert!(paper.contains(&format!("\n   {letter}) {}\n", choice.says)));
        assert!(key.contains(&format!("{number}. {letter}) {}\n", choice.reason.trim())));
        assert!(!paper.contains(choice.reason.trim()), "a reason is not handed out");
    }
}

/// What would be overlooked if the checks were not right: each of these has one thing wrong.
mod on_bad_input {
    use super::*;

    const GOOD: &str = "### Which status?\n\n```ask\nreceive GET / HTTP/1.1\\r\\n\\r\\n\n\
                        show statuses\n```\n\n- [ ] `200`\n\n  No host.\n- [x] `400`, refused\n\n  \
                        Because of that.\n";

    fn found(text: &str) -> Vec<String> {
        let questions = questions(text);
        assert_eq!(questions.len(), 1);
        problems(&questions[0])
    }

    #[test]
    fn what_is_right_passes() {
        assert_eq!(found(GOOD), Vec::<String>::new());
        assert_eq!(questions(GOOD)[0].choices[1].reason.trim(), "Because of that.");
    }

    #[test]
    fn a_mark_that_is_not_what_the_protocol_says_is_found() {
        let swapped = GOOD.replace("[ ]", "[y]").replace("[x]", "[ ]").replace("[y]", "[x]");
        assert_eq!(found(&swapped), ["the protocol says `400`"]);
        assert_eq!(found(&GOOD.replace("`400`", "`401`")), ["the protocol says `400`"]);
        let mistaken = found(&GOOD.replace("show", "shaw"));
        assert!(mistaken[0].starts_with("the script: line 2"), "{mistaken:?}");
    }

    #[test]
    fn a_choice_without_a_reason_is_found() {
        assert_eq!(found(&GOOD.replace("  No host.\n", "")), ["``200`` has no reason"]);
    }

    #[test]
    fn a_question_without_a_wrong_or_a_right_choice_is_found() {
        let text = "### Why?\n\n- [x] So.\n\n  Yes.\n- [x] And so.\n\n  Yes.\n";
        assert_eq!(found(text), ["no choice is wrong"]);
        assert_eq!(found(&text.replace("[x]", "[ ]")), ["no choice is right"]);
        assert_eq!(found("### Why?\n\n- [x] So.\n\n  Yes.\n").len(), 2);
    }
}
