//! What `book/museum/measure` counts: `dispatch WHAT TIMES`. It does one thing so many times.

use std::env;
use std::hint::black_box;
use std::sync::Arc;

use museum::dispatch::any::AnyConnection;
use museum::dispatch::calls::sum;
use museum::dispatch::connection::Connection;
use museum::dispatch::handlers::{Echo, Handler, Hello, Refuse};
use museum::dispatch::site::Site;

const REQUEST: &[u8] = b"GET /path HTTP/1.1\r\nHost: example.org\r\n\r\n";

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, what, times] = &arguments[..] else { panic!("dispatch WHAT TIMES") };
    let times: usize = times.parse().expect("TIMES is a number");
    match what.as_str() {
        "call-type" => {
            let handlers = vec![Refuse { status: 404 }; times];
            black_box(sum(black_box(&handlers).iter()));
        }
        "call-enum" => {
            let handlers: Vec<Site> = sites().into_iter().cycle().take(times).collect();
            black_box(sum(black_box(&handlers).iter()));
        }
        "call-dyn" => {
            let handlers: Vec<&dyn Handler> = any().into_iter().cycle().take(times).collect();
            black_box(sum(black_box(&handlers).iter().copied()));
        }
        // What the lists above cost by themselves.
        "list-type" => drop(black_box(vec![Refuse { status: 404 }; times])),
        "list-enum" => {
            drop(black_box(sites().into_iter().cycle().take(times).collect::<Vec<Site>>()));
        }
        "list-dyn" => {
            drop(black_box(any().into_iter().cycle().take(times).collect::<Vec<_>>()));
        }
        "request-type" => {
            let mut connection = Connection::new(Hello);
            ask(times, |out| connection.receive(black_box(REQUEST), out));
        }
        "request-enum" => {
            let mut connection = Connection::new(black_box(Site::Hello(Hello)));
            ask(times, |out| connection.receive(black_box(REQUEST), out));
        }
        "request-dyn" => {
            let mut connection = AnyConnection::new(black_box(Arc::new(Hello)));
            ask(times, |out| connection.receive(black_box(REQUEST), out));
        }
        other => panic!("there is no {other}"),
    }
}

fn sites() -> [Site; 3] {
    [Site::Hello(Hello), Site::Echo(Echo), Site::Refuse(Refuse { status: 404 })]
}

fn any() -> [&'static dyn Handler; 3] {
    [&Hello, &Echo, &Refuse { status: 404 }]
}

fn ask(times: usize, mut receive: impl FnMut(&mut Vec<u8>) -> usize) {
    let mut out = Vec::with_capacity(1 << 10);
    for _ in 0..times {
        out.clear();
        assert_eq!(receive(&mut out), REQUEST.len());
        black_box(&out);
    }
}
