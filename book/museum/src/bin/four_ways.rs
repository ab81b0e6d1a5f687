//! Plays the four clients, or those that are named, to a server: `four_ways 127.0.0.1:7878 idle`.

use std::env;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use museum::clients::{CLIENTS, Client, KEEP, Pace};

const PACE: Pace = Pace { pause: Duration::from_millis(500), patience: Duration::from_secs(10) };

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let server = args.next().and_then(|address| address.parse().ok());
    let names: Vec<String> = args.collect();
    let (Some(server), Some(clients)) = (server, named(&names)) else {
        eprintln!("usage: four_ways ADDRESS:PORT [leave] [idle] [pieces] [long] [keep]");
        return ExitCode::from(2);
    };
    let killed = clients.iter().filter(|client| !play(client, server)).count();
    if killed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The clients of these names, or the four; `None` if there is none of a name.
fn named(names: &[String]) -> Option<Vec<Client>> {
    if names.is_empty() {
        return Some(CLIENTS.to_vec());
    }
    let named = |name: &String| CLIENTS.into_iter().chain([KEEP]).find(|it| it.name == name);
    names.iter().map(named).collect()
}

/// Whether the server survives this client. Says so.
fn play(client: &Client, server: SocketAddr) -> bool {
    let result = (client.run)(server, PACE);
    let verdict = match &result {
        Ok(()) => "survived".to_owned(),
        Err(killed) => format!("killed: {killed}"),
    };
    println!("{:7} {:36} {verdict}", client.name, client.does);
    result.is_ok()
}
