//! What is spoken on the connections of a thread, without I/O.

use crate::load::traffic::Ticket;

/// A protocol, with what all connections of a thread share: the bytes of a request, and what the
/// answer has to look like.
///
/// [`Protocol::Client`] is one connection. Tickets go into it with [`ask`](Protocol::ask), and come
/// out when their requests have been answered, or else through
/// [`take_unanswered`](Protocol::take_unanswered).
pub(super) trait Protocol {
    /// What is kept for each connection.
    type Client;

    /// A connection that is about to be opened.
    fn open(&self) -> Self::Client;

    /// The transport is open: connected, and the handshake of TLS done.
    fn connected(&self, client: &mut Self::Client, answered: &mut Vec<Ticket>);

    /// What the connection is ready for.
    fn phase(&self, client: &Self::Client) -> Phase;

    /// How many requests are under way on the connection.
    fn under_way(&self, client: &Self::Client) -> usize;

    /// How many may be, as far as the server has its say.
    fn most_under_way(&self, client: &Self::Client) -> usize;

    /// Adds a request; no further one follows the last.
    fn ask(&self, client: &mut Self::Client, ticket: Ticket, is_last: bool);

    /// What is to be sent next: some of it, or nothing if there is nothing to send.
    fn output<'a>(&'a self, client: &'a Self::Client) -> &'a [u8];

    /// So many bytes of the output have been sent.
    fn sent(&self, client: &mut Self::Client, bytes: usize);

    /// Looks at what the server has sent. Whose requests are answered by it is added to `answered`.
    ///
    /// # Errors
    /// If something in it is wrong; the connection is of no use then.
    fn receive(
        &mut self,
        client: &mut Self::Client,
        input: &[u8],
        answered: &mut Vec<Ticket>,
    ) -> Result<(), Fault>;

    /// The server has closed, or reset the connection: then more may have been under way. Requests
    /// that are unanswered after an `Ok` may be sent again.
    ///
    /// # Errors
    /// If it had no right to.
    fn closed(
        &mut self,
        client: &mut Self::Client,
        is_reset: bool,
        answered: &mut Vec<Ticket>,
    ) -> Result<(), Fault>;

    /// The request that was sent first of those that are under way.
    fn oldest(&self, client: &Self::Client) -> Option<Ticket>;

    /// Takes all requests that are under way, the first of them first.
    fn take_unanswered(&self, client: &mut Self::Client, into: &mut Vec<Ticket>);
}

/// What a connection is ready for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// The protocol has still to be agreed upon.
    Opening,
    /// It takes requests.
    Open,
    /// It takes no more requests, and the server is to close it.
    Closing,
    /// It has served its purpose, and is ours to close.
    Done,
}

/// What a server can do wrong on a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// It closed in the middle.
    Closed,
    /// It sent what it should not have sent; in words.
    Wrong(String),
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Fault::Wrong(what)
    }
}
