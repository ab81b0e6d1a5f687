//! Each kind of exchange, with the demo application on two of our backends.

use std::net::SocketAddr;

use app::App;
use app::certificates::{Certificates, self_signed, server_config};
use app::store::Store;
use backend_common::{Backend, Handle, Server, socket};
use lab::load::{Exchange, Plan, Request, Trouble};
use tempfile::TempDir;

use crate::fixtures::{LONG, closed_loop, flawless, get, outcome, plan};

/// The demo application, with TLS and without.
struct Demo {
    handle: Handle,
    secure: SocketAddr,
    _files: TempDir,
}

/// A file of a megabyte, no two parts of which are alike.
fn large() -> Vec<u8> {
    (0..1_u64 << 20).map(|at| ((at * at) >> 3) as u8).collect()
}

fn demo<B: Backend>(model: B) -> Demo {
    let files = tempfile::tempdir().expect("there is room");
    std::fs::write(files.path().join("large"), large()).expect("there is room");
    let made = self_signed(files.path()).expect("a certificate is made");
    let certificates =
        Certificates::load(vec![(made.certificate, made.key)]).expect("it was just made");
    let setup = layer_tls::Setup {
        config: server_config(certificates, &[b"h2", b"http/1.1"]).expect("all is there"),
        handshake_timeout: LONG,
        linger_timeout: LONG,
        read_file: socket::read_file,
    };
    let server = Server::bind("127.0.0.1:0").expect("a port is free").model(model).threads(2);
    let server = server.tls("127.0.0.1:0", setup).expect("a port is free");
    let secure = server.tls_address().expect("TLS is spoken");
    let app = App::new(B::NAME, "test").files(Store::open(files.path()).expect("it is there"));
    Demo { handle: server.spawn(app).expect("a thread starts"), secure, _files: files }
}

impl Demo {
    /// The same plan without TLS and with it.
    fn plans(&self, exchange: &Exchange) -> [Plan; 2] {
        let plain = plan(self.handle.address(), exchange.clone());
        let secure = Plan { server: self.secure, tls: true, ..plain.clone() };
        [plain, secure]
    }

    fn check(&self, exchange: &Exchange) {
        for plan in self.plans(exchange) {
            let seen = flawless(&plan);
            assert_eq!((seen.requests, seen.connects), (100, 4), "{exchange:?}");
            assert_eq!(seen.latency.len(), 100);
            assert!(seen.received > 0 && seen.sent > 0);
        }
    }
}

fn upload() -> Request {
    let body = large()[..100_000].to_vec();
    Request { method: "POST".into(), body: body.clone(), expected: Some(body), ..get("/echo", b"") }
}

fn requests() -> [Request; 5] {
    [
        get("/echo/hello", b"hello"),
        Request { method: "HEAD".into(), ..get("/echo/hello", b"") },
        get("/files/large", &large()),
        Request { status: 404, expected: None, ..get("/nowhere", b"") },
        upload(),
    ]
}

fn each_request_over_both_versions(demo: &Demo) {
    for request in requests() {
        demo.check(&Exchange::Http1(request.clone()));
        demo.check(&Exchange::Http2(request));
    }
}

fn messages_come_back(demo: &Demo) {
    for message in [Vec::new(), b"hello".to_vec(), large()] {
        demo.check(&Exchange::WebSocket { target: "/ws/echo".into(), message });
    }
}

fn several_requests_are_under_way_on_a_connection(demo: &Demo) {
    let request = get("/echo/hello", b"hello");
    let socket = Exchange::WebSocket { target: "/ws/echo".into(), message: b"hi".to_vec() };
    for exchange in [Exchange::Http1(request.clone()), Exchange::Http2(request), socket] {
        for plan in demo.plans(&exchange) {
            let plan = Plan { pace: closed_loop(16), max_requests: Some(1_000), ..plan };
            assert_eq!(flawless(&plan).requests, 1_000);
        }
    }
}

fn connections_are_used_for_so_many_requests(demo: &Demo) {
    let request = get("/echo/hello", b"hello");
    let socket = Exchange::WebSocket { target: "/ws/echo".into(), message: b"hi".to_vec() };
    for exchange in [Exchange::Http1(request.clone()), Exchange::Http2(request), socket] {
        for plan in demo.plans(&exchange) {
            for (each, under_way) in [(1, 1), (5, 1), (5, 3), (1, 8)] {
                let plan = Plan {
                    requests_per_connection: Some(each),
                    pace: closed_loop(under_way),
                    ..plan.clone()
                };
                let seen = flawless(&plan);
                assert_eq!(seen.requests, 100, "{each} for each, {under_way} under way");
                // Those that are open at the end have not had all of theirs.
                let expected = 100_u64.div_ceil(each)..=100_u64.div_ceil(each) + 4;
                assert!(expected.contains(&seen.connects), "{} connects", seen.connects);
            }
        }
    }
}

fn handshakes_are_whole_requests(demo: &Demo) {
    let [plain, secure] = demo.plans(&Exchange::Handshake);
    let seen = flawless(&secure);
    // Four more were to see whether the server is there.
    assert_eq!((seen.requests, seen.connects, seen.sent), (100, 104, 0));
    let senseless = lab::load::run(&plain, &mut |_| lab::load::Next::Go).unwrap_err();
    assert_eq!(senseless.kind(), std::io::ErrorKind::InvalidInput);
}

fn a_response_that_changes_is_wrong(demo: &Demo) {
    let counter = Request { expected: None, ..get("/counter", b"") };
    for exchange in [Exchange::Http1(counter.clone()), Exchange::Http2(counter)] {
        let [plain, _] = demo.plans(&exchange);
        let seen = outcome(&plain);
        assert_eq!((seen.requests, seen.errors[&Trouble::Wrong]), (1, 99));
        let what = seen.first_wrong.expect("it is kept");
        assert!(what.starts_with("the body "), "{what}");
    }
}

/// The same for each backend, as tests of their own.
macro_rules! on {
    ($backend:ident: $($test:ident)*) => {
        mod $backend {
            $(
                #[test]
                fn $test() {
                    let demo = super::demo($backend::Model::default());
                    super::$test(&demo);
                    // Nobody is left.
                    demo.handle.shutdown(super::LONG).expect("it began");
                }
            )*
        }
    };
    ($($backend:ident)*) => {
        $(on! {
            $backend:
            each_request_over_both_versions
            messages_come_back
            several_requests_are_under_way_on_a_connection
            connections_are_used_for_so_many_requests
            handshakes_are_whole_requests
            a_response_that_changes_is_wrong
        })*
    };
}

on! { backend_mio backend_tokio }
