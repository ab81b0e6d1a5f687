//! Responses of any kind are read as they were planned, each framed as it says.

#![no_main]

use arbitrary::Arbitrary;
use fuzz::{End, drive};
use protocol::Limits;
use protocol::Request;
use protocol::http::{HeaderName, HeaderValue, Method, StatusCode};

#[path = "../../../protocol/tests/responses/mod.rs"]
mod responses;
use responses::{Plan, Planned};

/// The input of the fuzzer, of which a [`Plan`] is made.
#[derive(Arbitrary, Debug)]
struct Choice {
    method: u8,
    is_old: bool,
    connection: u8,
    expects: bool,
    status: u16,
    fields: Vec<(u8, Vec<u8>)>,
    body: ChosenBody,
    closes: bool,
}

#[derive(Arbitrary, Debug)]
enum ChosenBody {
    Bytes(Vec<u8>),
    Long(u16),
    Stream(Vec<Vec<u8>>),
}

/// Names of fields, among them those that belong to the writer.
const NAMES: [&str; 8] = [
    "x-a",
    "x-b",
    "content-type",
    "upgrade",
    "content-length",
    "transfer-encoding",
    "connection",
    "date",
];

impl From<Choice> for Plan {
    fn from(choice: Choice) -> Plan {
        let field = |(name, value): (u8, Vec<u8>)| {
            let name = HeaderName::from_static(NAMES[usize::from(name) % NAMES.len()]);
            Some((name, HeaderValue::from_bytes(&value).ok()?))
        };
        Plan {
            method: [Method::GET, Method::HEAD, Method::POST, Method::CONNECT]
                [usize::from(choice.method % 4)]
            .clone(),
            is_old: choice.is_old,
            connection: [None, Some("keep-alive"), Some("close")]
                [usize::from(choice.connection % 3)],
            expects: choice.expects,
            status: StatusCode::from_u16(100 + choice.status % 900).expect("three digits"),
            fields: choice.fields.into_iter().filter_map(field).take(40).collect(),
            body: match choice.body {
                ChosenBody::Bytes(bytes) => Planned::Bytes(bytes),
                ChosenBody::Long(length) => Planned::Bytes(vec![b'x'; usize::from(length)]),
                // An empty piece that is not the last one would cut the body off.
                ChosenBody::Stream(pieces) => {
                    Planned::Stream(pieces.into_iter().filter(|it| !it.is_empty()).collect())
                }
            },
            closes: choice.closes,
        }
    }
}

libfuzzer_sys::fuzz_target!(|choices: Vec<Choice>| {
    let plans: Vec<Plan> = choices.into_iter().map(Plan::from).collect();
    let planned = plans.clone();
    let limits = Limits { high_water: 300, ..Limits::default() };
    let mut driver =
        drive(move |request: &Request<'_>| responses::answer(&planned, request), limits);
    for (number, plan) in plans.iter().enumerate() {
        let (head, body) = plan.request(number);
        driver.feed(head);
        driver.feed(body);
    }
    let (_, is_closed) = responses::check(&plans, &driver.wire);
    assert_eq!(is_closed, driver.end != End::Open);
});
