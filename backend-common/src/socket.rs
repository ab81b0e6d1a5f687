//! Sockets, as far as all backends treat them alike.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener, ToSocketAddrs};
use std::time::Duration;

use protocol::FileRange;
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use crate::listener::Listener;

/// Connections that the kernel keeps for us until we accept them. The kernel caps it at
/// `net.core.somaxconn`.
pub const BACKLOG: i32 = 4096;

/// Listens on the first address that can be bound.
///
/// # Errors
/// The last address's error.
pub fn listen(addresses: impl ToSocketAddrs) -> io::Result<TcpListener> {
    let mut result = Err(io::Error::new(io::ErrorKind::InvalidInput, "no address to listen on"));
    for address in addresses.to_socket_addrs()? {
        result = listen_on(address, false);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Listens at an address of IPv6, and not for IPv4 as well. On most systems `[::]` is for both, so
/// that `0.0.0.0` and the same port cannot be listened on besides.
///
/// # Errors
/// Those of the system.
pub fn listen_without_ipv4(address: SocketAddrV6) -> io::Result<TcpListener> {
    listen_on(address.into(), true)
}

fn listen_on(address: SocketAddr, without_ipv4: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if without_ipv4 {
        socket.set_only_v6(true)?;
    }
    // A restarted server may take its port back while old connections fade out. (On Windows the
    // option would let two servers share a port, and is not needed.)
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Prepares an accepted socket: small responses go out at once (no Nagle's algorithm).
///
/// # Errors
/// If the client is gone already. Without it the connection works as well, with more latency.
pub fn prepare<'s, S>(stream: &'s S) -> io::Result<()>
where
    SockRef<'s>: From<&'s S>,
{
    SockRef::from(stream).set_tcp_nodelay(true)
}

/// Has a socket end with a reset when it is dropped. Otherwise the kernel would go on sending what
/// it has taken, megabytes perhaps, for as long as the client takes a little of it now and then,
/// and bytes that were cut off would end as if they were all.
///
/// # Errors
/// If the client is gone already.
pub fn abort<'s, S>(stream: &'s S) -> io::Result<()>
where
    SockRef<'s>: From<&'s S>,
{
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

/// Connects to our own listener, so that a thread that sleeps in `accept(2)` on it wakes. The
/// socket is created beforehand: when it is needed there may be no descriptor left.
#[derive(Debug)]
pub struct WakeupDialer {
    socket: Socket,
    address: SockAddr,
}

impl WakeupDialer {
    /// Prepares to dial this listener.
    ///
    /// # Errors
    /// If the system has no further socket.
    pub fn new(listener: &Listener) -> io::Result<Self> {
        let bound = SockRef::from(listener).local_addr()?;
        let address = match bound.as_socket() {
            Some(mut address) => {
                match address.ip() {
                    IpAddr::V4(ip) if ip.is_unspecified() => {
                        address.set_ip(Ipv4Addr::LOCALHOST.into());
                    }
                    IpAddr::V6(ip) if ip.is_unspecified() => {
                        address.set_ip(Ipv6Addr::LOCALHOST.into());
                    }
                    _ => {}
                }
                address.into()
            }
            None => bound,
        };
        let socket = Socket::new(address.domain(), Type::STREAM, None)?;
        Ok(WakeupDialer { socket, address })
    }

    /// Connects, once, and returns the address that the listener sees, if it sees one.
    ///
    /// # Errors
    /// If the listener cannot be reached within a second.
    pub fn dial(&self) -> io::Result<Option<SocketAddr>> {
        self.socket.connect_timeout(&self.address, Duration::from_secs(1))?;
        let from = self.socket.local_addr()?;
        self.socket.shutdown(std::net::Shutdown::Both)?;
        Ok(from.as_socket())
    }
}

/// How long an acceptor backs off when the system has no room for another connection (`EMFILE`,
/// `ENFILE`, `ENOBUFS`, `ENOMEM`): the listener would stay ready, and retrying at once would spin.
pub const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Whether an error of `accept` is that one connection's, which has ended before it was accepted
/// (accept(2), "Error handling"): then the next can be accepted at once.
#[must_use]
pub fn is_clients_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
    )
}

/// Logs that the acceptor backs off. It is called once for each backoff, so no flood of lines comes
/// of it.
pub fn report_accept_error(error: &io::Error) {
    tracing::warn!("cannot accept: {error}; trying again in {} ms", ACCEPT_BACKOFF.as_millis());
}

/// Whether an attempt would have had to wait: the socket is not ready for it any more.
#[must_use]
pub fn would_block(result: &io::Result<usize>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Passes errors on, but for those that only mean another try.
///
/// # Errors
/// All but `WouldBlock` and `Interrupted`.
pub fn unless_blocked(result: io::Result<usize>) -> io::Result<()> {
    use io::ErrorKind::{Interrupted, WouldBlock};
    match result {
        Err(error) if matches!(error.kind(), WouldBlock | Interrupted) => Ok(()),
        result => result.map(drop),
    }
}

/// The timeouts that are set on a blocking socket. Setting one is a system call, so they are
/// rounded up by a few percent, and then most often they are right already.
#[derive(Debug, Default)]
pub struct Timeouts {
    read: Option<Duration>,
    write: Option<Duration>,
}

impl Timeouts {
    /// Sets how long `read(2)` may sleep; with `None` it has no timeout.
    ///
    /// # Errors
    /// If the socket is gone.
    pub fn set_read(
        &mut self,
        socket: &std::net::TcpStream,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let timeout = timeout.map(round_up);
        if timeout != self.read {
            socket.set_read_timeout(timeout)?;
            self.read = timeout;
        }
        Ok(())
    }

    /// Sets how long `write(2)` may sleep; with `None` it has no timeout.
    ///
    /// # Errors
    /// If the socket is gone.
    pub fn set_write(
        &mut self,
        socket: &std::net::TcpStream,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let timeout = timeout.map(round_up);
        if timeout != self.write {
            socket.set_write_timeout(timeout)?;
            self.write = timeout;
        }
        Ok(())
    }
}

/// To one part in 32 or better, and never to zero, which would mean no timeout.
fn round_up(timeout: Duration) -> Duration {
    let milliseconds = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX / 2) + 1;
    let unit = (milliseconds / 64).next_power_of_two();
    Duration::from_millis(milliseconds.div_ceil(unit) * unit)
}

/// How much of a file is sent in one call, so that one download does not hold up the others.
#[cfg(any(target_os = "linux", target_os = "android"))]
const FILE_PIECE: u64 = 256 << 10;

/// Sends the beginning of a range of a file to a socket, in the kernel: `sendfile(2)`. Returns
/// how much; 0 if the file ends before the range begins.
///
/// # Errors
/// Those of `sendfile(2)`, `WouldBlock` among them.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn send_file(socket: impl std::os::fd::AsFd, range: &FileRange) -> io::Result<usize> {
    let mut offset = range.offset;
    let length = usize::try_from(range.length.min(FILE_PIECE)).unwrap_or(usize::MAX);
    Ok(rustix::fs::sendfile(socket, &range.file, Some(&mut offset), length)?)
}

