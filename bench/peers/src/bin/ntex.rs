//! ntex on tokio, with one worker.

use std::io;

use ntex::SharedCfg;
use ntex::http::header::{CONTENT_TYPE, SERVER};
use ntex::http::{HttpServiceConfig, KeepAlive};
use ntex::web::{self, App, HttpResponse, HttpServer};

#[ntex::main]
async fn main() -> io::Result<()> {
    let listener = peers::listen(peers::address())?;
    let config = HttpServiceConfig::new().set_keepalive(KeepAlive::Os);
    HttpServer::new(async || App::new().service(text))
        .workers(1)
        .config(SharedCfg::new("peer").add(config))
        .listen(listener)?
        .run()
        .await
}

#[web::get("/text")]
async fn text() -> HttpResponse {
    HttpResponse::Ok()
        .header(SERVER, peers::SERVER)
        .header(CONTENT_TYPE, peers::CONTENT_TYPE)
        .body(peers::BODY)
}
