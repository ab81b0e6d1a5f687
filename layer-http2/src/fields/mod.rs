//! What h2 hides of the fields of a request: a fragment in `:path`, which it cuts off, and
//! pseudo-fields in trailers, which it drops. Either makes a request malformed (RFC 9113 §8.3.1,
//! §8.1), so they are looked for in the frames before these reach h2.
//!
//! That needs HPACK (RFC 7541), but little of it: of a name whether it is `:path` or another that
//! begins with a colon, of a value whether it has a `#`. An entry of the dynamic table is these two
//! facts and its lengths, which say when it is evicted. Nothing is kept of a field but where in it
//! the last piece has ended, so blocks may come in any pieces.
//!
//! To be of use it has to understand what h2 understands. So it passes over the one block that h2
//! passes over, and what it cannot decode, or should not have to, ends the connection, whether h2
//! would have noticed or not.

use std::collections::VecDeque;

use h2::Reason;

use crate::frame::{
    CONTINUATION, END_HEADERS, HEADERS, PADDED, PING, PRIORITY, PRIORITY_FRAME, PUSH_PROMISE,
    RST_STREAM, SETTINGS, WINDOW_UPDATE,
};

/// Flags of HEADERS, and how long it is what they announce, in bytes (RFC 9113 §6.2).
const PAD_LENGTH: usize = 1;
const DEPENDENCY_AND_WEIGHT: usize = 5;

/// The size of the dynamic table, which we leave as it is (RFC 9113 §6.5.2), in bytes.
const TABLE: u32 = 4096;

/// What an entry of it costs besides name and value (RFC 7541 §4.1), in bytes.
const OVERHEAD: u32 = 32;

/// Longest encoding of an integer, in bytes. h2 takes none that is longer.
const LONGEST: u8 = 5;

/// The length of each name of the static table, in bytes (RFC 7541 appendix A).
const STATIC: [u8; 61] = [
    10, 7, 7, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 14, 15, 15, 13, 6, 27, 3, 5, 13, 13, 19, 16, 16, 14,
    16, 13, 12, 6, 4, 4, 6, 7, 4, 4, 8, 17, 13, 8, 19, 13, 4, 8, 12, 18, 19, 5, 7, 7, 11, 6, 10,
    25, 17, 10, 4, 3, 16,
];

/// Whether a frame of a type that leaves no choice has its length (RFC 9113 §4.2, §6.3, §6.4, §6.5,
/// §6.7, §6.9). h2 would end the connection for it as well, but with another code.
fn has_its_length(kind: u8, flags: u8, length: usize) -> bool {
    const ACK: u8 = 0x1;
    match kind {
        PRIORITY_FRAME => length == 5,
        RST_STREAM | WINDOW_UPDATE => length == 4,
        SETTINGS if flags & ACK != 0 => length == 0,
        SETTINGS => length.is_multiple_of(6),
        PING => length == 8,
        _ => true,
    }
}

/// Follows the field blocks of a connection, and finds the streams that are malformed.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// The newest stream that has had a block: another one on it are its trailers.
    newest: u32,
    block: Block,
    frame: Frame,
    decoder: Decoder,
    malformed: Vec<u32>,
    /// Why the connection has to end.
    error: Option<Reason>,
}

/// The field block that is coming.
#[derive(Debug, Default)]
struct Block {
    stream: u32,
    is_trailers: bool,
    is_malformed: bool,
    /// h2 does not decode it.
    is_ignored: bool,
}

/// What is to come of the HEADERS or CONTINUATION that is coming, in bytes.
#[derive(Debug, Default)]
struct Frame {
    /// It is neither, or what matters of it has come.
    is_over: bool,
    flags: u8,
    /// It is PRIORITY, on this stream that is idle.
    of_idle: Option<u32>,
    /// What stands before the fragment of the block, as far as it has come.
    before: u64,
    before_left: usize,
    /// The fragment. As long as something is to come before it, the padding as well.
    fragment_left: usize,
}

