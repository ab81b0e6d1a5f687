//! A case with one more request behind it: what comes after a message must neither be taken for
//! part of it nor be lost.

use crate::expected::{Statuses, status};
use crate::http1::compose::get;
use crate::http1::step::Step;

/// The same case, with a further request in one piece with the last bytes that it sends.
///
/// If the case ends with a connection that is [open](Step::ExpectOpen), that request is answered
/// too. If it ends with one that is [closed](Step::ExpectClosed), it is not, which the case demands
/// as it stands. None if it ends otherwise, or the client closes or leaves the connection after it
/// has spoken: then what it sent may be incomplete, and more would be its rest.
pub(crate) fn with_trailing_request(steps: &[Step]) -> Option<Vec<Step>> {
    let last = steps.iter().rposition(|step| matches!(step, Step::Send(_)))?;
    if steps[last..].iter().any(|step| matches!(step, Step::HalfClose | Step::Reconnect)) {
        return None;
    }
    let mut steps = steps.to_vec();
    match steps.last()? {
        Step::ExpectOpen => {
            let answered = Step::Expect(status(Statuses::Understood));
            steps.insert(steps.len() - 1, answered);
        }
        Step::ExpectClosed => {}
        _ => return None,
    }
    let Step::Send(bytes) = &mut steps[last] else { return None };
    bytes.extend_from_slice(get("/").as_bytes());
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Exchange;
    use crate::http1::compose::{Draft, rfc9112};

    fn followed(draft: Draft) -> Option<String> {
        let Exchange::Http1(steps) = draft.finish(Exchange::Http1).exchange else { return None };
        let text = |step: &Step| match step {
            Step::Send(bytes) => String::from_utf8_lossy(bytes).replace(&get("/"), "+"),
            Step::Expect(_) => "?".into(),
            step => format!("{step:?}"),
        };
        Some(with_trailing_request(&steps)?.iter().map(text).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_request_is_added_where_it_is_clear_what_becomes_of_it() {
        let case = || rfc9112("1", "id", "Requirement.").send("a");
        for (draft, expected) in [
            (case().understood(), Some("a+ ? ? ExpectOpen")),
            (case().refused(400), Some("a+ ? ExpectClosed")),
            (case().pause().send("b").understood(), Some("a Pause b+ ? ? ExpectOpen")),
            (case().half_close().refused(400), None),
            (
                case().half_close().reconnect().send("b").refused(400),
                Some("a HalfClose Reconnect b+ ? ExpectClosed"),
            ),
            (case().reconnect().closed(), None),
            (case().expect(status(200)), None),
        ] {
            assert_eq!(followed(draft).as_deref(), expected);
        }
    }
}
