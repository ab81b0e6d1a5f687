//! Uploads and downloads, also when they go wrong.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::store::Store;
use backend_common::{Backend, Request, Response};
use protocol::FileRange;

use crate::client::{Client, eventually};
use crate::fixtures::{app, app_with, end, server};

/// Bytes without a pattern that a mistake could hide in.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn put(client: &mut Client, path: &str, body: &[u8]) -> u16 {
    let length = body.len();
    client.send(format!("PUT {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n"));
    client.send(body);
    client.response().status
}

pub fn uploads_come_back_whole<B: Backend>(model: B) {
    let (server, dir) = app(model);
    let mut client = Client::connect(server.address());
    for (number, length) in [0, 1, 65_535, 65_536, 65_537, 3_000_000].into_iter().enumerate() {
        let (path, body) = (format!("/files/a/b%20{number}"), noise(length));
        assert_eq!(put(&mut client, &path, &body), 201);
        assert!(client.get(&path).body == body, "{length} bytes");
        assert_eq!(put(&mut client, &path, &body), 204);
    }
    // Chunked, with the chunks in pieces.
    let body = noise(300_000);
    client.send("POST /files/chunked HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
    for chunk in body.chunks(7_777) {
        let wire = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
        wire.chunks(5_000).for_each(|piece| client.send(piece));
    }
    client.send("0\r\n\r\n");
    assert_eq!(client.response().status, 201);
    assert!(fs::read(dir.path().join("chunked")).unwrap() == body);
    end(server);
}

pub fn an_upload_that_breaks_off_leaves_nothing<B: Backend>(model: B) {
    let (server, dir) = app(model);
    let files = || fs::read_dir(dir.path()).unwrap().count();
    let begin = || {
        let mut client = Client::connect(server.address());
        client.send("PUT /files/x HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
        client.send(noise(500_000));
        eventually("the upload has begun", || files() == 1);
        client
    };
    let mut half_closed = begin();
    half_closed.half_close();
    assert_eq!(half_closed.response().status, 400);
    eventually("the unfinished file is removed", || files() == 0);
    begin().reset();
    eventually("the unfinished file is removed", || files() == 0);
    let cut = begin();
    server.shutdown(Duration::from_millis(50)).unwrap();
    eventually("the unfinished file is removed", || files() == 0);
    drop(cut);
}

pub fn a_file_that_shrinks_while_it_is_sent_ends_the_connection<B: Backend>(model: B) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, noise(1_000)).unwrap();
    let file = Arc::new(fs::File::open(&path).unwrap());
    let handler = move |_: &Request<'_>| {
        // As if it had been longer when it was looked at.
        Response::ok().body(FileRange { file: Arc::clone(&file), offset: 0, length: 5_000 })
    };
    let server = server(model).spawn(handler).unwrap();
    let mut client = Client::connect(server.address());
    client.ask("/");
    let error = client.try_response().expect_err("the body must be short of its length");
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    end(server);
}

pub fn links_out_of_the_directory_are_not_followed<B: Backend>(model: B) {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let (server, dir) = app(model);
    fs::write(dir.path().join("inside"), "inside").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(outside.path(), dir.path().join("away")).unwrap();
        symlink(outside.path().join("secret"), dir.path().join("secret")).unwrap();
        symlink("inside", dir.path().join("link")).unwrap();
        symlink("loop", dir.path().join("loop")).unwrap();
    }
    let mut client = Client::connect(server.address());
    assert_eq!(client.get("/files/link").text(), "inside");
    for path in ["/files/secret", "/files/away/secret", "/files/loop", "/files/..%2Fsecret"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    assert_eq!(put(&mut client, "/files/away/new", b"x"), 404);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    // A new file takes the place of the link, not of what it leads to.
    assert_eq!(put(&mut client, "/files/secret", b"mine"), 204);
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "secret");
    end(server);
}

