use exercises::strace_line::{Line, Outcome, parse};

fn call<'a>(name: &'a str, arguments: &[&'a str], outcome: Outcome<'a>) -> Option<Line<'a>> {
    Some(Line { thread: None, name, arguments: arguments.to_vec(), outcome })
}

#[test]
fn a_call_with_its_thread_is_read() {
    let line = parse("4736  close(4)                          = 0").unwrap();
    assert_eq!(line.thread, Some(4736));
    assert_eq!((line.name, line.arguments), ("close", vec!["4"]));
    assert_eq!(line.outcome, Outcome::Returned(0));
}

#[test]
fn a_call_without_a_thread_is_read() {
    let expected = call("shutdown", &["4", "SHUT_WR"], Outcome::Returned(0));
    assert_eq!(parse("shutdown(4, SHUT_WR)              = 0"), expected);
}

#[test]
fn a_call_without_arguments_has_none() {
    assert_eq!(parse("getpid() = 812"), call("getpid", &[], Outcome::Returned(812)));
}

#[test]
fn commas_within_braces_and_parentheses_do_not_separate() {
    let address = "{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}";
    let line = format!("bind(3, {address}, 16) = 0");
    assert_eq!(parse(&line), call("bind", &["3", address, "16"], Outcome::Returned(0)));
    let line = "poll([{fd=0, events=0}, {fd=1, events=0}], 2, 0) = 0 (Timeout)";
    let list = "[{fd=0, events=0}, {fd=1, events=0}]";
    assert_eq!(parse(line), call("poll", &[list, "2", "0"], Outcome::Returned(0)));
}

#[test]
fn quotes_may_hold_what_looks_like_anything() {
    for bytes in [
        r#""a, b""#,
        r#""f(x) = 4""#,
        r#"")""#,
        r#""}]""#,
        r#""she says \"no, never\"""#,
        r#""a backslash: \\""#,
        r#""""#,
    ] {
        let line = format!("sendto(4, {bytes}, 8, MSG_NOSIGNAL, NULL, 0) = 8");
        let arguments = ["4", bytes, "8", "MSG_NOSIGNAL", "NULL", "0"];
        assert_eq!(parse(&line), call("sendto", &arguments, Outcome::Returned(8)), "{bytes}");
    }
}

#[test]
fn bytes_that_were_cut_off_are_one_argument() {
    let line = "recvfrom(4, \"GET / HTTP/1.1\\r\\nHost: exa\"..., 1024, 0, NULL, NULL) = 37";
    let parsed = parse(line).unwrap();
    assert_eq!(parsed.arguments[1], "\"GET / HTTP/1.1\\r\\nHost: exa\"...");
    assert_eq!(parsed.arguments.len(), 6);
}

#[test]
fn a_failure_has_the_name_of_its_errno() {
    let line = "4858  recvfrom(4, 0x7fe, 1024, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily \
                unavailable) <2.030433>";
    assert_eq!(parse(line).unwrap().outcome, Outcome::Failed("EAGAIN"));
}

#[test]
fn what_stands_behind_a_number_does_not_matter() {
    let line = "getsockname(3, NULL, [128 => 16]) = 0 <0.000009>";
    assert_eq!(parse(line).unwrap().outcome, Outcome::Returned(0));
}

#[test]
fn a_result_that_never_came_is_unknown() {
    let line = "4727  accept4(3, 0x7ffe, [128], SOCK_CLOEXEC) = ? ERESTARTSYS (To be restarted if \
                SA_RESTART is set)";
    assert_eq!(parse(line).unwrap().outcome, Outcome::Unknown);
}

#[test]
fn what_is_no_whole_call_is_none() {
    assert!(parse("close(4) = 0").is_some(), "this one is");
    for line in [
        "",
        "+++ exited with 0 +++",
        "4727  +++ killed by SIGTERM +++",
        "4727  --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1} ---",
        "4727  accept4(3,  <unfinished ...>",
        "4727  <... accept4 resumed>{sa_port=htons(1)}, [128 => 16], SOCK_CLOEXEC) = 4",
        "close(4)",
        "close(4) = ",
        "close(4) = x",
        "close?(4) = 0",
        "(4) = 0",
    ] {
        assert_eq!(parse(line), None, "{line}");
    }
}
