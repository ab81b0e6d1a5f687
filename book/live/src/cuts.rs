//! All ways to cut an input twice. The answers have to be the same.

use crate::driver::Driver;

/// How many ways there were to cut, and the first that was answered in another way than the whole.
pub(crate) struct Cuts {
    pub(crate) ways: usize,
    pub(crate) differing: Option<(usize, usize)>,
}

/// Tries all ways to cut `input` into three pieces, of which some may be empty.
pub(crate) fn try_all(input: &[u8]) -> Cuts {
    let whole = answer(&[input]);
    let mut cuts = Cuts { ways: 0, differing: None };
    for first in 0..=input.len() {
        for second in first..=input.len() {
            let pieces = [&input[..first], &input[first..second], &input[second..]];
            cuts.ways += 1;
            if cuts.differing.is_none() && answer(&pieces) != whole {
                cuts.differing = Some((first, second));
            }
        }
    }
    cuts
}

/// All that is written in answer to these pieces, up to the end of a connection whose client has
/// closed its side.
fn answer(pieces: &[&[u8]]) -> Vec<u8> {
    let mut driver = Driver::http1(protocol::Limits::default());
    for piece in pieces {
        driver.feed(piece);
    }
    driver.into_wire()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cut_changes_an_answer() {
        let input = b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
                      2\r\nhi\r\n0\r\n\r\nGET /echo/a HTTP/1.1\r\n\r\n";
        let cuts = try_all(input);
        let length = input.len();
        assert_eq!(cuts.ways, (length + 1) * (length + 2) / 2);
        assert_eq!(cuts.differing, None);
    }
}
