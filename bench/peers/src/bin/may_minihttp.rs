//! may_minihttp: coroutines with stacks of their own, on one worker. It names itself `M`, and does
//! not look at `Connection: close`.

use std::io;

use may_minihttp::{HttpServer, HttpService, Request, Response};

#[derive(Clone)]
struct Text;

impl HttpService for Text {
    fn call(&mut self, request: Request, response: &mut Response) -> io::Result<()> {
        if request.path() == "/text" {
            response.header("Content-Type: text/plain; charset=utf-8").body(peers::BODY);
        } else {
            response.status_code(404, "Not Found");
        }
        Ok(())
    }
}

fn main() -> io::Result<()> {
    let address = peers::address();
    may::config().set_workers(1);
    let server = HttpServer(Text).start(address)?;
    peers::say(address);
    server.wait();
    Ok(())
}
