//! What h2 takes for a socket: two buffers in memory. It is never waited for: where there is
//! nothing to read, or no room to write, h2 is simply asked again later.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One end for h2, one for us.
#[derive(Clone, Default)]
pub(crate) struct Pipe(Arc<Mutex<Buffers>>);

#[derive(Default)]
pub(crate) struct Buffers {
    /// What has come and has not been read, from `start` on.
    input: Vec<u8>,
    start: usize,
    /// The peer has closed its side.
    pub(crate) has_ended: bool,
    /// What is to be sent. Lent by the caller for the time of a call.
    pub(crate) output: Vec<u8>,
    /// Nothing is written while the output is this long, in bytes.
    pub(crate) most: usize,
}

impl Pipe {
    pub(crate) fn buffers(&self) -> MutexGuard<'_, Buffers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffers {
    /// Puts what has come to what has not been read.
    pub(crate) fn arrive(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// Whether all that has come has been read.
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.input.len()
    }

    fn take(&mut self, most: usize) -> &[u8] {
        let from = self.start;
        self.start = self.input.len().min(from + most);
        &self.input[from..self.start]
    }

    /// Gives the memory back when nothing is left in it: an idle connection holds none.
    pub(crate) fn tidy(&mut self) {
        if self.is_empty() {
            self.input = Vec::new();
            self.start = 0;
        }
    }

    fn has_room(&self) -> bool {
        self.output.len() < self.most
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut buffers = self.buffers();
        if buffers.is_empty() && !buffers.has_ended {
            return Poll::Pending;
        }
        buffer.put_slice(buffers.take(buffer.remaining()));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffers = self.buffers();
        if !buffers.has_room() {
            return Poll::Pending;
        }
        // Whole: h2 writes a frame of some KiB at a time.
        buffers.output.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut buffers = self.buffers();
        if !buffers.has_room() {
            return Poll::Pending;
        }
        slices.iter().for_each(|slice| buffers.output.extend_from_slice(slice));
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
