//! The header of the PROXY protocol, version 1 (a line of text) and 2 (binary), as bytes. Sections
//! are those of its specification, `proxy-protocol.txt`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use thiserror::Error;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How many bytes it has.
    pub length: usize,
    /// Where the client connects from. There is none if the proxy has connected on its own behalf,
    /// or does not say.
    pub client: Option<SocketAddr>,
}

/// Why something is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// It begins otherwise.
    #[error("it does not begin with one")]
    Signature,
    /// It is longer than [`LONGEST`], or than a line may be.
    #[error("it is too long")]
    Length,
    /// A part of it has no meaning.
    #[error("it cannot be understood")]
    Content,
}

/// The longest header that is taken, in bytes. One of version 2 could announce 64 KiB of extensions
/// (TLVs); what proxies send has some hundred bytes.
pub const LONGEST: usize = 4096;

/// The longest header of version 1 (§2.1), in bytes.
const LONGEST_LINE: usize = 107;

const LINE: &[u8] = b"PROXY ";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Reads a header at the beginning of `input`. It is `None` as long as more of it has to come; how
/// much has come before makes no difference.
///
/// # Errors
/// As soon as it is certain that this is no header.
pub fn parse(input: &[u8]) -> Result<Option<Header>, Malformed> {
    if input.starts_with(SIGNATURE) {
        parse_binary(input)
    } else if input.starts_with(LINE) {
        parse_line(input)
    } else if SIGNATURE.starts_with(input) || LINE.starts_with(input) {
        Ok(None)
    } else {
        Err(Malformed::Signature)
    }
}