impl Fields {
    /// The header of a frame is complete.
    pub(crate) fn frame(&mut self, kind: u8, flags: u8, stream: u32, length: usize) {
        self.frame = Frame { flags, is_over: true, ..Frame::default() };
        if !has_its_length(kind, flags, length) {
            return self.fail(Reason::FRAME_SIZE_ERROR);
        }
        match kind {
            HEADERS => {
                let is_trailers = stream <= self.newest;
                self.newest = self.newest.max(stream);
                self.block = Block { stream, is_trailers, ..Block::default() };
                self.frame.before_left = if flags & PADDED != 0 { PAD_LENGTH } else { 0 }
                    + if flags & PRIORITY != 0 { DEPENDENCY_AND_WEIGHT } else { 0 };
            }
            CONTINUATION => {}
            PRIORITY_FRAME if stream > self.newest => {
                self.frame.of_idle = Some(stream);
                self.frame.before_left = DEPENDENCY_AND_WEIGHT;
                return;
            }
            // RFC 9113 §8.4. If its fields are malformed, h2 resets a stream and goes on.
            PUSH_PROMISE => return self.fail(Reason::PROTOCOL_ERROR),
            _ => return,
        }
        let Some(left) = length.checked_sub(self.frame.before_left) else {
            return self.fail(Reason::FRAME_SIZE_ERROR); // RFC 9113 §4.2
        };
        self.frame.fragment_left = left;
        self.frame.is_over = false;
        self.end_fragment();
    }

    /// Some of its payload has come.
    pub(crate) fn payload(&mut self, mut bytes: &[u8]) {
        while self.frame.before_left > 0 {
            let Some((&byte, rest)) = bytes.split_first() else { return };
            self.frame.before = self.frame.before << 8 | u64::from(byte);
            self.frame.before_left -= 1;
            bytes = rest;
            if self.frame.before_left == 0 {
                self.begin_fragment();
            }
        }
        if self.frame.is_over || self.error.is_some() {
            return;
        }
        let fragment = &bytes[..bytes.len().min(self.frame.fragment_left)];
        self.frame.fragment_left -= fragment.len();
        if !self.block.is_ignored {
            let block = &mut self.block;
            let decoded = self.decoder.decode(fragment, |field| {
                block.is_malformed |= match block.is_trailers {
                    true => field.name != Name::Regular, // RFC 9113 §8.1
                    false => field.name == Name::Path && field.has_fragment, // §8.3.1
                };
            });
            if let Err(reason) = decoded {
                return self.fail(reason);
            }
        }
        self.end_fragment();
    }

    /// What stands before the fragment has come.
    fn begin_fragment(&mut self) {
        let Frame { flags, before, fragment_left, .. } = self.frame;
        let [_, _, first, dependency @ .., last] = before.to_be_bytes();
        // RFC 7540 §5.3.1: a stream must not depend on itself. h2 resets it and goes on.
        let dependency = u32::from_be_bytes(dependency) & 0x7fff_ffff;
        if let Some(stream) = self.frame.of_idle {
            if dependency == stream {
                self.fail(Reason::PROTOCOL_ERROR); // RFC 9113 §6.4: no idle stream is reset
            }
            return;
        }
        let is_prioritized = flags & PRIORITY != 0;
        if flags & PADDED != 0 {
            let pad = if is_prioritized { first } else { last };
            let Some(left) = fragment_left.checked_sub(pad.into()) else {
                return self.fail(Reason::PROTOCOL_ERROR); // RFC 9113 §6.2
            };
            self.frame.fragment_left = left;
        }
        self.block.is_ignored = is_prioritized && dependency == self.block.stream;
    }

    fn end_fragment(&mut self) {
        if self.frame.before_left > 0 || self.frame.fragment_left > 0 {
            return;
        }
        self.frame.is_over = true;
        if self.frame.flags & END_HEADERS == 0 {
            return;
        }
        if !self.decoder.is_between_fields() {
            return self.fail(Reason::COMPRESSION_ERROR); // RFC 9113 §4.3
        }
        if self.block.is_malformed {
            self.malformed.push(self.block.stream);
        }
    }

