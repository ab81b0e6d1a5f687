//! Tasks on tokio, on a runtime of one thread. A task reads as if it blocked; a read that fills
//! only a part of the buffer tells the runtime that there is nothing more for now, so that a
//! request takes one `recv` and one `send`.

use std::io;
use std::net;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;

use crate::heads::{Heads, READ};
use crate::responses::responses;

pub(crate) fn serve(listener: net::TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(converse(stream));
        }
    })
}

async fn converse(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut heads, mut buffer) = (Heads::default(), vec![0; READ]);
    loop {
        let count = stream.read(&mut buffer).await?;
        let asked = heads.take(&buffer[..count]);
        stream.write_all(&responses(asked.responses)).await?;
        if count == 0 || asked.last {
            return Ok(());
        }
    }
}
