//! The judge's budget: how many system calls a request may take, as `strace` counts them on the
//! loop's thread.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use backend_common::Backend;
use rustix::process::{PTracer, set_ptracer};
use tempfile::TempDir;

use crate::{connect, echo};

/// Makes the test of the budget: `budget!(Model)`.
#[macro_export]
macro_rules! budget {
    ($model:expr) => {
        #[cfg(target_os = "linux")]
        $crate::tests!($model; budget::a_request_takes_three_system_calls,);
    };
}

const REQUESTS: usize = 1000;

/// One to wait, one to read and one to write, and five in a hundred for what happens now and then.
const BUDGET: usize = 3 * REQUESTS + REQUESTS / 20;

/// On a connection that is kept alive, by a client that waits for each answer.
pub fn a_request_takes_three_system_calls<B: Backend>(model: B) {
    let mut client = connect(echo(model));
    let strace = Strace::attach(client.get("/thread").text());
    client.get("/begin");
    for _ in 0..REQUESTS {
        client.get("/text");
    }
    client.get("/end");
    let trace = strace.trace();
    let calls = calls(&trace);
    let total: usize = calls.values().sum();
    assert!(
        (REQUESTS..=BUDGET).contains(&total),
        "{total} system calls for {REQUESTS} requests, and the budget is {BUDGET}: {calls:?}"
    );
}

/// How often each call was made from the request for `/begin` to that for `/end`.
fn calls(trace: &str) -> BTreeMap<&str, usize> {
    let lines = trace.lines().skip_while(|line| !line.contains("\"GET /begin "));
    let mut calls = BTreeMap::new();
    for line in lines.skip(1).take_while(|line| !line.contains("\"GET /end ")) {
        let name = line.split('(').next().unwrap_or_default();
        *calls.entry(name).or_default() += 1;
    }
    calls
}

/// An `strace` that watches one thread of this process. It writes down each call before the thread
/// goes on.
struct Strace {
    child: Child,
    folder: TempDir,
}

impl Strace {
    fn attach(thread: &str) -> Self {
        // Some systems let a process be watched by its parents alone, unless it says otherwise.
        let _ = set_ptracer(PTracer::Any);
        let folder = tempfile::tempdir().unwrap();
        // Where the clock is not read by a system call, it does not count either.
        let child = Command::new("strace")
            .args(["-s", "16", "-e", "trace=!clock_gettime", "-p", thread, "-o"])
            .arg(folder.path().join("trace"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the budget is counted by `strace`: install it (Debian, Ubuntu: strace)");
        let mut strace = Strace { child, folder };
        let mut said = String::new();
        let stderr = strace.child.stderr.as_mut().unwrap();
        BufReader::new(stderr).read_line(&mut said).unwrap();
        assert!(said.contains("attached"), "`strace` may not watch the server: {said}");
        strace
    }

    fn trace(&self) -> String {
        fs::read_to_string(self.folder.path().join("trace")).unwrap()
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
