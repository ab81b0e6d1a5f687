//! What a server leaves behind: of its threads none, and of cancelled work what runs already.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::{Duration, Instant};

use backend_smol::{Reply, Request, Server};
use backend_suite::client::{Client, eventually};

const SOON: Duration = Duration::from_secs(5);

/// Counts when it is dropped, and panics then, which must not matter.
struct Trouble(Arc<AtomicUsize>);

impl Drop for Trouble {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
        panic!("on purpose");
    }
}

#[test]
fn work_is_cancelled_unless_it_runs_already() {
    let _alone = alone();
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (end, ended) = mpsc::channel();
    let channels = Arc::new(Mutex::new((begun, released, end)));
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&dropped);
    let (asked, is_asked) = mpsc::channel();
    let handler = move |request: &Request<'_>| {
        asked.send(()).unwrap();
        match request.path() {
            "/runs" => {
                let channels = Arc::clone(&channels);
                Reply::blocking(move || {
                    let (begun, released, end) = &*channels.lock().unwrap();
                    begun.send(()).unwrap();
                    released.recv().unwrap();
                    end.send(()).unwrap();
                    "done"
                })
            }
            "/queued" => {
                let trouble = Trouble(Arc::clone(&count));
                Reply::blocking(move || {
                    let _trouble = trouble;
                    "never: the only worker is busy"
                })
            }
            _ => {
                let trouble = Trouble(Arc::clone(&count));
                Reply::future(async move {
                    let _trouble = trouble;
                    pending::<&str>().await
                })
            }
        }
    };
    let server = server().workers(1).spawn(handler).unwrap();
    let ask = |path| {
        let mut client = Client::connect(server.address());
        client.ask(path);
        client
    };
    let mut clients = vec![ask("/runs")];
    has_begun.recv_timeout(SOON).unwrap();
    clients.extend([ask("/queued"), ask("/future")]);
    (0..3).for_each(|_| is_asked.recv_timeout(SOON).unwrap());
    assert_eq!(server.shutdown(Duration::from_millis(100)).unwrap().aborted, 3);
    clients.iter_mut().for_each(Client::expect_close);
    eventually("what was cancelled is dropped", || dropped.load(SeqCst) == 2);
    eventually("the threads end", || threads().unwrap_or(0) == 0);
    release.send(()).unwrap();
    ended.recv_timeout(SOON).unwrap();
}

#[test]
fn a_handler_that_blocks_its_thread_holds_no_server_up() {
    let _alone = alone();
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let channels = Mutex::new((begun, released));
    let handler = move |_: &Request<'_>| {
        let channels = channels.lock().unwrap();
        channels.0.send(()).unwrap();
        channels.1.recv().unwrap();
        "at last"
    };
    let server = server().spawn(handler).unwrap();
    let mut client = Client::connect(server.address());
    client.ask("/");
    has_begun.recv_timeout(SOON).unwrap();
    let start = Instant::now();
    assert_eq!(server.shutdown(Duration::from_millis(100)).unwrap().aborted, 1);
    assert!(start.elapsed() < SOON, "waited for a handler");
    release.send(()).unwrap();
    eventually("the thread ends", || threads().unwrap_or(0) == 0);
}

fn server() -> Server {
    Server::bind("127.0.0.1:0").unwrap().threads(3)
}

/// Threads are counted, so there must be one server at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap()
}

/// How many threads of servers there are; `None` where there is no `/proc`.
fn threads() -> Option<usize> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?.flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    Some(names.filter(|name| name.trim_end() == "smol").count())
}
