//! The servers that tests start, and how they end them.

use std::time::Duration;

use app::App;
use app::store::Store;
use backend_common::{Backend, Handle, Server};

/// Whether this system has what the backend needs. If not, its tests say so and pass; where all
/// backends have to be tested, `TEST_ALL_BACKENDS` makes that a failure.
pub fn is_possible<B: Backend>(_: B) -> bool {
    let Err(missing) = B::check_system() else { return true };
    assert!(std::env::var_os("TEST_ALL_BACKENDS").is_none(), "{missing}");
    // Not by a macro, whose output would be kept from view.
    let _ =
        std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("NOT TESTED: {missing}\n"));
    false
}

/// A server that suits tests, on a port of its own.
pub fn server<B: Backend>(model: B) -> Server<B> {
    Server::bind("127.0.0.1:0").unwrap().model(model).threads(4).workers(4)
}

/// The demo application over a fresh data directory.
pub fn app<B: Backend>(model: B) -> (Handle, tempfile::TempDir) {
    // The pool has a thread for each connection that tests keep open at once.
    app_with(model, |server| server.threads(64))
}

/// As [`app()`], on a server that is set up further.
pub fn app_with<B: Backend>(
    model: B,
    set_up: impl FnOnce(Server<B>) -> Server<B>,
) -> (Handle, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let server = set_up(server(model));
    let app = App::new(B::NAME, "test").files(Store::open(dir.path()).unwrap());
    let app = app.statistics(server.statistics());
    (server.spawn(app).unwrap(), dir)
}

/// Ends a server whose end is not what the test is about: clients that are still connected would
/// make a graceful shutdown take its time.
pub fn end(server: Handle) {
    server.shutdown(Duration::ZERO).unwrap();
}
