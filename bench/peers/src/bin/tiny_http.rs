//! tiny_http: a thread reads each connection, and one answers.

use std::error::Error;

use tiny_http::{Header, Response, Server};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let server = Server::from_listener(peers::listen(peers::address())?, None)?;
    let field = |name: &str, value: &str| Header::from_bytes(name, value).expect("it is a field");
    let fields = [field("Server", peers::SERVER), field("Content-Type", peers::CONTENT_TYPE)];
    for request in server.incoming_requests() {
        if request.url() != "/text" {
            request.respond(Response::empty(404))?;
            continue;
        }
        let response = Response::from_data(peers::BODY);
        let response = fields.iter().cloned().fold(response, Response::with_header);
        let _ = request.respond(response); // the client may be gone
    }
    Ok(())
}