/// Opening a pipe would wait for its other end, forever.
pub fn pipes_sockets_and_directories_are_not_opened<B: Backend>(model: B) {
    let (server, dir) = app_with(model, |server| server.threads(8).workers(1));
    let mut client = Client::connect(server.address());
    #[cfg(unix)]
    {
        let made = std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status();
        assert!(made.unwrap().success());
        std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        std::os::unix::fs::symlink("pipe", dir.path().join("link")).unwrap();
    }
    fs::create_dir(dir.path().join("directory")).unwrap();
    for path in ["/files/pipe", "/files/link", "/files/socket", "/files/directory"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    assert_eq!(put(&mut client, "/files/directory", b"x"), 409);
    // What takes the place of a pipe is a file, not something said into it.
    assert_eq!(put(&mut client, "/files/pipe", b"x"), if cfg!(unix) { 204 } else { 201 });
    assert_eq!(client.get("/files/pipe").text(), "x");
    end(server);
}

pub fn the_second_of_two_first_uploads_is_refused<B: Backend>(model: B) {
    let (server, dir) = app(model);
    let begin = || {
        let mut client = Client::connect(server.address());
        client.send("PUT /files/new/x HTTP/1.1\r\nHost: test\r\nIf-None-Match: *\r\n");
        client.send("Content-Length: 4\r\n\r\nha");
        client
    };
    let (mut first, mut second) = (begin(), begin());
    eventually("both have begun", || fs::read_dir(dir.path()).unwrap().count() == 2);
    second.send("lf");
    assert_eq!(second.response().status, 201);
    first.send("ve");
    assert_eq!(first.response().status, 412);
    assert_eq!(fs::read_to_string(dir.path().join("new/x")).unwrap(), "half");
    eventually("nothing unfinished is left", || fs::read_dir(dir.path()).unwrap().count() == 1);
    end(server);
}

pub fn impossible_paths_are_refused<B: Backend>(model: B) {
    let (server, dir) = app(model);
    let mut client = Client::connect(server.address());
    assert_eq!(put(&mut client, "/files/file", b"x"), 201);
    assert_eq!(client.get("/files/file/below").status, 404);
    assert_eq!(put(&mut client, "/files/file/below", b"x"), 409);
    // So deep that making it would be work without end.
    let deep = format!("/files/{}x", "a/".repeat(1600));
    assert_eq!(client.get(&deep).status, 404);
    assert_eq!(put(&mut client, &deep, b"x"), 404);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(client.get("/healthz").status, 200);
    end(server);
}

pub fn a_site_has_indexes_and_types_and_hides_what_is_hidden<B: Backend>(model: B) {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("index.html", "home"),
        ("sub/index.html", "sub"),
        ("app.js", "js"),
        (".env", "secret"),
        (".well-known/security.txt", "contact"),
    ] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let app = App::new(B::NAME, "test").site(Store::open(dir.path()).unwrap());
    let server = server(model).spawn(app).unwrap();
    let mut client = Client::connect(server.address());
    assert_eq!(client.get("/").text(), "home");
    assert_eq!(client.get("/sub/").text(), "sub");
    let redirect = client.get("/sub?q=1");
    assert_eq!(redirect.status, 308);
    assert!(redirect.head.contains("location: /sub/?q=1\r\n"), "{}", redirect.head);
    // Two slashes would be another host.
    let redirect = client.get("//sub");
    assert!(redirect.head.contains("location: /sub/\r\n"), "{}", redirect.head);
    let script = client.get("/app.js");
    assert!(script.head.contains("content-type: text/javascript"), "{}", script.head);
    assert_eq!(client.get("/.well-known/security.txt").text(), "contact");
    for path in
        ["/.env", "/%2Eenv", "/index.html/", "/nothing", "//elsewhere.example/", "/sub/../.env"]
    {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    assert_eq!(client.get("/healthz").text(), "ok\n", "the routes are still there");
    end(server);
}

pub fn unfinished_uploads_of_a_killed_server_are_removed<B: Backend>(model: B) {
    let (server, dir) = app(model);
    fs::write(dir.path().join(".unfinished-1-1"), "half").unwrap();
    fs::write(dir.path().join("whole"), "whole").unwrap();
    let mut client = Client::connect(server.address());
    assert_eq!(client.get("/files/.unfinished-1-1").status, 404);
    Store::open(dir.path()).unwrap().tidy().unwrap();
    assert!(!dir.path().join(".unfinished-1-1").exists());
    assert_eq!(client.get("/files/whole").text(), "whole");
    end(server);
}
