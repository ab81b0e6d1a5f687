//! What is spoken on a connection, guarded: if something that it holds panics (a source, or an
//! upgraded protocol), this connection ends, and no thread with it.

use protocol::{Protocol, catch_panic};

use crate::proxy_protocol::Behind;
use crate::stack::Stack;

/// The protocols of a connection.
pub(super) struct Protocols {
    /// `None` if the client was refused, and once it has panicked: there is no going on then.
    stack: Option<Stack>,
    /// Whether nothing has happened since they said what to wait for, so that they need not be
    /// asked again.
    pub(super) are_settled: bool,
}

impl Protocols {
    pub(super) fn new(stack: Option<Stack>) -> Self {
        Protocols { stack, are_settled: false }
    }

    pub(super) fn stack(&self) -> Option<&Stack> {
        self.stack.as_ref()
    }

    /// Tells or asks the lowest of them something; `None` if there is none any more.
    pub(super) fn call<R>(&mut self, call: impl FnOnce(&mut dyn Protocol) -> R) -> Option<R> {
        self.are_settled = false;
        let protocol = self.stack.as_mut()?.lowest();
        let result = catch_panic(|| call(protocol));
        if result.is_none() {
            self.discard();
        }
        result
    }

    /// Drops them, whatever comes of it.
    pub(super) fn discard(&mut self) {
        self.are_settled = false;
        let stack = self.stack.take();
        catch_panic(|| drop(stack));
    }
}
