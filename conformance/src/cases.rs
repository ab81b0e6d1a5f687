//! The cases of all protocols.

use std::sync::LazyLock;

use crate::case::Case;
use crate::{http1, http2, websocket};

/// All cases, in the order of the protocols and their areas.
#[must_use]
pub fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> =
        LazyLock::new(|| http1::cases().chain(http2::cases()).chain(websocket::cases()).collect());
    &CASES
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::case::{Exchange, Needs, Protocol};

    #[test]
    fn every_case_is_well_formed() {
        let mut ids = HashSet::new();
        for case in cases() {
            let id = case.id;
            assert!(ids.insert(id), "{id} is there twice");
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            assert!(case.requirement.ends_with('.'), "{id}: a sentence ends in a full stop");
            assert!(!case.section.order().1.contains(&0), "{id}: {}", case.section);
            let looks = match &case.exchange {
                Exchange::Http1(steps) => steps.last().is_some_and(|step| {
                    use http1::Step::{Expect, ExpectClosed, ExpectOpen};
                    matches!(step, Expect(_) | ExpectClosed | ExpectOpen)
                }),
                Exchange::Http2(steps) => steps.last().is_some_and(|step| {
                    use http2::Step::{Expect, ExpectEnd, ExpectOthersServed, SendTooMany};
                    matches!(step, Expect(_) | ExpectEnd | ExpectOthersServed | SendTooMany)
                }),
                Exchange::WebSocket(steps) => steps.last().is_some_and(|step| {
                    use websocket::Step::{ExpectClose, ExpectEnd, ExpectResponse};
                    matches!(step, ExpectClose { .. } | ExpectEnd | ExpectResponse(_))
                }),
            };
            assert!(looks, "{id} ends without looking");
        }
    }

    #[test]
    fn each_protocol_has_cases_for_any_server_and_for_the_app() {
        for (protocol, all, any) in [
            (Protocol::Http1, 130, 60),
            (Protocol::Http2, 250, 180),
            (Protocol::WebSocket, 130, 110),
        ] {
            let of = || cases().iter().filter(|case| case.protocol() == protocol);
            let for_any = of().filter(|case| case.needs == Needs::Any).count();
            let count = of().count();
            assert!(count >= all && for_any >= any, "{protocol:?}: {count}, {for_any} for any");
        }
    }
}
