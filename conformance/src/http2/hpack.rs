//! HPACK (RFC 7541): representations for requests, each written out by hand so that wrong ones can
//! be, and a strict decoder for responses.

use std::collections::VecDeque;

use crate::http2::huffman;

/// The size of the dynamic table as long as nothing else was agreed (RFC 9113 §6.5.2).
const DEFAULT_TABLE: usize = 4096;

/// The size of an entry beyond its text (RFC 7541 §4.1).
const OVERHEAD: usize = 32;

/// RFC 7541 Appendix A, from index 1.
#[rustfmt::skip]
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// Literals, by what becomes of the dynamic table (RFC 7541 §6.2).
#[derive(Clone, Copy, Debug)]
pub enum Literal {
    /// Is added to it.
    Indexed,
    /// Is not.
    Unindexed,
    /// Must not be, nor by an intermediary that passes it on.
    NeverIndexed,
}

impl Literal {
    /// The pattern in the first octet, and how many bits it leaves for an index.
    fn pattern(self) -> (u8, u8) {
        match self {
            Literal::Indexed => (0x40, 6),
            Literal::Unindexed => (0x00, 4),
            Literal::NeverIndexed => (0x10, 4),
        }
    }

    /// A field whose name is in a table.
    #[must_use]
    pub fn at(self, index: u64, value: impl AsRef<[u8]>) -> Vec<u8> {
        self.written(index, &[&plain(value)])
    }

    /// A field whose name is written out.
    #[must_use]
    pub fn field(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
        self.written(0, &[&plain(name), &plain(value)])
    }

    /// As `at`, with Huffman code.
    #[must_use]
    pub fn at_coded(self, index: u64, value: impl AsRef<[u8]>) -> Vec<u8> {
        self.written(index, &[&coded(value)])
    }

    /// As `field`, with Huffman code.
    #[must_use]
    pub fn field_coded(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
        self.written(0, &[&coded(name), &coded(value)])
    }

    /// With string literals that need not be right.
    #[must_use]
    pub fn written(self, index: u64, strings: &[&[u8]]) -> Vec<u8> {
        let (pattern, bits) = self.pattern();
        [integer(pattern, bits, index), strings.concat()].concat()
    }
}

/// A field that is in a table (RFC 7541 §6.1).
#[must_use]
pub fn indexed(index: u64) -> Vec<u8> {
    integer(0x80, 7, index)
}

/// A new size for the dynamic table (RFC 7541 §6.3).
#[must_use]
pub fn table_size(size: u64) -> Vec<u8> {
    integer(0x20, 5, size)
}

/// A string as it is (RFC 7541 §5.2).
pub(crate) fn plain(text: impl AsRef<[u8]>) -> Vec<u8> {
    string(0, text.as_ref())
}

/// A string in Huffman code.
pub(crate) fn coded(text: impl AsRef<[u8]>) -> Vec<u8> {
    string(0x80, &huffman::encode(text.as_ref()))
}

/// A string literal with these octets, which are said to be Huffman code.
pub(crate) fn said_to_be_coded(octets: &[u8]) -> Vec<u8> {
    string(0x80, octets)
}

fn string(pattern: u8, octets: &[u8]) -> Vec<u8> {
    [integer(pattern, 7, octets.len() as u64), octets.to_vec()].concat()
}

/// An integer whose first `bits` share an octet with a pattern (RFC 7541 §5.1).
pub(crate) fn integer(pattern: u8, bits: u8, value: u64) -> Vec<u8> {
    let most = (1_u64 << bits) - 1;
    if value < most {
        return vec![pattern | value.to_le_bytes()[0]];
    }
    let mut octets = vec![pattern | most.to_le_bytes()[0]];
    let mut rest = value - most;
    while rest >= 0x80 {
        octets.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    octets.push(rest.to_le_bytes()[0]);
    octets
}

/// A field line: name and value.
pub type Field = (Vec<u8>, Vec<u8>);

/// Decodes the field sections of one direction of a connection.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// The newest entry first.
    table: VecDeque<Field>,
    size: usize,
    capacity: usize,
    /// The capacity that our SETTINGS allow.
    allowed: usize,
    /// The capacity that the next field section has to go down to at its start, if there is one.
    due: Option<usize>,
}

