//! The way of a reader through an exercise, by the command line.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{Course, SOLUTION, TASK};

fn run(course: &Course, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_runner"))
        .args(words)
        .env("EXERCISES", &course.root)
        .output()
        .unwrap()
}

/// What is printed, and the exit code.
fn said(course: &Course, words: &[&str]) -> (String, i32) {
    let output = run(course, words);
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8(said).unwrap(), output.status.code().unwrap())
}

#[track_caller]
fn says(course: &Course, words: &[&str], code: i32, parts: &[&str]) {
    let (said, exit) = said(course, words);
    assert_eq!(exit, code, "{words:?}: {said}");
    for part in parts {
        assert!(said.contains(part), "{words:?} does not say {part:?}: {said}");
    }
}

#[test]
fn next_copies_the_task_and_says_where() {
    let course = Course::new();
    says(&course, &["next"], 0, &["double: Double a number.", "chapter 3", "mine/double.rs"]);
    assert_eq!(course.get("mine/double.rs"), TASK);
    course.put("mine/double.rs", "// My own.");
    says(&course, &["next"], 0, &["You have begun it"]);
    assert_eq!(course.get("mine/double.rs"), "// My own.", "it is not written over");
    assert_eq!(course.get("src/double.rs"), TASK);
}

#[test]
fn a_solved_exercise_leads_to_another_of_its_chapter() {
    let course = Course::new();
    let before = "## 2 first First\n\nearlier write Earlier.\n";
    let after = "later write Later.\n\n## 4 next Next\n\nlast write Last.\n";
    let here = course.get("catalogue.txt");
    course.put("mine/double.rs", SOLUTION);
    course.put("catalogue.txt", &format!("{before}\n{here}{after}"));
    says(&course, &["check", "double"], 0, &["Go on:           cargo run -- next later\n"]);
    course.put("catalogue.txt", &format!("{before}\n{here}"));
    says(&course, &["check", "double"], 0, &["Go on:           cargo run -- next\n"]);
}

#[test]
fn check_names_the_tests_and_next_goes_on_when_they_are_green() {
    let course = Course::new();
    says(&course, &["check", "double"], 1, &["not begun double", "next double"]);
    run(&course, &["next"]);
    says(&course, &["check", "double"], 1, &["red   one is doubled", "0 of 2 tests pass"]);
    course.put("mine/double.rs", &TASK.replace("todo!()", "2"));
    says(&course, &["check", "double"], 1, &["green one is doubled", "red   three is doubled"]);
    says(&course, &["next"], 0, &["double"]);
    course.put("mine/double.rs", &TASK.replace("todo!()", "2 * n"));
    says(&course, &["check", "double"], 0, &["2 of 2 tests pass", "Solved."]);
    says(&course, &["next"], 0, &["All 1 exercises are solved."]);
    says(&course, &["progress"], 0, &["# 1 of 1", "1 of 1 exercises are solved, with 0 hints"]);
    course.put("mine/double.rs", &TASK.replace("todo!()", "3 * n"));
    says(&course, &["progress"], 0, &[". 0 of 1"]);
}

#[test]
fn what_does_not_compile_is_shown_with_the_reader_s_file() {
    let course = Course::new();
    course.put("mine/double.rs", &TASK.replace("todo!()", "\"two\""));
    says(&course, &["check", "double"], 1, &["mismatched types", "does not compile yet"]);
    let (said, _) = said(&course, &["check", "double"]);
    assert!(said.contains("mine/double.rs:4:5"), "{said}");
}

#[test]
fn an_overview_does_not_stop_at_the_first_one_that_is_red() {
    let course = Course::new();
    for name in ["alpha", "omega"] {
        for (folder, ending) in [("src", "rs"), ("tests", "rs"), ("hints", "md")] {
            let text = course.get(&format!("{folder}/double.{ending}"));
            course.put(
                &format!("{folder}/{name}.{ending}"),
                &text.replace("::double::", "::{}::").replace("{}", name),
            );
        }
    }
    let lines = "alpha write One.\ndouble write Two.\nomega write Three.\n";
    course.put("catalogue.txt", &format!("## 3 bytes Bytes\n{lines}"));
    says(&course, &["check"], 0, &["not begun an exercise yet"]);
    run(&course, &["next", "alpha"]);
    course.put("mine/double.rs", SOLUTION);
    let red = "red   alpha                0 of 2 tests pass";
    let green = "green double               2 of 2 tests pass";
    says(&course, &["check"], 1, &[red, green, "1 green, 1 red, 1 not begun"]);
}

#[test]
fn hints_come_one_after_the_other_and_the_last_one_stays() {
    let course = Course::new();
    for (level, hint) in
        [("Hint 1 of 3", "a sum"), ("Hint 2 of 3", "Of two"), ("Hint 3 of 3", "`n + n`")]
    {
        says(&course, &["hint", "double"], 0, &[level, hint]);
    }
    says(&course, &["hint", "double"], 0, &["Hint 3 of 3", "There is no further one"]);
    says(&course, &["progress"], 0, &["with 3 hints"]);
}

#[test]
fn the_solution_is_shown_once_the_tests_are_green_or_anyway() {
    let course = Course::new();
    run(&course, &["next"]);
    says(&course, &["compare", "double"], 1, &["not solved", "--anyway"]);
    says(&course, &["compare", "double", "--anyway"], 0, &["-     todo!()", "+     n + n"]);
    course.put("mine/double.rs", &TASK.replace("todo!()", "n * 2"));
    run(&course, &["check", "double"]);
    let parts = ["A number is added to itself.", "-     n * 2", "+     n + n", "  pub fn double"];
    says(&course, &["compare", "double"], 0, &parts);
}

#[test]
fn reset_brings_the_task_back_and_keeps_what_was_there() {
    let course = Course::new();
    course.put("mine/double.rs", SOLUTION);
    run(&course, &["check", "double"]);
    says(&course, &["reset", "double"], 0, &["mine/double.rs.old", "as it was"]);
    assert_eq!(course.get("mine/double.rs"), TASK);
    assert_eq!(course.get("mine/double.rs.old"), SOLUTION);
    says(&course, &["progress"], 0, &["0 of 1"]);
}

#[test]
fn the_list_says_what_is_begun_and_what_is_solved() {
    let course = Course::new();
    says(&course, &["list"], 0, &["Chapter 3: Bytes", "double", "write it", "Double a number."]);
    run(&course, &["next"]);
    says(&course, &["list"], 0, &["begun"]);
    course.put("mine/double.rs", SOLUTION);
    run(&course, &["check", "double"]);
    says(&course, &["list"], 0, &["solved"]);
}

#[test]
fn words_that_are_not_understood_show_what_there_is() {
    let course = Course::new();
    for words in [&[][..], &["solve"], &["hint"], &["reset"], &["compare", "double", "--now"]] {
        says(&course, words, 2, &["cargo run -- next"]);
    }
    says(&course, &["check", "doubl"], 1, &["Is it double?"]);
    says(&course, &["prove"], 0, &["1 exercises, 5 wrong solutions (0 hang", "0 problems"]);
    assert!(Path::new(&course.root).join("target/trials").exists());
}
