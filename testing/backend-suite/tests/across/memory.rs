//! The demo application without a server, a socket or a clock: a driver that keeps the contract to
//! the letter holds the connection, so what it says is what any backend has to.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use backend_common::{Http, Limits};
use harness::{Driver, End, start};
use protocol::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::wire::Wire;

/// One connection in memory.
pub(crate) struct Memory(Driver<Http>);

impl Memory {
    pub(crate) fn new(app: &Arc<App>, limits: Limits) -> Self {
        let one = Connection::new(app.clone(), Arc::new(limits), start());
        Memory(Driver::new(Http::from(one), start()))
    }

    /// A connection that is served as long as its other end is there, as time passes outside.
    pub(crate) fn serve(mut self) -> DuplexStream {
        let (client, mut server) = tokio::io::duplex(16 << 20); // nobody waits for room
        tokio::spawn(async move {
            let mut piece = vec![0; 64 << 10];
            while self.0.end != End::Closed {
                let _ = server.write_all(&std::mem::take(&mut self.0.wire)).await;
                if self.0.end == End::HalfClosed {
                    let _ = server.shutdown().await;
                }
                let patience = self.0.patience().unwrap_or(Duration::MAX);
                match tokio::time::timeout(patience, server.read(&mut piece)).await {
                    Err(_) => self.0.pass(patience),
                    Ok(Ok(bytes @ 1..)) => self.0.feed(&piece[..bytes]),
                    Ok(_) => self.0.eof(),
                }
            }
        });
        client
    }
}

impl Wire for Memory {
    fn send(&mut self, bytes: &[u8], _: &mut Vec<u8>) {
        if !bytes.is_empty() {
            self.0.feed(bytes);
        }
    }

    /// There is nothing to wait for but what is due at a moment, which comes at once.
    fn receive(&mut self, seen: &mut Vec<u8>) -> io::Result<usize> {
        while self.0.wire.is_empty() {
            match self.0.patience() {
                _ if self.0.end != End::Open => return Ok(0),
                Some(patience) => self.0.pass(patience),
                None => return Err(io::ErrorKind::WouldBlock.into()),
            }
        }
        let told = std::mem::take(&mut self.0.wire);
        seen.extend_from_slice(&told);
        Ok(told.len())
    }

    fn half_close(&mut self, _: &mut Vec<u8>) {
        self.0.eof();
    }

    fn reset(&mut self) {}

    fn pause(&mut self) {
        self.0.pass_ms(1);
    }
}