impl Decoder {
    /// With an empty table of the usual size.
    #[allow(clippy::new_without_default, reason = "it begins a connection")]
    #[must_use]
    pub fn new() -> Self {
        Decoder {
            table: VecDeque::new(),
            size: 0,
            capacity: DEFAULT_TABLE,
            allowed: DEFAULT_TABLE,
            due: None,
        }
    }

    /// The server has acknowledged this `SETTINGS_HEADER_TABLE_SIZE`.
    pub(crate) fn allow(&mut self, size: u32) {
        self.allowed = usize::try_from(size).unwrap_or(usize::MAX);
        if self.allowed < self.capacity {
            self.due = Some(self.due.map_or(self.allowed, |due| due.min(self.allowed)));
        }
    }

    /// The fields of a field section.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn decode(&mut self, mut block: &[u8]) -> Result<Vec<Field>, String> {
        let mut fields = Vec::new();
        while let Some(&first) = block.first() {
            if first & 0xe0 == 0x20 {
                if !fields.is_empty() {
                    return Err("the table is resized behind a field".into()); // §4.2
                }
                self.resize(take_integer(&mut block, 5)?)?;
                continue;
            }
            if self.due.is_some() {
                return Err("a table that had to become smaller has not".into()); // §4.2
            }
            fields.push(self.field(first, &mut block)?);
        }
        Ok(fields)
    }

    fn field(&mut self, first: u8, block: &mut &[u8]) -> Result<Field, String> {
        if first & 0x80 != 0 {
            return self.entry(take_integer(block, 7)?); // §6.1
        }
        let is_added = first & 0x40 != 0;
        let name = match take_integer(block, if is_added { 6 } else { 4 })? {
            0 => take_string(block)?,
            index => self.entry(index)?.0,
        };
        let field = (name, take_string(block)?);
        if is_added {
            self.add(field.clone());
        }
        Ok(field)
    }

    /// RFC 7541 §2.3.3.
    fn entry(&self, index: usize) -> Result<Field, String> {
        let missing = || format!("there is no entry {index} in the tables");
        let at = index.checked_sub(1).ok_or_else(missing)?;
        match STATIC.get(at) {
            Some((name, value)) => Ok((name.as_bytes().to_vec(), value.as_bytes().to_vec())),
            None => self.table.get(at - STATIC.len()).cloned().ok_or_else(missing),
        }
    }

    fn resize(&mut self, capacity: usize) -> Result<(), String> {
        if capacity > self.allowed {
            return Err("the table is made larger than SETTINGS_HEADER_TABLE_SIZE".into()); // §6.3
        }
        if self.due.is_some_and(|due| capacity <= due) {
            self.due = None;
        }
        self.capacity = capacity;
        self.evict();
        Ok(())
    }

    fn add(&mut self, field: Field) {
        self.size += cost(&field);
        self.table.push_front(field);
        self.evict();
    }

    /// RFC 7541 §4.3, §4.4.
    fn evict(&mut self) {
        while self.size > self.capacity {
            let Some(oldest) = self.table.pop_back() else { return };
            self.size -= cost(&oldest);
        }
    }
}

fn cost((name, value): &Field) -> usize {
    name.len() + value.len() + OVERHEAD
}

fn take_octet(block: &mut &[u8]) -> Result<u8, String> {
    let (&first, rest) = block.split_first().ok_or("a field section ends too early")?;
    *block = rest;
    Ok(first)
}

