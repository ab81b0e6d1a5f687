//! mini_async_http: an event loop on mio that hands requests to one worker. It has no `Date` of its
//! own.

use std::time::SystemTime;

use mini_async_http::{AIOServer, ResponseBuilder};

fn main() {
    let address = peers::address();
    let mut server = AIOServer::new(1, &address.to_string(), |request| {
        let response = match request.path().as_str() {
            "/text" => ResponseBuilder::empty_200().body(peers::BODY.as_bytes()),
            _ => ResponseBuilder::empty_400().body(b""),
        };
        response
            .header("Server", peers::SERVER)
            .header("Date", &httpdate::fmt_http_date(SystemTime::now()))
            .content_type(peers::CONTENT_TYPE)
            .build()
            .expect("status, fields and body are there")
    });
    peers::say(address);
    server.start();
}
