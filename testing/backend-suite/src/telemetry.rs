//! The binary's access log, and what it shows its administrators.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::child::Process;
use crate::client::{Client, eventually};
use crate::process::command;

/// Starts it with these options besides.
fn serve(path: &str, options: &[&str]) -> Process {
    let mut command = command(path);
    command.args(options);
    Process::start(command)
}

/// Its listener for administrators.
pub(crate) fn admin(server: &Process) -> SocketAddr {
    let line = server.said.iter().find(|line| line.contains("/metrics")).unwrap();
    let (_, rest) = line.split_once("http://").unwrap();
    rest.split_once('/').unwrap().0.parse().unwrap()
}

/// The lines of a log, once there are so many.
fn lines(log: &Path, count: usize) -> Vec<String> {
    let read = || fs::read_to_string(log).unwrap_or_default();
    eventually("all lines are written", || read().lines().count() == count);
    read().lines().map(str::to_owned).collect()
}

pub fn the_access_log_says_who_asked_for_what_and_where_it_waited(path: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let flags = ["--access-log", "json", "--access-log-file", log.to_str().unwrap()];
    let server = serve(path, &flags);
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/work/20").status, 200);
    assert_eq!(client.get("/sleep/30").status, 200);
    client.send(
        "POST /echo HTTP/1.1\r\nHost: test\r\nUser-Agent: a\"b\r\nContent-Length: 4\r\n\
         Expect: 100-continue\r\n\r\n",
    );
    assert_eq!(client.response().status, 100, "from now on it waits for input");
    client.send("abcd");
    assert_eq!(client.response().text(), "abcd");
    client.send("nonsense\r\n\r\n");
    assert_eq!(client.response().status, 400);
    let lines: Vec<Value> =
        lines(&log, 4).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [work, sleep, echo, refused] = &lines[..] else { panic!("{lines:?}") };
    for line in &lines {
        assert_eq!((&line["peer"], &line["cut"]), (&"127.0.0.1".into(), &Value::Null), "{line}");
    }
    let waited = |line: &Value, what: &str| line["waited"][what].as_f64().unwrap();
    assert_eq!((&work["target"], &work["route"]), (&"/work/20".into(), &"/work/MS".into()));
    // A thread that has one connection does the work itself: that is no waiting.
    assert!(waited(work, "work") > 0.0 || path.contains("backend-sync"), "{work}");
    assert!(waited(work, "time") <= 0.0, "{work}");
    assert!(waited(sleep, "time") > 0.0 && waited(sleep, "work") <= 0.0, "{sleep}");
    assert!(sleep["duration"].as_f64().unwrap() >= 0.03, "{sleep}");
    assert!(waited(echo, "input") > 0.0, "{echo}");
    assert_eq!((&echo["received"], &echo["sent"]), (&4.into(), &4.into()), "{echo}");
    assert_eq!((&echo["user_agent"], &echo["method"]), (&"a\"b".into(), &"POST".into()));
    assert_eq!((&refused["status"], &refused["method"]), (&400.into(), &Value::Null));
    assert_eq!(refused["refusal"], "request-line");
}

/// The address that a trusted proxy names stands in the log; that which a client names itself does
/// not.
pub fn the_access_log_names_the_client_behind_a_trusted_proxy(path: &str) {
    for (trust, expected) in
        [(&["--trusted-proxy", "127.0.0.1"][..], "192.0.2.7"), (&[], "127.0.0.1")]
    {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("access.log");
        let flags = ["--access-log", "json", "--access-log-file", log.to_str().unwrap()];
        let server = serve(path, &[&flags[..], trust].concat());
        let mut client = Client::connect(server.address);
        client.send("GET /echo/x HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");
        assert_eq!(client.response().status, 200);
        let line: Value = serde_json::from_str(&lines(&log, 1)[0]).unwrap();
        assert_eq!(line["peer"], expected, "{line}");
    }
}

/// So that somebody notices, whether it is an attack or a limit that is too low.
pub fn clients_over_their_limits_are_counted_and_logged(path: &str) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = command(path);
    command.args(["--max-connections-per-address", "2", "--max-requests-per-address", "1/h"]);
    command.args(["--admin", "127.0.0.1:0"]).stderr(log.reopen().unwrap());
    let server = Process::start(command);
    let mut client = Client::connect(server.address);
    let statuses = [(); 3].map(|()| client.get("/healthz").status);
    assert_eq!(statuses, [200, 429, 429]);
    let mut second = Client::connect(server.address);
    assert_eq!(second.get("/healthz").status, 429);
    Client::connect(server.address).expect_close();
    let metrics = Client::connect(admin(&server)).get("/metrics");
    for line in ["wtw_requests_over_limit_total 3", "wtw_connections_over_limit_total 1"] {
        assert!(metrics.text().lines().any(|it| it == line), "{line}: {}", metrics.text());
    }
    for line in ["127.0.0.1 sends too many requests", "127.0.0.1 has too many connections"] {
        eventually(line, || fs::read_to_string(&log).unwrap().contains(line));
    }
}

