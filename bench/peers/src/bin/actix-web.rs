//! actix-web with one worker.

use std::io;
use std::time::Duration;

use actix_web::http::header::{CONTENT_TYPE, SERVER};
use actix_web::{App, HttpResponse, HttpServer, Responder, get};

#[actix_web::main]
async fn main() -> io::Result<()> {
    let listener = peers::listen(peers::address())?;
    HttpServer::new(|| App::new().service(text))
        .workers(1)
        .keep_alive(Duration::from_secs(120))
        .listen(listener)?
        .run()
        .await
}

#[get("/text")]
async fn text() -> impl Responder {
    HttpResponse::Ok()
        .insert_header((SERVER, peers::SERVER))
        .insert_header((CONTENT_TYPE, peers::CONTENT_TYPE))
        .body(peers::BODY)
}
