//! Frames of WebSocket (RFC 6455 §5.2): as a client sends them, and what each byte of one means.

use crate::json::{self, Object};
use crate::subject::{Subject, number, unescape};

/// A request that asks for a WebSocket.
pub(crate) const HANDSHAKE: &[u8] = b"GET /socket HTTP/1.1\r\nHost: example.org\r\n\
    Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A client chooses a new key for each frame (§5.3). Here it is this one, so that a script always
/// gives the same bytes.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// The frame that a step of a script sends.
pub(crate) fn client_frame(verb: &str, rest: &str) -> Result<Vec<u8>, String> {
    Ok(match verb {
        "text" => masked(FIN | 1, &unescape(rest)?),
        // The first fragment of a text, and the last one.
        "begin" => masked(1, &unescape(rest)?),
        "finish" => masked(FIN, &unescape(rest)?),
        "binary" => masked(FIN | 2, &vec![b'x'; number::<u16>(Some(rest))?.into()]),
        "close" if rest.is_empty() => masked(FIN | 8, &[]),
        "close" => masked(FIN | 8, &number::<u16>(Some(rest))?.to_be_bytes()),
        "ping" => masked(FIN | 9, &unescape(rest)?),
        "pong" => masked(FIN | 10, &unescape(rest)?),
        _ => return Err(format!("there is no step `{verb}`")),
    })
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut frame = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => frame.push(MASKED | short),
        (_, Ok(long)) => {
            frame.push(MASKED | 126);
            frame.extend(long.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Frames by their names and lengths.
pub(crate) fn describe(frames: &[u8]) -> String {
    let roles = roles(frames);
    let mut described = Vec::new();
    let mut at = 0;
    while let Some(role) = roles.get(at) {
        let payload = roles[at + 1..].iter().take_while(|it| it.part != Part::First);
        let length = payload.clone().filter(|it| it.part == Part::Payload).count();
        at += 1 + payload.count();
        described.push(format!("{} ({length} bytes)", name(role.byte)));
    }
    described.join(", ")
}

fn name(first: u8) -> &'static str {
    match first & 0x0f {
        0 => "continuation",
        1 => "text",
        2 => "binary",
        8 => "close",
        9 => "ping",
        10 => "pong",
        _ => "(another)",
    }
}

/// Which part of a frame a byte belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    First,
    Length,
    MoreLength,
    Key,
    Payload,
}

struct Role {
    byte: u8,
    part: Part,
    means: String,
}

/// What each byte of some frames means, as far as they have come.
fn roles(bytes: &[u8]) -> Vec<Role> {
    let mut roles = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        rest = &rest[frame_roles(rest, &mut roles)..];
    }
    roles
}

/// The roles of the bytes of one frame. Returns how many there are.
fn frame_roles(bytes: &[u8], roles: &mut Vec<Role>) -> usize {
    let mut at = 0;
    let mut take = |part, means: &dyn Fn(u8) -> String| {
        let byte = *bytes.get(at)?;
        at += 1;
        roles.push(Role { byte, part, means: means(byte) });
        Some(byte)
    };
    let mut read = || {
        take(Part::First, &|byte| {
            let last = if byte & FIN == 0 { "more fragments follow" } else { "the last fragment" };
            format!("{}, {last}", name(byte))
        })?;
        let second = take(Part::Length, &|byte| {
            let masked = if byte & MASKED == 0 { "not masked" } else { "masked" };
            format!("{masked}, {}", length_means(byte & !MASKED))
        })?;
        let (short, more) = match second & !MASKED {
            126 => (0, 2),
            127 => (0, 8),
            short => (u64::from(short), 0),
        };
        let mut length = short;
        for _ in 0..more {
            let byte = take(Part::MoreLength, &|_| "a byte of the length".to_owned())?;
            length = length << 8 | u64::from(byte);
        }
        let mut key = [0; 4];
        if second & MASKED != 0 {
            for place in &mut key {
                *place = take(Part::Key, &|_| "a byte of the key".to_owned())?;
            }
        }
        for (key, _) in key.iter().cycle().zip(0..length) {
            take(Part::Payload, &|byte| format!("stands for {}", shown_byte(byte ^ key)))?;
        }
        Some(())
    };
    // A frame that has not come whole ends where its bytes end.
    let _ = read();
    at
}

fn length_means(seven_bits: u8) -> String {
    match seven_bits {
        126 => "the length is in the next 2 bytes".to_owned(),
        127 => "the length is in the next 8 bytes".to_owned(),
        length => format!("a payload of {length} bytes"),
    }
}

fn shown_byte(byte: u8) -> String {
    if byte.is_ascii_graphic() { char::from(byte).to_string() } else { format!("{byte:#04x}") }
}

/// Frames that are looked at byte by byte.
#[derive(Default)]
pub(crate) struct Frames(Vec<u8>);

impl Subject for Frames {
    fn step(&mut self, verb: &str, rest: &str) -> Result<(), String> {
        let bytes = match verb {
            "receive" => unescape(rest)?,
            _ => client_frame(verb, rest)?,
        };
        self.0.extend(bytes);
        Ok(())
    }

    fn report(&mut self, to: &mut Object) {
        let role = |role: Role| {
            let part = match role.part {
                Part::First => "kind",
                Part::Length | Part::MoreLength => "length",
                Part::Key => "key",
                Part::Payload => "payload",
            };
            json::list([json::bytes(&[role.byte]), json::text(part), json::text(&role.means)])
        };
        to.list("bytes", roles(&self.0).into_iter().map(role));
        to.text("frames", &describe(&self.0));
    }

    fn show(&self, what: &str) -> Result<String, String> {
        Ok(match what {
            "length" => self.0.len().to_string(),
            "frames" => describe(&self.0),
            _ => return Err(format!("frames do not show `{what}`")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown;

    #[test]
    fn the_example_of_the_rfc_is_read() {
        // RFC 6455 §5.7: a masked text frame with "Hello".
        let frame = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(client_frame("text", "Hello").unwrap(), frame);
        let means: Vec<_> = roles(frame).into_iter().map(|role| role.means).collect();
        assert_eq!(means[0], "text, the last fragment");
        assert_eq!(means[1], "masked, a payload of 5 bytes");
        assert_eq!(means[6..], ["H", "e", "l", "l", "o"].map(|it| format!("stands for {it}")));
    }

    #[test]
    fn a_length_takes_as_few_bytes_as_it_can() {
        for (length, frame) in [(125, 131), (126, 134), (65_535, 65_543)] {
            let script = format!("speak frames\nbinary {length}\nshow length\nshow frames");
            let binary = format!("binary ({length} bytes)");
            assert_eq!(shown(&script).unwrap(), [frame.to_string(), binary]);
        }
        assert_eq!(masked(FIN | 2, &[0; 65_536]).len(), 65_536 + 14);
    }

    #[test]
    fn a_frame_that_is_cut_is_described_as_far_as_it_has_come() {
        assert_eq!(describe(b"\x81\x05he"), "text (2 bytes)");
        assert_eq!(describe(b"\x81\x02hi\x89"), "text (2 bytes), ping (0 bytes)");
    }
}
