//! How many connections each client address has open, if that is bounded.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::over_limit::OverLimit;

/// What counts as one client: an address of IPv4 (in its IPv6 form), or the network of this prefix
/// length that an address of IPv6 is in. A host with one of these mostly has all of a /64.
///
/// ```
/// use backend_common::client_network;
/// let network = |text: &str| client_network(text.parse().unwrap(), 64);
/// assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2::"));
/// assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
/// assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
/// ```
#[must_use]
pub fn client_network(address: IpAddr, ipv6_prefix: u8) -> Ipv6Addr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => {
            let hidden = 128 - u32::from(ipv6_prefix.min(128));
            Ipv6Addr::from_bits(address.to_bits() & u128::MAX.checked_shl(hidden).unwrap_or(0))
        }
    }
}

/// Connections of each client. There are no more entries than connections.
#[derive(Debug)]
pub(crate) struct ByAddress {
    max_connections: usize,
    ipv6_prefix: u8,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    open: HashMap<Ipv6Addr, usize>,
    over_limit: OverLimit,
}

impl ByAddress {
    pub(crate) fn new(max_connections: usize, ipv6_prefix: u8) -> Arc<Self> {
        Arc::new(ByAddress {
            max_connections: max_connections.max(1),
            ipv6_prefix,
            table: Mutex::default(),
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection of this client, if it may have one.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let client = client_network(address, self.ipv6_prefix);
        let mut table = self.table();
        let open = table.open.entry(client).or_default();
        if *open < self.max_connections {
            *open += 1;
            return Some(Place { table: Arc::clone(self), client });
        }
        table.over_limit.connection(address.to_canonical());
        None
    }

    /// How many connections have been refused.
    pub(crate) fn refused(&self) -> u64 {
        self.table().over_limit.refused()
    }
}

/// The place of one connection among those of its client. Dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Place {
    table: Arc<ByAddress>,
    client: Ipv6Addr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.table.table();
        if let Some(open) = table.open.get_mut(&self.client) {
            *open -= 1;
            if *open == 0 {
                table.open.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_so_many_places_and_leaves_nothing_behind() {
        let table = ByAddress::new(2, 64);
        let admit = |text: &str| table.admit(text.parse().unwrap());
        let first = admit("2001:db8::1").unwrap();
        let second = admit("2001:db8::2:1").unwrap();
        assert!(admit("2001:db8::3").is_none(), "it is in the same network");
        let other = admit("2001:db8:0:1::1").unwrap();
        let mapped = [admit("192.0.2.1").unwrap(), admit("::ffff:192.0.2.1").unwrap()];
        assert!(admit("192.0.2.1").is_none());
        let neighbour = admit("192.0.2.2").unwrap();
        drop(first);
        let third = admit("2001:db8::3").unwrap();
        assert_eq!(table.refused(), 2);
        drop((second, third, other, mapped, neighbour));
        assert!(table.table().open.is_empty());
    }

    #[test]
    fn a_prefix_may_be_anything_from_none_to_all_of_an_address() {
        let network = |prefix| client_network("2001:db8:ffff::1".parse().unwrap(), prefix);
        for (prefix, expected) in [
            (0, "::"),
            (32, "2001:db8::"),
            (48, "2001:db8:ffff::"),
            (128, "2001:db8:ffff::1"),
            (255, "2001:db8:ffff::1"),
        ] {
            assert_eq!(network(prefix).to_string(), expected, "/{prefix}");
        }
    }
}
