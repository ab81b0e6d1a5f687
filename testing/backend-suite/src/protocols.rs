//! The protocols, byte for byte: the cases of the conformance suite, over sockets.
//!
//! Pieces of input are the business of no backend: every case is played in every one of them in
//! memory, by `tests/conformance.rs` of the crate `app`. So here each is sent whole, and
//! exhaustively in some pieces.

use backend_common::Backend;
use conformance::{Filter, Protocol, Runner, Splits, cases};

use crate::fixtures::{app, end};

pub fn http1_cases_pass_sent_whole<B: Backend>(model: B) {
    conform(model, Protocol::Http1, Splits::None);
}

/// HTTP/2 with prior knowledge, on the same port.
pub fn http2_cases_pass_sent_whole<B: Backend>(model: B) {
    conform(model, Protocol::Http2, Splits::None);
}

/// WebSocket, after an upgrade.
pub fn websocket_cases_pass_sent_whole<B: Backend>(model: B) {
    conform(model, Protocol::WebSocket, Splits::None);
}

pub fn http1_cases_pass_sent_in_pieces<B: Backend>(model: B) {
    conform(model, Protocol::Http1, Splits::One);
}

pub fn http2_cases_pass_sent_in_pieces<B: Backend>(model: B) {
    conform(model, Protocol::Http2, Splits::One);
}

pub fn websocket_cases_pass_sent_in_pieces<B: Backend>(model: B) {
    conform(model, Protocol::WebSocket, Splits::One);
}

fn conform<B: Backend>(model: B, protocol: Protocol, splits: Splits) {
    let (server, _dir) = app(model);
    let filter = Filter { protocols: vec![protocol], ..Filter::default() };
    let runner = Runner { splits, ..Runner::default() };
    let cases = cases().iter().filter(|case| filter.takes(case));
    runner.run(server.address(), cases).assert_all_passed();
    end(server);
}
