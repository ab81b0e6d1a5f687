//! A chunked body by the byte: which state each byte leads to, and which bytes are content.

use protocol::internals::ChunkStates;

use crate::json::{self, Object};
use crate::subject::{Subject, unescape};

/// The decoder of the protocol, and what it said of each byte.
#[derive(Default)]
pub(crate) struct Chunks {
    decoder: ChunkStates,
    /// For each byte: what it was, and the state after it.
    bytes: Vec<(u8, &'static str, String)>,
    content: Vec<u8>,
    refused: Option<String>,
}

impl Chunks {
    fn take(&mut self, byte: u8) {
        let before = self.decoder.name();
        let role = match self.decoder.take(byte) {
            _ if self.refused.is_some() => "not looked at",
            Err(refusal) => {
                self.refused = Some(refusal.to_string());
                "refused"
            }
            Ok(None) => "behind the end",
            Ok(Some(true)) => {
                self.content.push(byte);
                "content"
            }
            Ok(Some(false)) if before.starts_with("Trailer") || before == "LastLf" => "trailer",
            Ok(Some(false)) => "framing",
        };
        let after = if self.refused.is_some() { "Refused".to_owned() } else { self.decoder.name() };
        self.bytes.push((byte, role, after));
    }
}

impl Subject for Chunks {
    fn step(&mut self, verb: &str, rest: &str) -> Result<(), String> {
        match verb {
            "receive" => unescape(rest)?.into_iter().for_each(|byte| self.take(byte)),
            _ => return Err(format!("there is no step `{verb}`")),
        }
        Ok(())
    }

    fn report(&mut self, to: &mut Object) {
        let bytes = self.bytes.iter().map(|(byte, role, after)| {
            json::list([json::bytes(&[*byte]), json::text(role), json::text(after)])
        });
        to.list("bytes", bytes);
        to.bytes("content", &self.content);
        to.text("state", &self.decoder.name());
        to.text("refused", self.refused.as_deref().unwrap_or_default());
    }

    fn show(&self, what: &str) -> Result<String, String> {
        Ok(match what {
            "state" if self.refused.is_some() => "refused".to_owned(),
            "state" => self.decoder.name(),
            "content" => String::from_utf8_lossy(&self.content).into_owned(),
            _ => return Err(format!("a decoder does not show `{what}`")),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::shown;

    #[test]
    fn each_place_where_the_bytes_may_stop_has_a_name() {
        for (bytes, state) in [
            ("", "Size"),
            ("5", "Size"),
            (r"5\r", "SizeLf"),
            (r"5\r\n", "Content"),
            (r"5\r\nhello", "ContentCr"),
            (r"5\r\nhello\r\n0\r\n", "TrailerLine"),
            (r"5\r\nhello\r\n0\r\n\r\n", "Done"),
            (r"5;a=b", "Extension(Token)"),
            (r"5\n", "refused"),
        ] {
            let script = format!("speak chunks\nreceive {bytes}\nshow state");
            assert_eq!(shown(&script).unwrap(), [state], "{bytes}");
        }
    }

    #[test]
    fn content_is_what_is_not_framing() {
        let script =
            "speak chunks\nreceive 5\\r\\nhel\nreceive lo\\r\\n0\\r\\n\\r\\nNEXT\nshow content";
        assert_eq!(shown(script).unwrap(), ["hello"]);
    }
}