/// Sends the beginning of a range of a file to a socket, through a buffer. Returns how much; 0 if
/// the file ends before the range begins.
///
/// # Errors
/// Those of reading and sending, `WouldBlock` among them.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn send_file<'s, S>(socket: &'s S, range: &FileRange) -> io::Result<usize>
where
    SockRef<'s>: From<&'s S>,
{
    let mut buffer = [0; 16 << 10];
    let length = read_file(range, &mut buffer)?;
    if length == 0 { Ok(0) } else { SockRef::from(socket).send(&buffer[..length]) }
}

/// Reads the beginning of a range of a file. Returns how much; 0 if the file ends before.
///
/// # Errors
/// Those of reading.
pub fn read_file(range: &FileRange, buffer: &mut [u8]) -> io::Result<usize> {
    let most = usize::try_from(range.length).unwrap_or(usize::MAX).min(buffer.len());
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(&*range.file, &mut buffer[..most], range.offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(
        &*range.file,
        &mut buffer[..most],
        range.offset,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_an_error_and_the_next_address_is_tried() {
        let taken = listen("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        assert_eq!(listen(address).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let free = "127.0.0.1:0".parse().unwrap();
        assert_ne!(listen(&[address, free][..]).unwrap().local_addr().unwrap(), address);
    }

    #[test]
    fn ipv6_and_ipv4_may_have_one_port_each() {
        let ipv4 = listen("0.0.0.0:0").unwrap();
        let port = ipv4.local_addr().unwrap().port();
        let address = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0);
        match listen_without_ipv4(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => panic!("{error}"),
            _ => {} // there may be no IPv6
        }
    }

    #[test]
    fn no_room_is_not_the_clients_fault() {
        #[cfg(unix)]
        assert!(!is_clients_fault(&io::Error::from_raw_os_error(24))); // EMFILE
        assert!(is_clients_fault(&io::ErrorKind::ConnectionAborted.into()));
    }

    #[test]
    fn timeouts_that_differ_by_a_little_are_set_once() {
        let minute = round_up(Duration::from_secs(60));
        assert_eq!(minute, round_up(Duration::from_millis(59_990)));
        assert!(minute >= Duration::from_secs(60) && minute < Duration::from_secs(62));
        assert_eq!(round_up(Duration::ZERO), Duration::from_millis(1));
        assert_eq!(round_up(Duration::from_millis(20)), Duration::from_millis(21));
    }
}
