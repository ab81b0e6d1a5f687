//! The command line, and what it does.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::process::{self, ExitCode};
use std::thread;

use clap::{Parser, ValueEnum};
use socket2::{Domain, Protocol, Socket, Type};

use crate::{async_std, mio, smol, threads, tokio, uring};

/// Answer each request with the same bytes, by the fewest system calls of a model.
#[derive(Debug, Parser)]
#[command(name = "floor", version, max_term_width = 100)]
struct Options {
    /// The model
    model: Model,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Serve nothing: only say whether this system has what the model needs
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Model {
    Threads,
    Mio,
    Uring,
    Tokio,
    AsyncStd,
    Smol,
}

/// Reads the command line and does what it says.
pub(crate) fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    if options.check {
        return match options.model {
            Model::Uring => uring::check(),
            _ => Ok(()),
        };
    }
    let listener = listen(options.listen)?;
    println!("http://{}/", listener.local_addr()?);
    end_with_input()?;
    match options.model {
        Model::Threads => threads::serve(&listener),
        Model::Mio => mio::serve(listener),
        Model::Uring => uring::serve(listener),
        Model::Tokio => tokio::serve(listener),
        Model::AsyncStd => async_std::serve(listener),
        Model::Smol => smol::serve(listener),
    }
}

/// As `std` listens, but with room for all clients that connect at once.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}

/// Ends the process with its standard input, so that a lab that is killed leaves none behind.
fn end_with_input() -> io::Result<()> {
    let wait = || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    };
    thread::Builder::new().name("input".into()).spawn(wait)?;
    Ok(())
}
