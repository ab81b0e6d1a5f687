//! RFC 9113 §10.5: what costs the client little and the server much. The server may put up with it
//! or close the connection; others have to be served in either case.

use crate::expected::status;
use crate::http2::compose::{Draft, get, named, post, rfc9113};
use crate::http2::frame::Code;
use crate::http2::frame::Code::{
    CompressionError, EnhanceYourCalm, InternalError, ProtocolError, RefusedStream,
};
use crate::http2::frame::{
    Frame, INITIAL_WINDOW_SIZE, continuation, data, headers, ping, priority, rst_stream, settings,
    unknown, window_update,
};
use crate::http2::hpack::{Literal, indexed};
use crate::http2::step::Outcome;

pub(super) fn cases() -> Vec<Draft> {
    let begun = || headers(1, get("/")).unfinished().end_stream();
    let many = |count: u32, frame: fn(u32) -> Vec<Frame>| -> Vec<Frame> {
        (0..count).flat_map(|number| frame(2 * number + 1)).collect()
    };
    vec![
        flood(
            "h2-flood-reset",
            "Requests that are reset at once do not exhaust the server.",
            many(3_000, |stream| {
                vec![headers(stream, get("/")).end_stream(), rst_stream(stream, 8)]
            }),
        ),
        flood(
            "h2-flood-reset-open",
            "Nor do unfinished ones.",
            many(3_000, |stream| vec![headers(stream, post("/echo")), rst_stream(stream, 8)]),
        ),
        flood(
            "h2-flood-reset-by-server",
            "Nor do those that the server has to reset.",
            many(3_000, |stream| vec![headers(stream, post("/echo")), window_update(stream, 0)]),
        ),
        flood(
            "h2-flood-overflow",
            "Nor those whose windows overflow.",
            many(3_000, |stream| {
                vec![headers(stream, post("/echo")), window_update(stream, 0x7fff_ffff)]
            }),
        ),
        flood(
            "h2-flood-malformed",
            "Nor do malformed ones.",
            many(3_000, |stream| vec![headers(stream, [0x82]).end_stream()]),
        ),
        flood(
            "h2-flood-settings",
            "SETTINGS that have to be acknowledged do not exhaust the server.",
            (0..5_000).map(|_| settings(&[])).collect(),
        ),
        flood(
            "h2-flood-settings-windows",
            "Nor do those that change windows.",
            (0..5_000).map(|n| settings(&[(INITIAL_WINDOW_SIZE, n)])).collect(),
        ),
        flood(
            "h2-flood-ping",
            "PINGs do not exhaust the server.",
            (0..10_000_u64).map(|number| ping(&number.to_be_bytes())).collect(),
        ),
        flood(
            "h2-flood-priority",
            "PRIORITY does not exhaust the server.",
            many(10_000, |stream| vec![priority(stream, stream + 2, 15)]),
        ),
        flood(
            "h2-flood-window",
            "WINDOW_UPDATE does not exhaust the server.",
            (0..10_000).map(|_| window_update(0, 1)).collect(),
        ),
        flood(
            "h2-flood-unknown",
            "Unknown frames do not exhaust the server.",
            (0..10_000).map(|_| unknown(0x42, 0, 0, b"")).collect(),
        ),
        flood(
            "h2-flood-data",
            "Empty DATA do not exhaust the server.",
            std::iter::once(headers(1, post("/echo")))
                .chain((0..10_000).map(|_| data(1, "")))
                .collect(),
        ),
        flood(
            "h2-flood-data-padded",
            "Nor do DATA that are nothing but padding.",
            std::iter::once(headers(1, post("/echo")))
                .chain((0..200).map(|_| data(1, "").padded(255)))
                .collect(),
        ),
        rfc9113("10.5.1", "h2-flood-continuation", "Fields without end are not collected forever.")
            .send(begun())
            .send_all((0..512).map(|_| {
                let field = Literal::Unindexed.field("x-flood", "y".repeat(4_000));
                continuation(1, field).unfinished()
            }))
            .others_are_served()
            .any_of(refused(1)),
        rfc9113("10.5.1", "h2-flood-continuation-empty", "Nor is CONTINUATION taken forever.")
            .send(begun())
            .send_all((0..10_000).map(|_| continuation(1, "").unfinished()))
            .others_are_served(),
        rfc9113("10.5.1", "h2-fields-too-large", "Fields that are too large are refused.")
            .app()
            .send(begun())
            .send_all((0..80).map(|_| {
                let field = Literal::Unindexed.field("x-large", "y".repeat(4_000));
                continuation(1, field).unfinished()
            }))
            .send(continuation(1, ""))
            .any_of(refused(1))
            .goes_on_or_is_closed()
            .others_are_served(),
        rfc9113(
            "10.5.1",
            "h2-fields-too-large-table",
            "Fields that are too large are decoded all the same, or the connection is closed.",
        )
        .app()
        .send_all([
            headers(1, [get("/"), Literal::Indexed.field("user-agent", "kept")].concat())
                .unfinished()
                .end_stream(),
            continuation(1, Literal::Unindexed.field("x-large", "y".repeat(16_000))).unfinished(),
            continuation(1, Literal::Unindexed.field("x-large", "y".repeat(16_000))),
        ])
        .any_of(refused(1))
        .send(headers(3, [get("/user-agent"), indexed(62)].concat()).end_stream())
        .any_of([
            Outcome::Response(3, named("kept")),
            Outcome::GoAway(REFUSALS.to_vec()),
            Outcome::Closed,
        ]),
        rfc9113("10.5.1", "h2-fields-bomb", "It is the decoded size of fields that counts.")
            .app()
            .send(
                headers(
                    1,
                    [
                        get("/"),
                        Literal::Indexed.field("x-bomb", "y".repeat(4_000)),
                        indexed(62).repeat(8_000),
                    ]
                    .concat(),
                )
                .end_stream(),
            )
            .any_of(refused(1))
            .goes_on_or_is_closed()
            .others_are_served(),
        rfc9113("10.5", "h2-flood-no-room", "Responses that nobody takes hold up no one else.")
            .send(settings(&[(INITIAL_WINDOW_SIZE, 0)]))
            .send_all((0..90).map(|number| headers(2 * number + 1, get("/")).end_stream()))
            .others_are_served()
            .goes_on_or_is_closed(),
        rfc9113("10.5", "h2-flood-little-room", "Nor do those that are taken octet by octet.")
            .send_all([settings(&[(INITIAL_WINDOW_SIZE, 0)]), headers(1, get("/")).end_stream()])
            .head(1)
            .send_all((0..20).map(|_| window_update(1, 1)))
            .others_are_served()
            .goes_on_or_is_closed(),
        rfc9113("10.5", "h2-flood-unfinished", "Requests that do not end hold up no one else.")
            .send_all((0..90).map(|number| headers(2 * number + 1, post("/echo"))))
            .others_are_served()
            .goes_on_or_is_closed(),
    ]
}

const REFUSALS: [Code; 5] =
    [EnhanceYourCalm, ProtocolError, InternalError, CompressionError, RefusedStream];

/// One of the ways to refuse a request that is too large.
fn refused(stream: u32) -> [Outcome; 4] {
    [
        Outcome::Response(stream, status(431)),
        Outcome::Reset(stream, REFUSALS.to_vec()),
        Outcome::GoAway(REFUSALS.to_vec()),
        Outcome::Closed,
    ]
}

fn flood(id: &'static str, requirement: &'static str, frames: Vec<Frame>) -> Draft {
    rfc9113("10.5", id, requirement).send_all(frames).goes_on_or_is_closed().others_are_served()
}
