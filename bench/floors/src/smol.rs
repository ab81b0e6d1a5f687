//! Tasks on smol: an executor on the main thread, which also asks the kernel which sockets are
//! ready. A task waits for readiness before it reads, so that each read finds something; the socket
//! is watched once for each wait, which is an `epoll_ctl` for each request.

use std::io::{self, ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;

use smol::io::AsyncWriteExt;
use smol::{Async, LocalExecutor};

use crate::heads::{Heads, READ};
use crate::responses::responses;

pub(crate) fn serve(listener: TcpListener) -> io::Result<()> {
    let listener = Async::new(listener)?;
    let executor = Rc::new(LocalExecutor::new());
    let connections = Rc::clone(&executor);
    // A task of its own: what the executor is run for is polled after every task.
    let accept = executor.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await?;
            connections.spawn(converse(stream)).detach();
        }
    });
    smol::block_on(executor.run(accept))
}

async fn converse(mut stream: Async<TcpStream>) -> io::Result<()> {
    stream.get_ref().set_nodelay(true)?;
    let (mut heads, mut buffer) = (Heads::default(), vec![0; READ]);
    loop {
        stream.readable().await?;
        let count = match stream.get_ref().read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            other => other?,
        };
        let asked = heads.take(&buffer[..count]);
        stream.write_all(&responses(asked.responses)).await?;
        if count == 0 || asked.last {
            return Ok(());
        }
    }
}
