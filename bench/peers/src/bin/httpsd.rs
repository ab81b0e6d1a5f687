//! httpsd: a protocol without I/O, here on its event loop on mio.

use httpsd::{Request, Response, Server, StatusCode};

fn main() -> httpsd::Result<()> {
    let address = peers::address();
    let server = Server::bind(address)?
        .handler(answer)
        .max_conns_per_ip(u32::MAX)
        .server_name(Some(peers::SERVER.to_owned()));
    peers::say(address);
    server.run_mio()
}

fn answer(request: &Request) -> Response {
    match request.path() {
        "/text" => Response::text(peers::BODY),
        _ => Response::status(StatusCode::NOT_FOUND),
    }
}
