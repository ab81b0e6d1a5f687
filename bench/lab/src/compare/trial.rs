//! What is asked besides `GET /text` over HTTP/1.1, tried before it is measured: a server that
//! cannot do what its entry claims, or answers with other bytes, has no figures of that.

use std::time::Duration;

use crate::entries::Running;
use crate::judge;
use crate::load::{self, Next, Plan};
use crate::results::Refusal;
use crate::scenarios::{Asks, Scenario, Times};

/// How long a trial may take.
const PATIENCE: Times = Times { warm_up: Duration::ZERO, measured: Duration::from_secs(20) };

/// Whether a load asks for more than the gate has asked for.
pub(super) fn is_needed(scenario: &Scenario) -> bool {
    scenario.tls || !matches!(scenario.asks, Asks::Get("/text") | Asks::BrowserGet("/text"))
}

/// Tries a load: as many exchanges as it has under way, on as many connections. Returns how many
/// that were, and what was wrong, if anything was.
pub(super) fn of(
    server: &Running,
    scenario: &Scenario,
    generator: usize,
) -> (u32, Option<Refusal>) {
    let exchanges = u32::try_from(scenario.connections * scenario.under_way).unwrap_or(u32::MAX);
    let wrong = match scenario.plan(server, 0.0, PATIENCE, generator) {
        Some(plan) => wrong(plan, exchanges),
        None => Some("it has no address for this".to_owned()),
    };
    let refusal = |reason| Refusal { scenario: scenario.name.to_owned(), reason };
    (exchanges, wrong.map(refusal))
}

/// What was wrong in so many exchanges: the generator holds every byte against the right one.
fn wrong(plan: Plan, exchanges: u32) -> Option<String> {
    let plan = Plan { max_requests: Some(exchanges.into()), ..plan };
    let outcome = match load::run(&plan, &mut |_| Next::Go) {
        Ok(outcome) => outcome,
        Err(error) => return Some(error.to_string()),
    };
    let missing = || {
        let is_complete = outcome.requests >= exchanges.into();
        (!is_complete).then(|| format!("{} of {exchanges} were answered", outcome.requests))
    };
    judge::trouble(&outcome).or_else(missing)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::thread;

    use super::*;
    use crate::entries::{Files, ours};
    use crate::scenarios::SCENARIOS;

    fn named(name: &str) -> &'static Scenario {
        SCENARIOS.iter().find(|scenario| scenario.name == name).expect("it is one of them")
    }

    /// Answers each request with this body, for as long as the test process runs.
    fn serve(body: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let response = [head.into_bytes(), body].concat();
        let converse = move |mut stream: TcpStream, response: &[u8]| {
            let (mut input, mut piece) = (Vec::new(), [0; 4096]);
            while let Ok(length @ 1..) = stream.read(&mut piece) {
                input.extend_from_slice(&piece[..length]);
                if input.ends_with(b"\r\n\r\n") && stream.write_all(response).is_ok() {
                    input.clear();
                }
            }
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let response = response.clone();
                thread::spawn(move || converse(stream, &response));
            }
        });
        address
    }

    /// What is wrong with a server that answers `/1k` with this.
    fn with_file(content: Vec<u8>) -> Option<String> {
        let plan = named("file of 1 KiB").plan_at(serve(content), 0.0, PATIENCE, 0);
        wrong(Plan { connections: 2, cores: Vec::new(), ..plan }, 4)
    }

    #[test]
    fn a_file_is_compared_byte_by_byte() {
        assert_eq!(with_file(Files::content(1 << 10)), None);
        let mut other = Files::content(1 << 10);
        other[1000] = b'x';
        let wrong = with_file(other).expect("a byte is another");
        assert!(wrong.contains("differs from its byte 1000 on"), "{wrong}");
        let wrong = with_file(Files::content(1000)).expect("24 bytes are missing");
        assert!(wrong.contains("1000 bytes, not 1024"), "{wrong}");
    }

    #[test]
    fn a_server_that_cannot_do_it_is_refused() {
        let address = serve(b"Hello, world!".to_vec());
        for name in ["HTTP/2 10 × 10", "TLS", "upload of 100 KiB", "WebSocket echo"] {
            let plan = named(name).plan_at(address, 0.0, PATIENCE, 0);
            let plan = Plan { connections: 1, cores: Vec::new(), ..plan };
            let plan = Plan { timeout: Duration::from_millis(300), ..plan };
            assert!(wrong(plan, 1).is_some(), "{name}");
        }
    }

    #[test]
    fn each_thing_that_an_entry_can_do_besides_is_tried() {
        let files = Files::new().expect("there is room").into();
        let all = ours("subject".as_ref(), &files);
        let most = all.iter().max_by_key(|entry| entry.abilities.len()).expect("there are some");
        let tried = SCENARIOS.iter().filter(|it| it.includes(most) && is_needed(it));
        let tried: Vec<_> = tried.map(|scenario| scenario.name).collect();
        let expected = [
            "file of 1 KiB",
            "file of 100 KiB",
            "file of 10 MiB",
            "upload of 100 KiB",
            "HTTP/2 10 × 10",
            "TLS",
            "TLS handshakes",
            "WebSocket echo",
        ];
        assert_eq!(tried, expected);
    }
}
