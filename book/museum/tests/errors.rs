//! The five levels of error handling: what each makes of the same requests.

use museum::errors::{Answer, Pages, level1, level2, level3, level4, level5, table};

#[test]
fn the_table_of_the_chapter_is_what_the_levels_do() {
    assert_eq!(table::table(), include_str!("../../traces/errors.txt"));
}

#[test]
fn the_first_level_panics_for_a_page_that_is_missing() {
    let panicked = std::panic::catch_unwind(|| level1::answer(Pages::WHOLE, "/pages/9"));
    assert!(panicked.is_err());
}

#[test]
fn a_text_that_the_client_can_write_decides_on_the_second_level() {
    assert_eq!(level2::answer(Pages::WHOLE, "/pages/one").status, 400);
    assert_eq!(level2::answer(Pages::WHOLE, "/pages/os error 2").status, 404);
}

#[test]
fn a_text_that_belongs_to_another_error_decides_on_the_second_level() {
    let answer = level2::answer(Pages::WHOLE, "/pages/3");
    assert!(answer.body.contains("os error 24"), "{}", answer.body);
    assert_eq!(answer.status, 404);
}

#[test]
fn the_client_learns_where_files_are_on_the_second_level_and_not_on_the_fifth() {
    assert!(level2::answer(Pages::WHOLE, "/pages/9").body.contains("/srv/pages/"));
    for path in ["/pages/2", "/pages/3", "/pages/9", "/other", "/pages/one"] {
        let Answer { body, .. } = level5::answer(Pages::WHOLE, path);
        assert!(!body.contains(".txt") && !body.contains("os error"), "{body}");
    }
}

#[test]
fn a_path_that_nobody_guesses_is_our_fault_on_the_third_level() {
    assert_eq!(level3::answer(Pages::WHOLE, "/other").status, 500);
    assert_eq!(level4::answer(Pages::WHOLE, "/other").status, 404);
}

#[test]
fn a_footer_that_is_missing_is_the_clients_fault_up_to_the_fourth_level() {
    for level in [level2::answer, level3::answer, level4::answer] {
        assert_eq!(level(Pages::WITHOUT_FOOTER, "/pages/1").status, 404);
    }
    assert_eq!(level5::answer(Pages::WITHOUT_FOOTER, "/pages/1").status, 500);
}

#[test]
fn the_fifth_level_logs_what_is_ours_and_nothing_else() {
    for path in ["/pages/1", "/pages/9", "/pages/one", "/other"] {
        assert_eq!(level5::answer(Pages::WHOLE, path).log, None, "{path}");
    }
    let broken = level5::answer(Pages::WHOLE, "/pages/2");
    assert_eq!(broken.log.as_deref(), Some("error: cannot read 2.txt: not UTF-8"));
    assert_eq!(broken.retry_after, None);
    let busy = level5::answer(Pages::WHOLE, "/pages/3");
    assert_eq!((busy.status, busy.retry_after), (503, Some(1)));
    assert!(busy.log.is_some_and(|log| log.starts_with("warning: cannot read 3.txt now")));
}
