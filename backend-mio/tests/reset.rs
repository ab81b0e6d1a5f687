//! An event loop hears of a reset even while it wants no input.

use backend_mio::Model;
use backend_suite::client::Client;

#[test]
fn a_reset_ends_a_connection_that_waits_for_its_answer() {
    let (server, _dir) =
        backend_suite::fixtures::app_with(Model::Loops, |server| server.max_connections(1));
    let mut first = Client::connect(server.address());
    first.ask("/sleep/10000");
    let mut second = Client::connect(server.address());
    second.ask("/echo/second");
    second.stream.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
    second.try_response().expect_err("there is no room yet");
    second.stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    first.reset();
    assert_eq!(second.response().text(), "second");
    drop(second);
    server.shutdown(std::time::Duration::from_secs(5)).unwrap();
}