    fn fail(&mut self, reason: Reason) {
        self.frame.is_over = true;
        self.error.get_or_insert(reason);
    }

    /// Why the connection has to end, if it has to.
    pub(crate) fn error(&self) -> Option<Reason> {
        self.error
    }

    /// The streams that have been found to be malformed since this was asked last.
    pub(crate) fn take_malformed(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.malformed)
    }
}

/// What matters of the name of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Name {
    #[default]
    Regular,
    Path,
    /// Another one that begins with a colon.
    Pseudo,
}

/// A field, or an entry of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Field {
    name: Name,
    /// In bytes.
    name_length: u32,
    value_length: u32,
    /// There is a `#` in the value. Only said of a path.
    has_fragment: bool,
}

impl Field {
    /// RFC 7541 §4.1, in bytes.
    fn size(&self) -> u32 {
        self.name_length.saturating_add(self.value_length).saturating_add(OVERHEAD)
    }
}

/// The static and the dynamic table (RFC 7541 §2.3).
#[derive(Debug)]
struct Table {
    /// The newest first.
    entries: VecDeque<Field>,
    size: u32,
    most: u32,
}

impl Table {
    fn get(&self, index: u32) -> Option<Field> {
        let index = usize::try_from(index).ok()?.checked_sub(1)?;
        let Some(&length) = STATIC.get(index) else {
            return self.entries.get(index - STATIC.len()).copied();
        };
        let name = match index + 1 {
            4 | 5 => Name::Path,
            ..=14 => Name::Pseudo,
            _ => Name::Regular,
        };
        Some(Field { name, name_length: length.into(), ..Field::default() })
    }

    /// RFC 7541 §4.4: one that is too large leaves an empty table.
    fn add(&mut self, field: Field) {
        self.evict(self.most.saturating_sub(field.size()));
        if field.size() <= self.most {
            self.size += field.size();
            self.entries.push_front(field);
        }
    }

    fn resize(&mut self, most: u32) -> Result<(), Reason> {
        if most > TABLE {
            return Err(Reason::COMPRESSION_ERROR); // RFC 7541 §6.3
        }
        self.most = most;
        self.evict(most);
        Ok(())
    }

    fn evict(&mut self, most: u32) {
        while self.size > most
            && let Some(oldest) = self.entries.pop_back()
        {
            self.size -= oldest.size();
        }
    }
}

/// Reads fields, in any pieces.
#[derive(Debug)]
struct Decoder {
    table: Table,
    part: Part,
    kind: Kind,
    /// What is known of the field that is coming.
    field: Field,
    number: Option<Number>,
    text: Text,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Start,
    NameLength,
    Name,
    ValueLength,
    Value,
}

/// How a field is represented (RFC 7541 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Indexed,
    /// A literal that is added to the dynamic table.
    Added,
    /// One that is not, whether it may ever be or not.
    Literal,
    /// No field at all, but a new size for the dynamic table.
    Size,
}

impl Default for Decoder {
    fn default() -> Self {
        Decoder {
            table: Table { entries: VecDeque::new(), size: 0, most: TABLE },
            part: Part::Start,
            kind: Kind::Literal,
            field: Field::default(),
            number: None,
            text: Text::default(),
        }
    }
}

impl Decoder {
    fn is_between_fields(&self) -> bool {
        self.part == Part::Start && self.number.is_none()
    }

    /// Takes a piece of a block, and reports the fields that have ended.
    fn decode(&mut self, mut bytes: &[u8], mut report: impl FnMut(Field)) -> Result<(), Reason> {
        while let Some((&first, rest)) = bytes.split_first() {
            if matches!(self.part, Part::Name | Part::Value) {
                bytes = self.read_text(bytes, &mut report)?;
                continue;
            }
            bytes = rest;
            let number = match self.number.take() {
                Some(number) => number.go_on(first)?,
                None => self.begin_number(first),
            };
            match number.is_complete {
                true => self.take_number(number.value, &mut report)?,
                false => self.number = Some(number),
            }
        }
        Ok(())
    }