/// As logrotate and nginx do it: the file is renamed, and the server told to open it again.
pub fn a_renamed_access_log_is_opened_again_on_a_signal(path: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let flags = ["--access-log", "combined", "--access-log-file", log.to_str().unwrap()];
    let server = serve(path, &flags);
    let mut client = Client::connect(server.address);
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let mut asked = 0;
    let mut ask = |name: &str| {
        asked += 1;
        client.get(&format!("/echo/{name}"));
    };
    let renamed = ["first", "second"].map(|name| folder.path().join(name));
    for (signal, renamed) in [Signal::USR1, Signal::HUP].into_iter().zip(&renamed) {
        // There is a new file a moment before lines go to it.
        eventually("lines go to the new file", || {
            ask("before");
            read(&log).contains("/echo/before")
        });
        fs::rename(&log, renamed).unwrap();
        ask("after");
        eventually("they go where they went", || read(renamed).contains("/echo/after"));
        server.signal(signal);
        eventually("there is a new file", || log.exists());
    }
    eventually("lines go to the new file", || {
        ask("last");
        read(&log).contains("/echo/last")
    });
    let lines = || [&log, &renamed[0], &renamed[1]].map(|path| read(path).lines().count());
    eventually("none is lost", || lines().iter().sum::<usize>() == asked);
    // Without a file there is nothing to open, and that is no reason to end.
    let server = serve(path, &[]);
    server.signal(Signal::USR1);
    assert_eq!(Client::connect(server.address).get("/healthz").status, 200);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}

pub fn a_combined_access_log_goes_to_standard_output(path: &str) {
    for (format, host) in [("combined", ""), ("vhost-combined", "example.org:80 ")] {
        let server = serve(path, &["--access-log", format]);
        let mut client = Client::connect(server.address);
        client.send("GET /echo/x HTTP/1.1\r\nHost: example.org\r\n\r\n");
        assert_eq!(client.response().status, 200);
        drop(client);
        server.signal(Signal::TERM);
        let (code, rest) = server.end();
        let line = rest.lines().find(|line| line.contains("/echo/x")).unwrap();
        assert!(line.starts_with(&format!("{host}127.0.0.1 - - [")), "{line}");
        assert!(
            line.contains("\"GET /echo/x HTTP/1.1\" 200 1 \"-\" \"-\" /echo/TEXT 0."),
            "{line}"
        );
        assert_eq!(code, Some(0));
    }
}

pub fn administrators_see_metrics_and_are_not_counted_among_the_clients(path: &str) {
    let server = serve(path, &["--admin", "127.0.0.1:0"]);
    let mut admin = Client::connect(admin(&server));
    let mut client = Client::connect(server.address);
    for target in ["/work/0", "/echo/a", "/echo/b", "/none"] {
        client.get(target);
    }
    client.send("nonsense\r\n\r\n");
    assert_eq!(client.response().status, 400);
    let mut text = String::new();
    eventually("all requests are counted", || {
        let metrics = admin.get("/metrics");
        assert!(metrics.head.contains("\r\ncontent-type: application/openmetrics-text; version=1"));
        text = metrics.text().to_owned();
        text.contains("wtw_request_seconds_count 5\n")
    });
    for line in [
        "wtw_requests_total{route=\"/echo/TEXT\",class=\"2xx\"} 2",
        "wtw_requests_total{route=\"/work/MS\",class=\"2xx\"} 1",
        "wtw_requests_total{route=\"none\",class=\"4xx\"} 1",
        "wtw_requests_total{route=\"-\",class=\"4xx\"} 1",
        "wtw_refusals_total{kind=\"request-line\"} 1",
        "wtw_work_wait_seconds_count 1",
        "wtw_connections_accepted_total 1",
        "wtw_draining 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} is not in {text}");
    }
    let count = |name: &str| {
        let states = text.lines().filter(|line| line.starts_with(name));
        states.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum::<u64>()
    };
    assert_eq!(count("wtw_connections{"), count("wtw_connections_waiting{"));
    assert_eq!(admin.get("/other").status, 404);
}

pub fn a_server_that_drains_is_healthy_and_not_ready(path: &str) {
    let server = serve(path, &["--admin", "127.0.0.1:0"]);
    let mut admin = Client::connect(admin(&server));
    assert_eq!((admin.get("/readyz").status, admin.get("/healthz").status), (200, 200));
    let mut client = Client::connect(server.address);
    client.ask("/sleep/1500");
    eventually("the request is under way", || {
        admin.get("/metrics").text().contains("wtw_connections{state=\"answering\"} 1\n")
    });
    server.signal(Signal::TERM);
    eventually("it is not ready", || admin.get("/readyz").status == 503);
    assert_eq!(admin.get("/healthz").status, 200);
    assert_eq!(client.response().status, 200);
    drop(client);
    assert_eq!(server.end().0, Some(0));
}
