//! Tasks on async-std: one thread of its executor, which also asks the kernel which sockets are
//! ready. There is no waiting for readiness alone: a read is tried, has the socket watched
//! once if it would block, and is tried again. So a request takes two `recv` and an `epoll_ctl`.

use std::io;
use std::net;

use async_global_executor::GlobalExecutorConfig;
use async_std::io::{ReadExt, WriteExt};
use async_std::net::{TcpListener, TcpStream};
use async_std::task;

use crate::heads::{Heads, READ};
use crate::responses::responses;

pub(crate) fn serve(listener: net::TcpListener) -> io::Result<()> {
    let one_thread = GlobalExecutorConfig::default().with_min_threads(1).with_max_threads(1);
    async_global_executor::init_with_config(one_thread);
    listener.set_nonblocking(true)?;
    task::block_on(async {
        let listener = TcpListener::from(listener);
        loop {
            let (stream, _) = listener.accept().await?;
            task::spawn(converse(stream));
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