    fn begin_number(&mut self, first: u8) -> Number {
        if self.part != Part::Start {
            self.text = Text { is_coded: first & 0x80 != 0, ..Text::default() }; // RFC 7541 §5.2
            return Number::begin(first, 7);
        }
        let (kind, bits) = match first {
            0x80.. => (Kind::Indexed, 7), // RFC 7541 §6.1
            0x40.. => (Kind::Added, 6),   // RFC 7541 §6.2.1
            0x20.. => (Kind::Size, 5),    // RFC 7541 §6.3
            _ => (Kind::Literal, 4),      // RFC 7541 §6.2.2, §6.2.3
        };
        self.kind = kind;
        Number::begin(first, bits)
    }

    fn take_number(&mut self, number: u32, report: &mut impl FnMut(Field)) -> Result<(), Reason> {
        match (self.part, self.kind) {
            (Part::Start, Kind::Size) => self.table.resize(number)?,
            (Part::Start, Kind::Added | Kind::Literal) if number == 0 => {
                self.part = Part::NameLength;
            }
            (Part::Start, kind) => {
                let entry = self.table.get(number).ok_or(Reason::COMPRESSION_ERROR)?;
                if kind == Kind::Indexed {
                    report(entry);
                    return Ok(());
                }
                self.field = Field { value_length: 0, has_fragment: false, ..entry };
                self.part = Part::ValueLength;
            }
            (Part::NameLength, _) => {
                if number == 0 {
                    return Err(Reason::PROTOCOL_ERROR); // RFC 9113 §8.2.1; h2 may overlook it
                }
                self.text.left = number;
                self.part = Part::Name;
            }
            (_, _) => {
                self.text.left = number;
                self.part = Part::Value;
                if number == 0 {
                    self.end_value(report);
                }
            }
        }
        Ok(())
    }

    /// Takes what has come of a name or of a value, and returns what follows it.
    fn read_text<'a>(
        &mut self,
        bytes: &'a [u8],
        report: &mut impl FnMut(Field),
    ) -> Result<&'a [u8], Reason> {
        let left = usize::try_from(self.text.left).unwrap_or(usize::MAX);
        let (piece, rest) = bytes.split_at(bytes.len().min(left));
        self.text.left -= u32::try_from(piece.len()).unwrap_or(u32::MAX);
        let is_name = self.part == Part::Name;
        if is_name || self.field.name == Name::Path || self.kind == Kind::Added {
            self.text.read(piece)?;
        }
        if self.text.left == 0 && is_name {
            let (name, name_length) = (self.text.name(), self.text.length);
            self.field = Field { name, name_length, ..Field::default() };
            self.part = Part::ValueLength;
        } else if self.text.left == 0 {
            self.end_value(report);
        }
        Ok(rest)
    }

    fn end_value(&mut self, report: &mut impl FnMut(Field)) {
        self.field.value_length = self.text.length;
        self.field.has_fragment = self.field.name == Name::Path && self.text.has_fragment;
        self.part = Part::Start;
        if self.kind == Kind::Added {
            self.table.add(self.field);
        }
        report(self.field);
    }
}

/// An integer (RFC 7541 §5.1).
#[derive(Clone, Copy, Debug)]
struct Number {
    value: u32,
    /// Of its encoding that have come.
    octets: u8,
    is_complete: bool,
}

impl Number {
    /// One of which so many bits are in its first octet.
    fn begin(first: u8, bits: u8) -> Self {
        let most = u8::MAX >> (8 - bits);
        let value = first & most;
        Number { value: value.into(), octets: 1, is_complete: value < most }
    }

    fn go_on(self, octet: u8) -> Result<Self, Reason> {
        let shift = 7 * u32::from(self.octets - 1);
        let is_complete = octet & 0x80 == 0;
        let octets = self.octets + 1;
        if octets == LONGEST && !is_complete {
            return Err(Reason::COMPRESSION_ERROR);
        }
        // At most 2^28 and the first octet.
        let value = self.value + (u32::from(octet & 0x7f) << shift);
        Ok(Number { value, octets, is_complete })
    }
}

