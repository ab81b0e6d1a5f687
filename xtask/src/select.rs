//! Which steps were meant.

use crate::steps::{STEPS, Step, When};

/// What was asked for is not there; the exit code is 2.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

/// The steps that these arguments select, in the order in which they run.
pub(crate) fn select(arguments: &[&str]) -> Result<Vec<&'static Step>, UsageError> {
    let (without, names) = match arguments {
        ["--without"] => return Err(UsageError("--without which step?".to_owned())),
        ["--without", names @ ..] => (true, names),
        names => (false, names),
    };
    for name in names {
        if !STEPS.iter().any(|step| step.name == *name) {
            return Err(UsageError(format!("There is no step `{name}` in CI.{}", similar(name))));
        }
    }
    let is_meant = |step: &&Step| match (without, names) {
        (false, []) => step.when == When::Always,
        (false, names) => names.contains(&step.name),
        (true, names) => step.when == When::Always && !names.contains(&step.name),
    };
    Ok(STEPS.iter().filter(is_meant).collect())
}

/// A step whose name begins alike, if there is one.
fn similar(name: &str) -> String {
    let start: String = name.chars().take(3).collect();
    let step = STEPS.iter().find(|step| step.name.starts_with(&start));
    step.map_or_else(String::new, |step| format!(" Did you mean `{}`?", step.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Vec<&'static str> {
        select(arguments).unwrap().iter().map(|step| step.name).collect()
    }

    #[test]
    fn without_arguments_all_steps_are_selected_that_always_run() {
        let all = names(&[]);
        assert!(all.contains(&"tests") && all.contains(&"browser"), "{all:?}");
        assert!(!all.contains(&"advisories"), "{all:?}");
    }

    #[test]
    fn named_steps_are_selected_in_the_order_in_which_they_run() {
        assert_eq!(names(&["lints", "advisories", "format"]), ["format", "lints", "advisories"]);
    }

    #[test]
    fn all_but_named_steps_are_selected_by_without() {
        let all = names(&[]);
        let rest = names(&["--without", "tests", "browser"]);
        assert_eq!(rest.len(), all.len() - 2);
        assert!(!rest.contains(&"tests") && !rest.contains(&"browser"), "{rest:?}");
    }

    #[test]
    fn a_step_that_is_not_there_is_an_error_that_names_it_and_what_is_similar() {
        let UsageError(what) = select(&["format", "lint"]).unwrap_err();
        assert_eq!(what, "There is no step `lint` in CI. Did you mean `lints`?");
        let UsageError(what) = select(&["--without", "xyz"]).unwrap_err();
        assert_eq!(what, "There is no step `xyz` in CI.");
        assert!(select(&["--without"]).is_err());
    }
}