/// RFC 7541 §5.1.
fn take_integer(block: &mut &[u8], bits: u8) -> Result<usize, String> {
    let most = (1 << bits) - 1;
    let mut value = usize::from(take_octet(block)? & most);
    if value < most.into() {
        return Ok(value);
    }
    for shift in [0, 7, 14, 21] {
        let octet = take_octet(block)?;
        value += usize::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("an integer is too large".into())
}

/// RFC 7541 §5.2.
fn take_string(block: &mut &[u8]) -> Result<Vec<u8>, String> {
    let is_coded = block.first().is_some_and(|first| first & 0x80 != 0);
    let length = take_integer(block, 7)?;
    let (octets, rest) = block.split_at_checked(length).ok_or("a string ends too early")?;
    *block = rest;
    if is_coded { huffman::decode(octets) } else { Ok(octets.to_vec()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(fields: Vec<Field>) -> String {
        let line =
            |(name, value): Field| format!("{}: {}\n", name.escape_ascii(), value.escape_ascii());
        fields.into_iter().map(line).collect()
    }

    /// RFC 7541 §C.1.
    #[test]
    fn integers_are_read_as_in_the_rfc() {
        assert_eq!(integer(0xe0, 5, 10), [0xea]);
        assert_eq!(integer(0, 5, 1337), [0x1f, 0x9a, 0x0a]);
        assert_eq!(integer(0, 8, 42), [0x2a]);
        for value in [0, 30, 31, 127, 128, 16_383, 2_000_000] {
            let octets = integer(0, 5, value);
            assert_eq!(take_integer(&mut octets.as_slice(), 5).unwrap() as u64, value);
            assert!(take_integer(&mut &octets[..octets.len() - 1], 5).is_err());
        }
        assert!(take_integer(&mut &[0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..], 5).is_err());
    }

    /// RFC 7541 §C.5: three responses with a table of 256 octets, from which the last evicts.
    #[test]
    fn the_responses_of_the_rfc() {
        const URL: &str = "https://www.example.com";
        let add = Literal::Indexed;
        let first = [
            add.at(8, "302"),
            add.at(24, "private"),
            add.at(33, "Mon, 21 Oct 2013 20:13:21 GMT"),
            add.at(46, URL),
        ]
        .concat();
        assert_eq!(first[..7], [0x48, 0x03, b'3', b'0', b'2', 0x58, 0x07]);
        let second = [add.at(8, "307"), indexed(65), indexed(64), indexed(63)].concat();
        assert_eq!(second, b"\x48\x03307\xc1\xc0\xbf");
        let third = [
            indexed(8),
            indexed(65),
            add.at(33, "Mon, 21 Oct 2013 20:13:22 GMT"),
            indexed(64),
            add.at(26, "gzip"),
            add.at(55, "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
        ]
        .concat();
        let mut decoder = Decoder::new();
        decoder.allow(256);
        let first = text(decoder.decode(&[table_size(256), first].concat()).unwrap());
        assert!(first.starts_with(":status: 302\ncache-control: private\ndate: Mon"), "{first}");
        let second = text(decoder.decode(&second).unwrap());
        assert_eq!(second, first.replace("302", "307"));
        assert_eq!(decoder.size, 222);
        let third = text(decoder.decode(&third).unwrap());
        assert!(third.starts_with(":status: 200\ncache-control: private\ndate: Mon"), "{third}");
        assert!(third.contains("location: https://www.example.com\ncontent-encoding: gzip\n"));
        assert_eq!(decoder.size, 215);
    }

    #[test]
    fn field_sections_that_break_the_rfc_are_errors() {
        for (what, block) in [
            ("index 0", indexed(0)),
            ("an index beyond the tables", indexed(62)),
            ("a name beyond the tables", Literal::Unindexed.at(70, "")),
            ("a resize behind a field", [indexed(8), table_size(0)].concat()),
            ("a table that is too large", table_size(4097)),
            ("a string that ends too early", vec![0x00, 0x05, b'a']),
            ("a name without a value", [vec![0x00], plain("a")].concat()),
            (
                "Huffman code with EOS",
                Literal::Unindexed.written(8, &[&said_to_be_coded(&[0xff; 4])]),
            ),
        ] {
            assert!(Decoder::new().decode(&block).is_err(), "{what}");
        }
    }

    #[test]
    fn a_table_has_to_become_smaller_when_that_was_agreed() {
        let mut decoder = Decoder::new();
        decoder.allow(100);
        assert!(decoder.decode(&indexed(8)).is_err());
        assert!(decoder.decode(&[table_size(101), indexed(8)].concat()).is_err());
        assert!(decoder.decode(&[table_size(100), indexed(8)].concat()).is_ok());
        assert!(decoder.decode(&indexed(8)).is_ok());
    }
}
