//! The maintainer's check fails, loudly, on everything that it is there to find.

mod common;

use std::fs;
use std::time::Duration;

use common::{Course, SOLUTION, TASK, five, wrong};
use runner::prove::prove;

/// Nothing hangs here, and a test that is late would count as one that refuses.
const LONG: Duration = Duration::from_secs(60);

fn problems(course: &Course) -> Vec<String> {
    prove(&course.folder(), &[], LONG, &mut Vec::new()).unwrap()
}

/// There is exactly one problem, and it is this one.
#[track_caller]
fn only(course: &Course, what: &str) {
    let problems = problems(course);
    let [problem] = &problems[..] else { panic!("{what}: {problems:#?}") };
    assert!(problem.contains(what), "{problem}");
    assert!(problem.starts_with("double: "), "{problem}");
}

#[test]
fn an_exercise_that_is_as_it_should_be_has_no_problem() {
    let mut said = Vec::new();
    let problems = prove(&Course::new().folder(), &[], LONG, &mut said).unwrap();
    assert_eq!(problems, [""; 0]);
    let said = String::from_utf8(said).unwrap();
    let begin = "1 exercises, 5 wrong solutions (0 hang after 60 s), 0 problems";
    assert!(said.starts_with(begin), "{said}");
}

#[test]
fn what_hangs_is_refused_and_named() {
    let mut said = Vec::new();
    let course = Course::new();
    course.put("wrong/double.txt", &(five() + &wrong("no end", "loop {}")));
    let problems = prove(&course.folder(), &[], Duration::from_secs(2), &mut said).unwrap();
    assert_eq!(problems, [""; 0]);
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("hangs, so it is refused: double: `no end`\n"), "{said}");
}

#[test]
fn a_wrong_solution_that_the_tests_accept_is_a_problem() {
    let course = Course::new();
    course.put("wrong/double.txt", &(five() + &wrong("a product", "n * 2")));
    only(&course, "the tests accept the wrong solution `a product`");
}

#[test]
fn a_wrong_solution_that_does_not_compile_is_a_problem() {
    let course = Course::new();
    course.put("wrong/double.txt", &(five() + &wrong("a word", "twice(n)")));
    only(&course, "`a word` does not compile");
}

#[test]
fn a_wrong_solution_that_does_not_apply_is_a_problem() {
    let course = Course::new();
    let elsewhere = "=== elsewhere\n---\nn * n\n+++\nn\n";
    course.put("wrong/double.txt", &(five() + elsewhere));
    only(&course, "`elsewhere` does not apply");
}

#[test]
fn fewer_than_five_wrong_solutions_are_a_problem() {
    let course = Course::new();
    course.put("wrong/double.txt", &wrong("one", "n"));
    only(&course, "it has 1 wrong solutions, and not 5");
}

#[test]
fn a_test_that_is_green_before_anything_is_done_is_a_problem() {
    let course = Course::new();
    let more = "\n#[test]\nfn of_nothing() {}\n";
    course.put("tests/double.rs", &(course.get("tests/double.rs") + more));
    only(&course, "green before anything is done: of_nothing");
}

#[test]
fn a_task_without_tests_is_a_problem() {
    let course = Course::new();
    course.put("tests/double.rs", "");
    let problems = problems(&course);
    assert!(problems.iter().any(|problem| problem.contains("there are no tests")), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("does not pass")), "{problems:?}");
}

#[test]
fn a_solution_that_does_not_pass_is_a_problem() {
    let course = Course::new();
    course.put("solutions/double.rs", &SOLUTION.replace("n + n", "n + n + 1"));
    let accept = five().replace("    n + n\n", "    n + n + 1\n");
    course.put("wrong/double.txt", &accept);
    only(&course, "the solution does not pass");
}

#[test]
fn a_solution_without_an_explanation_is_a_problem() {
    let course = Course::new();
    let code = SOLUTION.lines().skip(4).collect::<Vec<_>>().join("\n");
    course.put("solutions/double.rs", &code);
    only(&course, "the solution is not explained");
}

#[test]
fn a_task_with_nothing_to_do_is_a_problem_unless_something_is_to_be_mended() {
    let course = Course::new();
    course.put("src/double.rs", &TASK.replace("todo!()", "n - n"));
    only(&course, "nothing is left to do");
    course.put("catalogue.txt", "## 3 bytes Bytes\n\ndouble mend Mend a sum.\n");
    assert_eq!(problems(&course), [""; 0]);
}

#[test]
fn a_missing_hint_is_a_problem() {
    let course = Course::new();
    course.put("hints/double.md", "## 1\nThink.\n## 2\n## 3\nOf a sum.\n");
    only(&course, "there is no hint `## 2`");
}

#[test]
fn files_and_the_catalogue_name_the_same_exercises() {
    let course = Course::new();
    course.put("tests/triple.rs", "");
    let found = problems(&course);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("tests/triple.rs is there, but catalogue.txt does not list it"));
    fs::remove_file(course.root.join("tests/triple.rs")).unwrap();
    fs::remove_file(course.root.join("hints/double.md")).unwrap();
    let found = problems(&course);
    assert!(found[0].contains("hints/double.md is missing"), "{found:?}");
}

#[test]
fn unsafe_code_is_no_solution() {
    let course = Course::new();
    let text = SOLUTION.replace("n + n", "unsafe { std::hint::unreachable_unchecked() }");
    course.put("solutions/double.rs", &text);
    let text = five().replace("    n + n\n", "    unsafe { std::hint::unreachable_unchecked() }\n");
    course.put("wrong/double.txt", &text);
    only(&course, "the solution does not compile");
}

#[test]
fn an_exercise_that_its_chapter_does_not_name_is_a_problem() {
    let course = Course::new();
    course.put("../src/bytes.md", "## Exercises\n\n- `triple`: triple a number.\n");
    only(&course, "bytes.md does not name it");
}