/// §2.1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`, and the end of the line.
fn parse_line(input: &[u8]) -> Result<Option<Header>, Malformed> {
    let line = &input[..input.len().min(LONGEST_LINE)];
    let Some(end) = line.windows(2).position(|it| it == b"\r\n") else {
        return if line.len() < LONGEST_LINE { Ok(None) } else { Err(Malformed::Length) };
    };
    let rest = str::from_utf8(&line[LINE.len()..end]).map_err(|_| Malformed::Content)?;
    let (family, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let client = match family {
        "TCP4" => Some(source::<Ipv4Addr>(rest)?),
        "TCP6" => Some(source::<Ipv6Addr>(rest)?),
        "UNKNOWN" => None, // whatever follows
        _ => return Err(Malformed::Content),
    };
    Ok(Some(Header { length: end + 2, client }))
}

/// The first of two addresses with the first of two ports. The others have to be right as well.
fn source<A: FromStr + Into<IpAddr>>(text: &str) -> Result<SocketAddr, Malformed> {
    let parts: Vec<_> = text.split(' ').collect();
    let [source, destination, port, destination_port] = parts[..] else {
        return Err(Malformed::Content);
    };
    address::<A>(destination)?;
    number(destination_port)?;
    Ok(SocketAddr::new(address::<A>(source)?.to_canonical(), number(port)?))
}

fn address<A: FromStr + Into<IpAddr>>(text: &str) -> Result<IpAddr, Malformed> {
    text.parse::<A>().map(Into::into).map_err(|_| Malformed::Content)
}

/// Decimal digits alone, without leading zeros.
fn number(text: &str) -> Result<u16, Malformed> {
    let is_plain =
        text.bytes().all(|it| it.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain).ok_or(Malformed::Content)
}

/// §2.2: the signature, version and command, family and transport, the length of what follows, the
/// addresses, and extensions, which are passed over.
fn parse_binary(input: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some((head, rest)) = input[SIGNATURE.len()..].split_first_chunk::<4>() else {
        return Ok(None);
    };
    let &[command, family, high, low] = head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let total = SIGNATURE.len() + head.len() + length;
    if total > LONGEST {
        return Err(Malformed::Length);
    }
    let is_local = match command {
        0x20 => true,
        0x21 => false,
        _ => return Err(Malformed::Content),
    };
    // Families: none, IPv4, IPv6, unix. Transports: none, stream, datagram.
    if !is_local && (family >> 4 > 3 || family & 15 > 2) {
        return Err(Malformed::Content);
    }
    let Some(content) = rest.get(..length) else { return Ok(None) };
    let client = match family {
        _ if is_local => None, // a health check, for example
        0x11 => Some(client::<4>(content, 8)?),
        0x21 => Some(client::<16>(content, 32)?),
        _ => None, // no address of a stream that we would know
    };
    Ok(Some(Header { length: total, client }))
}

/// The first address, and the first port, which stands behind both addresses.
fn client<const N: usize>(content: &[u8], ports: usize) -> Result<SocketAddr, Malformed>
where
    IpAddr: From<[u8; N]>,
{
    let address = content.first_chunk::<N>().ok_or(Malformed::Content)?;
    let port = match content.get(ports..ports + 4) {
        Some(&[high, low, ..]) => u16::from_be_bytes([high, low]),
        _ => return Err(Malformed::Content),
    };
    Ok(SocketAddr::new(IpAddr::from(*address).to_canonical(), port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A header of version 2: command, family, addresses and extensions.
    fn binary(command: u8, family: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, content].concat()
    }

    fn client_of(header: &[u8]) -> Result<Option<String>, Malformed> {
        let parsed = parse(header)?.expect("it is whole");
        assert_eq!(parsed.length, header.len());
        Ok(parsed.client.map(|client| client.to_string()))
    }

    const V4: &[u8] = &[192, 0, 2, 1, 198, 51, 100, 1, 0xdc, 0x04, 0x01, 0xbb];

    #[test]
    fn a_line_names_the_client() {
        for (line, client) in [
            ("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", Some("192.0.2.1:56324")),
            ("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", Some("255.255.255.255:65535")),
            ("PROXY TCP6 2001:db8::1 ::1 1 2\r\n", Some("[2001:db8::1]:1")),
            ("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", Some("192.0.2.1:1")),
            ("PROXY UNKNOWN\r\n", None),
            ("PROXY UNKNOWN ffff::1 whatever this is\r\n", None),
        ] {
            assert_eq!(client_of(line.as_bytes()), Ok(client.map(str::to_owned)), "{line}");
        }
    }

    #[test]
    fn lines_that_are_nearly_right_are_refused() {
        for line in [
            "PROXY \r\n",
            "PROXY TCP4\r\n",
            "PROXY tcp4 192.0.2.1 198.51.100.1 1 2\r\n",
            "PROXY TCP5 192.0.2.1 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 \r\n",
            "PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.1\t198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.01 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.1 example.org 1 2\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 01 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 +1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 65536\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n\r\n",
        ] {
            assert_eq!(parse(line.as_bytes()), Err(Malformed::Content), "{line}");
        }
        for other in ["GET / HTTP/1.1\r\n", "PROXX", "proxy ", "\r\n\r\nQ", "\x16\x03\x01"] {
            assert_eq!(parse(other.as_bytes()), Err(Malformed::Signature), "{other}");
        }
        let endless = format!("PROXY UNKNOWN {}", "x".repeat(LONGEST_LINE));
        assert_eq!(parse(endless.as_bytes()), Err(Malformed::Length));
    }

    #[test]
    fn a_binary_header_names_the_client() {
        let v6: Vec<u8> = (0..36).collect();
        let with_extensions = [V4, &[0x04, 0, 3, 1, 2, 3, 0xe0, 0, 0]].concat();
        for (command, family, content, client) in [
            (0x21, 0x11, V4, Some("192.0.2.1:56324")),
            (0x21, 0x11, &with_extensions, Some("192.0.2.1:56324")),
            (0x21, 0x21, &v6, Some("[1:203:405:607:809:a0b:c0d:e0f]:8225")),
            (0x21, 0x00, &[], None),
            (0x21, 0x12, V4, None),
            (0x21, 0x31, &[0; 216], None),
            (0x20, 0x00, &[], None),
            (0x20, 0x11, V4, None),
            (0x20, 0xff, &[1, 2, 3], None),
        ] {
            let header = binary(command, family, content);
            assert_eq!(client_of(&header), Ok(client.map(str::to_owned)), "{header:?}");
        }
    }

    #[test]
    fn binary_headers_without_meaning_are_refused() {
        for (command, family, content, why) in [
            (0x11, 0x11, V4, Malformed::Content), // of another version
            (0x22, 0x11, V4, Malformed::Content),
            (0x21, 0x41, V4, Malformed::Content),
            (0x21, 0x13, V4, Malformed::Content),
            (0x21, 0x11, &V4[..11], Malformed::Content),
            (0x21, 0x21, V4, Malformed::Content),
            (0x21, 0x11, &[0; LONGEST], Malformed::Length),
        ] {
            assert_eq!(parse(&binary(command, family, content)), Err(why), "{command} {family}");
        }
    }

    #[test]
    fn the_longest_headers_are_taken() {
        let line = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST_LINE - 16));
        assert_eq!((line.len(), client_of(line.as_bytes())), (LONGEST_LINE, Ok(None)));
        let header = binary(0x21, 0x00, &[7; LONGEST - 16]);
        assert_eq!((header.len(), client_of(&header)), (LONGEST, Ok(None)));
    }

    fn any_header() -> impl Strategy<Value = (Vec<u8>, Option<SocketAddr>)> {
        let extensions = proptest::collection::vec(any::<u8>(), 0..300);
        (any::<SocketAddr>(), any::<(bool, u16)>(), extensions).prop_map(
            |(client, (is_text, port), extensions)| {
                let client = SocketAddr::new(client.ip(), client.port());
                let header = match (client.ip(), is_text) {
                    (IpAddr::V4(ip), true) => {
                        format!("PROXY TCP4 {ip} {ip} {} {port}\r\n", client.port()).into_bytes()
                    }
                    (IpAddr::V6(ip), true) => {
                        format!("PROXY TCP6 {ip} {ip} {} {port}\r\n", client.port()).into_bytes()
                    }
                    (ip, false) => {
                        let (family, ip) = match ip {
                            IpAddr::V4(ip) => (0x11, ip.octets().to_vec()),
                            IpAddr::V6(ip) => (0x21, ip.octets().to_vec()),
                        };
                        let ports = [client.port().to_be_bytes(), port.to_be_bytes()].concat();
                        binary(0x21, family, &[&ip[..], &ip, &ports, &extensions].concat())
                    }
                };
                (header, Some(SocketAddr::new(client.ip().to_canonical(), client.port())))
            },
        )
    }

    proptest! {
        #[test]
        fn what_a_proxy_writes_is_read_back_whatever_follows(
            (header, client) in any_header(),
            rest in proptest::collection::vec(any::<u8>(), 0..50),
        ) {
            for end in 0..header.len() {
                prop_assert_eq!(parse(&header[..end]), Ok(None), "{}", end);
            }
            let whole = [&header[..], &rest].concat();
            prop_assert_eq!(parse(&whole), Ok(Some(Header { length: header.len(), client })));
        }

        #[test]
        fn a_verdict_is_not_changed_by_what_follows(
            mut input in any_header().prop_map(|(header, _)| header),
            (at, byte) in any::<(proptest::sample::Index, u8)>(),
        ) {
            let at = at.index(input.len());
            input[at] = byte;
            let verdicts: Vec<_> = (0..=input.len()).map(|end| parse(&input[..end])).collect();
            let first = verdicts.iter().position(|verdict| *verdict != Ok(None));
            for verdict in &verdicts[first.unwrap_or(verdicts.len())..] {
                prop_assert_eq!(verdict, &verdicts[first.unwrap_or(0)]);
            }
        }
    }
}
