//! Scripts: the actions of a client on several connections, one after the other: generated, and the
//! same for all servers.
//!
//! A client may do what it likes as long as what comes back is certain. So it sends nothing behind
//! a request after which it wants the connection closed, and it leaves for good only when nothing
//! is on its way to it: a reset destroys what is.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;

use crate::request::{Request, WRONG, expecting, request};

/// Connections, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Script(pub(crate) Vec<Connection>);

/// The actions on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) bursts: Vec<Burst>,
    pub(crate) ending: Ending,
}

/// Requests that are sent before all of them have to be answered.
#[derive(Clone, Debug)]
pub(crate) enum Burst {
    /// Requests without waiting in between.
    Pipeline(Vec<Request>, Cuts),
    /// One whose body waits for `100 Continue`. To send it without waiting would make that
    /// response depend on what has come by then (RFC 9110 §10.1.1).
    Expecting(Request, Cuts),
}

/// Where what is sent is cut, in 65536ths of its length, and whether there is a pause.
pub(crate) type Cuts = Vec<(u16, bool)>;

/// How the client leaves, once all bursts are answered.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    At(Parting),
    /// Our side is closed straight behind these requests, which have to be answered.
    Early(Vec<Request>, Cuts),
    /// So much of a request is sent, in 65536ths of its length, and no more.
    Unfinished(Request, u16, Cuts, Parting),
    /// A request of which one byte is another, and the end.
    Altered(Request, u16, u8, Cuts),
    /// A message that is refused.
    Wrong(&'static str, Cuts),
    /// Frames, up to the closing handshake.
    WebSocket(Vec<Frame>, Cuts),
}

/// Ways to leave.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parting {
    /// Our side is closed, and what is left to say is heard.
    HalfClose,
    Close,
    Reset,
}

/// A frame of a WebSocket, or fragments of one message.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    Text(usize),
    Binary(usize),
    Fragments(usize, usize),
    Ping(usize),
}

/// The end of a connection, whether it is an orderly one or not.
fn ending() -> impl Strategy<Value = Ending> {
    let parting = || select(&[Parting::HalfClose, Parting::Close, Parting::Reset][..]);
    let frame = prop_oneof![
        3 => (0..300usize).prop_map(Frame::Text),
        2 => (0..70_000usize).prop_map(Frame::Binary),
        1 => (0..300usize, 0..300usize).prop_map(|(first, last)| Frame::Fragments(first, last)),
        1 => (0..125usize).prop_map(Frame::Ping),
    ];
    // An answer that waits for a moment races with the refusal of what is incomplete.
    let prompt = || request().prop_filter("what is late", |request| !request.is_late());
    let alterable = request().prop_filter("what takes time, or is the last", |request| {
        request.may_be_altered() && !request.is_last()
    });
    prop_oneof![
        4 => parting().prop_map(Ending::At),
        2 => (pipeline(), cuts()).prop_map(|(requests, cuts)| Ending::Early(requests, cuts)),
        2 => (prompt(), any::<u16>(), cuts(), parting())
            .prop_map(|(request, most, cuts, parting)| Ending::Unfinished(request, most, cuts, parting)),
        3 => (alterable, any::<u16>(), any::<u8>(), cuts())
            .prop_map(|(request, at, byte, cuts)| Ending::Altered(request, at, byte, cuts)),
        3 => (select(WRONG), cuts()).prop_map(|(wrong, cuts)| Ending::Wrong(wrong, cuts)),
        1 => (proptest::collection::vec(frame, 0..4), cuts())
            .prop_map(|(frames, cuts)| Ending::WebSocket(frames, cuts)),
    ]
}

/// Any cuts.
pub(crate) fn cuts() -> impl Strategy<Value = Cuts> {
    proptest::collection::vec((any::<u16>(), prop::bool::weighted(0.3)), 0..6)
}

/// Requests up to the first after which the connection is to be closed.
fn pipeline() -> impl Strategy<Value = Vec<Request>> {
    proptest::collection::vec(request(), 1..5).prop_map(|mut requests| {
        let last = requests.iter().position(Request::is_last);
        requests.truncate(last.map_or(usize::MAX, |at| at + 1));
        requests
    })
}

fn burst() -> impl Strategy<Value = Burst> {
    prop_oneof![
        5 => (pipeline(), cuts()).prop_map(|(requests, cuts)| Burst::Pipeline(requests, cuts)),
        1 => (expecting(), cuts()).prop_map(|(request, cuts)| Burst::Expecting(request, cuts)),
    ]
}

/// Any script.
pub(crate) fn script() -> impl Strategy<Value = Script> {
    let connection = (proptest::collection::vec(burst(), 0..4), ending())
        .prop_map(|(bursts, ending)| Connection { bursts, ending });
    proptest::collection::vec(connection, 1..4).prop_map(Script)
}

/// These bytes in pieces, and whether there is a pause behind each.
pub(crate) fn pieces<'a>(bytes: &'a [u8], cuts: &Cuts) -> Vec<(&'a [u8], bool)> {
    let mut places: Vec<_> =
        cuts.iter().map(|&(cut, pauses)| (place(cut, bytes.len()), pauses)).collect();
    places.sort_unstable();
    let mut from = 0;
    let mut pieces = Vec::new();
    for (to, pauses) in places.into_iter().chain([(bytes.len(), false)]) {
        pieces.push((&bytes[from..to], pauses));
        from = to;
    }
    pieces
}

/// A place in so many bytes, given in 65536ths of them.
pub(crate) fn place(part: u16, length: usize) -> usize {
    (usize::from(part) * length) >> 16
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, connection) in self.0.iter().enumerate() {
            writeln!(f, "  connection {}:", at + 1)?;
            for burst in &connection.bursts {
                writeln!(f, "    {burst:?}")?;
            }
            writeln!(f, "    {:?}", connection.ending)?;
        }
        Ok(())
    }
}
