//! The server that the lab measures: `subject BACKEND MODEL`, the same handler on any backend.
//!
//! It is one binary, and not the six of the demonstration, so that all entries answer the same
//! bytes, are compiled and linked with the same dependencies, and differ in nothing but the model:
//! the demonstration's console, its signals and its certificate that is kept in a file are not what
//! is measured. It is written as any user of the library would write it.
//!
//! | request | response |
//! |---|---|
//! | `GET /text` | `Hello, world!` |
//! | `GET /work/N` | after computing for N microseconds, as [`Work`](protocol::Work) |
//! | `GET /block/N` | the same, but wrongly, on the thread that drives connections |
//! | `POST /upload` | how many bytes came |
//! | `GET /1k`, `/100k`, `/10m` | the file, as a site has it |
//! | all else | that of [`App`]: `/ws/echo` and the rest of the demonstration |
//!
//! It says its addresses in a line each, and ends when its standard input does: a lab that is
//! killed leaves no server behind.

#![forbid(unsafe_code)]

mod handler;
mod options;
mod tls;

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use app::App;
use app::store::Store;
use backend_common::{Backend, Server, ShutdownHandle};
use clap::Parser;

use crate::handler::Subject;
use crate::options::Options;

/// More than any load of the lab has, so that none waits to be accepted.
const MAX_CONNECTIONS: usize = 16_384;

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match options.backend.as_str() {
        "sync" => serve::<backend_sync::Model>(&options),
        "mio" => serve::<backend_mio::Model>(&options),
        "uring" => serve::<backend_uring::Model>(&options),
        "tokio" => serve::<backend_tokio::Model>(&options),
        "async-std" => serve::<backend_async_std::Model>(&options),
        "smol" => serve::<backend_smol::Model>(&options),
        other => Err(format!("there is no backend {other}").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve<B: Backend>(options: &Options) -> Result<(), Box<dyn Error>> {
    B::check_system()?;
    let Some(variant) = B::MODELS.iter().find(|variant| variant.name == options.model) else {
        return Err(format!("there is no model {} of {}", options.model, B::NAME).into());
    };
    if options.check {
        return Ok(());
    }
    let mut server = Server::bind(options.listen)?
        .model(variant.model)
        .threads(options.threads)
        .max_connections(MAX_CONNECTIONS);
    if options.tls {
        server = server.tls((options.listen.ip(), 0), tls::setup()?)?;
    }
    let mut app = App::new(B::NAME, variant.summary).statistics(server.statistics());
    let store = options.files.as_deref().map(Store::open).transpose()?;
    if let Some(store) = &store {
        app = app.files(store.clone());
    }
    println!("http://{}/", server.address());
    if let Some(address) = server.tls_address() {
        println!("https://{address}/");
    }
    end_with_input(server.shutdown_handle())?;
    server.run(Subject::new(app, store.map(App::of_site)))?;
    Ok(())
}

/// Begins shutdown when standard input ends, as it does when its writer is killed.
fn end_with_input(shutdown: ShutdownHandle) -> io::Result<()> {
    let wait = move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        shutdown.shutdown(Duration::ZERO);
    };
    thread::Builder::new().name("input".into()).spawn(wait)?;
    Ok(())
}
