//! Several listeners, and such that have a path in place of an address.

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use app::App;
use app::store::Store;
use backend_common::{Backend, Request, Response, Server, as_tcp, socket};

use crate::client::Client;
use crate::fixtures::{end, server};

const SOON: Duration = Duration::from_secs(5);

fn dial(path: &Path) -> Client {
    Client::from(as_tcp(UnixStream::connect(path).unwrap()))
}

/// As [`server`], at a path.
fn server_at<B: Backend>(model: B, path: &Path) -> Server<B> {
    let server = Server::from_listener(UnixListener::bind(path).unwrap()).unwrap();
    server.model(model).threads(8).workers(4)
}

/// Effects of every kind, much in both directions, requests under way at the shutdown.
pub fn a_path_is_served_like_an_address<B: Backend>(model: B) {
    const SIZE: usize = 3 << 20;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let server = server_at(model, &path);
    let app = App::new(B::NAME, "test").files(Store::open(dir.path()).unwrap());
    let handle = server.spawn(app).unwrap();
    let mut client = dial(&path);
    assert_eq!(client.get("/echo/hello").text(), "hello");
    assert_eq!(client.get("/sleep/20").text(), "slept for 20 ms\n");
    assert!(client.get("/work/20").text().starts_with("worked for 20 ms"));
    let body: Vec<u8> = (0..SIZE).map(|at| ((at * at) >> 3) as u8).collect();
    client.send(format!("PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: {SIZE}\r\n\r\n"));
    client.send(&body);
    assert_eq!(client.response().status, 201);
    assert!(client.get("/files/x").body == body, "the file came back otherwise");

    let idle = dial(&path);
    client.ask("/sleep/300");
    let (mut gone, mut late) = (dial(&path), dial(&path));
    gone.ask("/echo/first");
    drop(gone.response());
    late.ask("/echo/late");
    handle.shutdown_handle().shutdown(SOON);
    assert_eq!(late.response().text(), "late");
    assert_eq!(client.response().text(), "slept for 300 ms\n");
    let report = handle.join().unwrap();
    assert_eq!((report.requests, report.aborted), (8, 0));
    drop(idle);
}

/// None of them has a client at the end, so each has to be woken.
pub fn all_listeners_are_served_and_end_together<B: Backend>(model: B) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let server = server(model).and_listener(UnixListener::bind(&path).unwrap()).unwrap();
    let server = server.and_listener(socket::listen("127.0.0.1:0").unwrap()).unwrap();
    let server = server.max_connections(usize::MAX); // to which those of acceptors are added
    let [first, third] = server.addresses().try_into().unwrap();
    assert_eq!(server.address(), first);
    let answer = |request: &Request<'_>| Response::text(request.peer().is_some().to_string());
    let handle = server.spawn(answer).unwrap();
    for mut client in [Client::connect(first), dial(&path), Client::connect(third)] {
        let is_tcp = client.stream.local_addr().is_ok();
        assert_eq!(client.get("/").text(), is_tcp.to_string());
    }
    let report = handle.shutdown(SOON).unwrap();
    assert_eq!((report.requests, report.aborted), (3, 0));
}

/// Those who come by a path wait for the end of one who came by an address.
pub fn bounds_hold_over_all_listeners<B: Backend>(model: B) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    // One more for the second listener.
    let server = server(model).max_connections(1);
    let server = server.and_listener(UnixListener::bind(&path).unwrap()).unwrap();
    let server = server.spawn(|_: &Request<'_>| "served").unwrap();
    let mut first = Client::connect(server.address());
    assert_eq!(first.get("/").status, 200);
    let (mut second, mut third) = (dial(&path), dial(&path));
    second.ask("/");
    third.ask("/");
    let open = || server.statistics().sample().open.all();
    assert!(open() <= 2);
    drop(first);
    assert_eq!(second.response().status, 200);
    assert!(open() <= 2);
    drop(second);
    assert_eq!(third.response().status, 200);
    end(server);
}
