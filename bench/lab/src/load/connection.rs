//! A connection: a protocol, and the transport that carries it.

use std::io;

use mio::event::Event;

use crate::load::clock::Clock;
use crate::load::protocol::{Fault, Phase, Protocol};
use crate::load::traffic::{Ticket, Traffic};
use crate::load::transport::{Input, Transport};

#[derive(Debug)]
pub(super) struct Connection<C> {
    transport: Transport,
    pub(super) client: C,
    /// How many requests it was given.
    pub(super) used: u64,
    /// Whether one of them was answered.
    pub(super) was_useful: bool,
    /// Whether the protocol knows that the transport is open.
    is_announced: bool,
    /// When something last happened.
    pub(super) touched: u64,
}

/// Why a connection is at its end.
#[derive(Debug)]
pub(super) enum Ending {
    /// Nothing is left to do, or the server may close and has.
    Orderly,
    /// It could not be opened.
    Refused(io::Error),
    /// The server did what it should not do.
    Faulty(Fault),
    /// The server took too long.
    Late,
}

impl From<Fault> for Ending {
    fn from(fault: Fault) -> Self {
        Ending::Faulty(fault)
    }
}

/// What all connections of a thread use while they have their turn.
pub(super) struct Tools<'a, P> {
    pub(super) protocol: &'a mut P,
    pub(super) traffic: &'a mut Traffic,
    pub(super) clock: Clock,
    pub(super) buffer: &'a mut [u8],
    pub(super) answered: &'a mut Vec<Ticket>,
}

impl<P> Tools<'_, P> {
    /// Reports the requests that have just been answered. Returns whether there were any.
    fn settle(&mut self, now: u64) -> bool {
        let is_any = !self.answered.is_empty();
        for ticket in self.answered.drain(..) {
            self.traffic.complete(ticket, now);
        }
        is_any
    }
}

impl<C> Connection<C> {
    pub(super) fn new(transport: Transport, client: C, now: u64) -> Self {
        Connection {
            transport,
            client,
            used: 0,
            was_useful: false,
            is_announced: false,
            touched: now,
        }
    }

    /// Whether it takes one more request, of so many in its life.
    pub(super) fn has_room<P: Protocol<Client = C>>(&self, protocol: &P, most: u64) -> bool {
        matches!(protocol.phase(&self.client), Phase::Opening | Phase::Open)
            && protocol.under_way(&self.client) < protocol.most_under_way(&self.client)
            && self.used < most
    }

    /// Whether requests can be sent at once.
    pub(super) fn is_open<P: Protocol<Client = C>>(&self, protocol: &P) -> bool {
        self.is_announced && protocol.phase(&self.client) != Phase::Opening
    }

    /// Whether it has waited for too long for something that is not the answer to a request.
    pub(super) fn is_stuck<P: Protocol<Client = C>>(&self, protocol: &P, since: u64) -> bool {
        let waits = !self.is_open(protocol)
            || protocol.phase(&self.client) == Phase::Closing
                && protocol.under_way(&self.client) == 0;
        waits && self.touched <= since
    }

    /// Does all that can be done now that something has happened. Returns the time.
    ///
    /// # Errors
    /// If the connection is at its end, rightly or not.
    pub(super) fn turn<P: Protocol<Client = C>>(
        &mut self,
        event: &Event,
        tools: &mut Tools<'_, P>,
    ) -> Result<u64, Ending> {
        if !self.transport.is_connected() && (event.is_writable() || event.is_error()) {
            self.transport.finish_connecting().map_err(Ending::Refused)?;
        }
        if event.is_writable() {
            self.transport.flush().map_err(fault_of)?;
        }
        let now = if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.receive(event.is_read_closed() || event.is_error(), tools)?
        } else {
            tools.clock.now()
        };
        self.touched = now;
        self.announce(tools, now);
        self.send(tools.protocol, tools.traffic, now)?;
        if protocol_is_done(tools.protocol, &self.client) {
            return Err(Ending::Orderly);
        }
        Ok(now)
    }

    /// Tells the protocol, once, that the transport is open.
    fn announce<P: Protocol<Client = C>>(&mut self, tools: &mut Tools<'_, P>, now: u64) {
        if self.is_announced || !self.transport.is_open() {
            return;
        }
        self.is_announced = true;
        tools.traffic.outcome().connects += 1;
        tools.protocol.connected(&mut self.client, tools.answered);
        self.was_useful |= tools.settle(now);
    }

    /// Reads all that there is. The time is taken after each read, not after each response: what
    /// lies between is less than a microsecond for each of them.
    fn receive<P: Protocol<Client = C>>(
        &mut self,
        has_ended: bool,
        tools: &mut Tools<'_, P>,
    ) -> Result<u64, Ending> {
        loop {
            let (input, is_reset) = match self.transport.read(tools.buffer) {
                Ok(input) => (input, false),
                Err(error) if is_closed(&error) => (Input::End, true),
                Err(error) => return Err(fault_of(error)),
            };
            let now = tools.clock.now();
            let (Input::Some(count) | Input::Last(count)) = input else {
                if input == Input::Nothing {
                    return Ok(now);
                }
                let closed = tools.protocol.closed(&mut self.client, is_reset, tools.answered);
                self.was_useful |= tools.settle(now);
                closed?;
                return Err(Ending::Orderly);
            };
            self.announce(tools, now);
            if tools.traffic.window().contains(now) {
                tools.traffic.outcome().received += count as u64;
            }
            let bytes = &tools.buffer[..count];
            let read = tools.protocol.receive(&mut self.client, bytes, tools.answered);
            self.was_useful |= tools.settle(now);
            read?;
            if !has_ended && matches!(input, Input::Last(_)) {
                return Ok(now);
            }
        }
    }

    /// Sends what there is to send, as far as the kernel takes it.
    ///
    /// # Errors
    /// If the server has closed.
    pub(super) fn send<P: Protocol<Client = C>>(
        &mut self,
        protocol: &P,
        traffic: &mut Traffic,
        now: u64,
    ) -> Result<(), Ending> {
        while self.is_announced {
            let output = protocol.output(&self.client);
            if output.is_empty() {
                break;
            }
            let count = match self.transport.write(output) {
                Ok(0) => break,
                Ok(count) => count,
                // The server may have said why before it closed: that is read first.
                Err(error) if is_closed(&error) => break,
                Err(error) => return Err(fault_of(error)),
            };
            if traffic.window().contains(now) {
                traffic.outcome().sent += count as u64;
            }
            protocol.sent(&mut self.client, count);
        }
        Ok(())
    }

    /// Closes it; what has not been answered is left to be taken.
    pub(super) fn close(self) -> C {
        self.transport.close();
        self.client
    }
}

fn protocol_is_done<P: Protocol>(protocol: &P, client: &P::Client) -> bool {
    protocol.phase(client) == Phase::Done && protocol.under_way(client) == 0
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

/// What an error of a socket, or of TLS, says of the server.
#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn fault_of(error: io::Error) -> Ending {
    let is_of_tls = matches!(error.get_ref(), Some(inner) if inner.is::<rustls::Error>());
    Ending::Faulty(if is_of_tls { Fault::Wrong(format!("TLS: {error}")) } else { Fault::Closed })
}
