use std::collections::BTreeMap;

use exercises::call_counts::{Count, count, count_between};

fn counts<'a>(expected: &[(&'a str, usize, usize)]) -> BTreeMap<&'a str, Count> {
    expected.iter().map(|&(name, calls, errors)| (name, Count { calls, errors })).collect()
}

/// From the recordings of the chapter.
const REQUEST: &str = "\
30262 accept4(3, {sa_family=AF_INET, sin_port=htons(37684)}, [128 => 16], SOCK_CLOEXEC) = 4
30262 accept4(3,  <unfinished ...>
30274 recvfrom(4, \"GET / HTTP/1.1\\r\\nHost: example.org\\r\\n\\r\\n\", 1024, 0, NULL, NULL) = 37
30274 sendto(4, \"HTTP/1.1 200 OK\\r\\nContent-Length: 7\"..., 64, MSG_NOSIGNAL, NULL, 0) = 64
30274 close(4)                          = 0
30274 +++ exited with 0 +++
30262 <... accept4 resumed>0x7ffe25739228, [128], SOCK_CLOEXEC) = ? ERESTARTSYS (To be restarted)
30262 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1} ---
";

#[test]
fn calls_are_counted_by_name() {
    let expected = [("accept4", 2, 0), ("close", 1, 0), ("recvfrom", 1, 0), ("sendto", 1, 0)];
    assert_eq!(count(REQUEST), counts(&expected));
}

#[test]
fn a_failure_is_a_call_and_an_error() {
    let trace = "\
poll([{fd=3, events=POLLIN}], 1, 0) = 1 ([{fd=3, revents=POLLIN}])
recvfrom(4, 0x7fe, 1024, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable) <2.030433>
recvfrom(4, \"x\", 1024, 0, NULL, NULL) = 1 <0.000009>
close(-1 ) = -1 EBADF (Bad file descriptor)
";
    assert_eq!(count(trace), counts(&[("close", 1, 1), ("poll", 1, 0), ("recvfrom", 2, 1)]));
}

#[test]
fn two_lines_of_one_call_count_once() {
    let trace = "\
7 recvfrom(4,  <unfinished ...>
8 futex(0x5581, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>
7 <... recvfrom resumed>0x7fe, 1024, 0, NULL, NULL) = -1 ECONNRESET (Connection reset by peer)
9 read(5,  <unfinished ...>
8 <... futex resumed>) = 0
";
    assert_eq!(count(trace), counts(&[("futex", 1, 0), ("recvfrom", 1, 1)]), "read has no result");
}

#[test]
fn what_stands_in_quotes_is_no_result() {
    let trace = "\
12 sendto(4, \"close(3) = -1 EBADF\", 19, 0, NULL, 0) = 19
12 sendto(4, \"<... read resumed>) = 1\", 23, 0, NULL, 0) = 23
12 write(4, \"a = b\", 5) = -1 EPIPE (Broken pipe)
12 write(4, \"x = -1 \",  <unfinished ...>
12 <... write resumed>7) = 7
";
    let sent = count("12 sendto(4, \" = -1 \", 5, 0, NULL, 0) = 5\n");
    assert_eq!(sent, counts(&[("sendto", 1, 0)]));
    let counted = count(trace);
    assert_eq!(counted["sendto"], Count { calls: 2, errors: 0 });
    assert_eq!(counted["write"], Count { calls: 2, errors: 1 });
}

#[test]
fn what_is_no_call_does_not_count() {
    let trace = "\
strace: Process 30274 attached
--- SIGCHLD (Child exited) = 1 ---
+++ killed by SIGTERM +++
getpid() = 812
";
    assert_eq!(count(trace), counts(&[("getpid", 1, 0)]));
    assert_eq!(count("getpid() = 812\n\n"), counts(&[("getpid", 1, 0)]));
}

/// A loop on poll(2) that answers three requests between the marks.
fn three_requests(rest_of_each: &str) -> String {
    let request = |path: &str| {
        format!(
            "ppoll([{{fd=4, events=POLLIN}}], 1, NULL, NULL, 0) = 1\n\
             recvfrom(4, \"GET {path} HTTP/1.1\\r\\n\", 8192, 0, NULL, NULL) = 41\n{rest_of_each}\
             sendto(4, \"HTTP/1.1 200 OK\\r\\n\", 90, MSG_NOSIGNAL, NULL, 0) = 90\n"
        )
    };
    let start = "openat(AT_FDCWD, \"/end\", O_RDONLY) = 3\nclose(3) = 0\n";
    let paths = ["/begin", "/", "/", "/", "/end", "/after"];
    start.to_owned() + &paths.map(request).concat()
}

#[test]
fn between_the_marks_is_what_the_requests_cost() {
    // The answer to the first mark and the wait for the last one are a fourth request's.
    let trace = three_requests("");
    let found = count_between(&trace, "GET /begin", "GET /end").unwrap();
    assert_eq!(found, counts(&[("ppoll", 4, 0), ("recvfrom", 3, 0), ("sendto", 4, 0)]));
}

#[test]
fn a_read_too_many_is_seen() {
    let trace = three_requests("recvfrom(4, 0x7f, 8192, 0, NULL, NULL) = -1 EAGAIN (Resource)\n");
    let found = count_between(&trace, "GET /begin", "/end").unwrap();
    assert_eq!(found["recvfrom"], Count { calls: 7, errors: 4 });
}

#[test]
fn without_both_marks_nothing_was_measured() {
    let trace = three_requests("");
    assert!(count_between(&trace, "GET /begin", "GET /end").is_some());
    assert_eq!(count_between(&trace, "GET /nowhere", "GET /end"), None);
    assert_eq!(count_between(&trace, "GET /begin", "GET /nowhere"), None);
    assert_eq!(count_between(&trace, "GET /after", "GET /begin"), None, "in this order");
}