/// A string (RFC 7541 §5.2) that is a name or a value.
#[derive(Debug, Default)]
struct Text {
    /// How much of it is to come, in bytes.
    left: u32,
    is_coded: bool,
    /// Bits that have come and are no code yet, from the highest on, and how many.
    bits: u64,
    bits_come: u32,
    /// How much has been read, in octets of what is meant.
    length: u32,
    begins_with_colon: bool,
    differs_from_path: bool,
    has_fragment: bool,
}

impl Text {
    const PATH: &[u8] = b":path";

    fn read(&mut self, piece: &[u8]) -> Result<(), Reason> {
        for &octet in piece {
            if !self.is_coded {
                self.take(octet);
                continue;
            }
            self.bits |= u64::from(octet) << (u64::BITS - 8 - self.bits_come);
            self.bits_come += 8;
            while let Some((octet, length)) = huffman(self.bits, self.bits_come)? {
                self.bits <<= length;
                self.bits_come -= length;
                self.take(octet);
            }
        }
        Ok(())
    }

    fn take(&mut self, octet: u8) {
        let at = usize::try_from(self.length).unwrap_or(usize::MAX);
        self.begins_with_colon |= at == 0 && octet == b':';
        self.differs_from_path |= Self::PATH.get(at) != Some(&octet);
        self.has_fragment |= octet == b'#';
        self.length = self.length.saturating_add(1);
    }

    fn name(&self) -> Name {
        let is_path = self.length as usize == Self::PATH.len() && !self.differs_from_path;
        match (is_path, self.begins_with_colon) {
            (true, _) => Name::Path,
            (false, true) => Name::Pseudo,
            (false, false) => Name::Regular,
        }
    }
}

/// How many Huffman codes there are of each length in bits. They are canonical (RFC 7541 appendix
/// B): shorter codes come first, and each is the last one and one more, with zeros behind it if it
/// is longer. So this says where every code ends, and only those that matter have to be known.
const CODES: [(u32, u64); 21] = [
    (5, 10),
    (6, 26),
    (7, 32),
    (8, 6),
    (10, 5),
    (11, 3),
    (12, 2),
    (13, 6),
    (14, 2),
    (15, 3),
    (19, 3),
    (20, 8),
    (21, 13),
    (22, 26),
    (23, 29),
    (24, 12),
    (25, 4),
    (26, 15),
    (27, 19),
    (28, 29),
    (30, 4), // the last is EOS
];

/// For each length the first 32 bits that do not begin with a code of that length, or a shorter
/// one.
const LIMITS: [u64; CODES.len()] = {
    let mut limits = [0; CODES.len()];
    let (mut at, mut limit) = (0, 0);
    while at < CODES.len() {
        limit += CODES[at].1 << (32 - CODES[at].0);
        limits[at] = limit;
        at += 1;
    }
    limits
};

/// The octet at the start of these bits, of which so many have come, and the length of its code. Of
/// other octets than those that are looked for it says only that they are others.
fn huffman(bits: u64, come: u32) -> Result<Option<(u8, u32)>, Reason> {
    const OTHER: u8 = 0;
    let at = LIMITS.iter().position(|limit| bits >> 32 < *limit).unwrap_or(CODES.len() - 1);
    let length = CODES[at].0;
    if length > come {
        return Ok(None);
    }
    let octet = match (length, bits >> (u64::BITS - length)) {
        (12, 0xffa) => b'#',
        (7, 0x5c) => b':',
        (6, 0x2b) => b'p',
        (5, 0x3) => b'a',
        (5, 0x9) => b't',
        (6, 0x27) => b'h',
        (30, 0x3fff_ffff) => return Err(Reason::COMPRESSION_ERROR), // RFC 7541 §5.2: EOS
        _ => OTHER,
    };
    Ok(Some((octet, length)))
}

#[cfg(test)]
mod tests;
