//! Nothing but the handshake of TLS, which is the whole of a request here.

use crate::load::expectation::excerpt;
use crate::load::protocol::{Fault, Phase, Protocol};
use crate::load::traffic::Ticket;

#[derive(Debug)]
pub(super) struct Handshake;

/// A connection.
#[derive(Debug, Default)]
pub(super) struct Client {
    ticket: Option<Ticket>,
    is_done: bool,
}

impl Protocol for Handshake {
    type Client = Client;

    fn open(&self) -> Client {
        Client::default()
    }

    /// The client has sent its Finished. One that was opened without a request, to see whether the
    /// server is there, is closed as well.
    fn connected(&self, client: &mut Client, answered: &mut Vec<Ticket>) {
        answered.extend(client.ticket.take());
        client.is_done = true;
    }

    fn phase(&self, client: &Client) -> Phase {
        if client.is_done { Phase::Done } else { Phase::Opening }
    }

    fn under_way(&self, client: &Client) -> usize {
        usize::from(client.ticket.is_some())
    }

    fn most_under_way(&self, _client: &Client) -> usize {
        1
    }

    fn ask(&self, client: &mut Client, ticket: Ticket, _is_last: bool) {
        client.ticket = Some(ticket);
    }

    fn output<'a>(&'a self, _client: &'a Client) -> &'a [u8] {
        &[]
    }

    fn sent(&self, _client: &mut Client, _bytes: usize) {}

    fn receive(
        &mut self,
        _client: &mut Client,
        input: &[u8],
        _answered: &mut Vec<Ticket>,
    ) -> Result<(), Fault> {
        if input.is_empty() {
            return Ok(());
        }
        Err(Fault::Wrong(format!("nobody asked for {}", excerpt(input))))
    }

    fn closed(
        &mut self,
        client: &mut Client,
        _is_reset: bool,
        _answered: &mut Vec<Ticket>,
    ) -> Result<(), Fault> {
        if client.ticket.is_some() { Err(Fault::Closed) } else { Ok(()) }
    }

    fn oldest(&self, client: &Client) -> Option<Ticket> {
        client.ticket
    }

    fn take_unanswered(&self, client: &mut Client, into: &mut Vec<Ticket>) {
        into.extend(client.ticket.take());
    }
}
