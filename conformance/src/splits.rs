//! Where an exchange is split in two.

/// In how many places an exchange is split, each in a delivery of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splits {
    /// In none, nor byte by byte: each is sent whole.
    None,
    /// In one, another for each case.
    One,
    /// Near both ends, in between, and inside the first and the last CRLF; in the middle if it is
    /// longer than 2 KiB.
    Some,
    /// Behind each byte; of those longer than 2 KiB at 16 places, half of them near the ends.
    /// Cases of HTTP/1.1 are played once more with a further request behind them, split at every
    /// third of these places.
    All,
}

/// Exchanges that are longer than this are not split everywhere, nor sent byte by byte.
pub(crate) const SHORT: usize = 2 << 10;

impl Splits {
    /// Where to split what was `sent` by the case with this id.
    pub(crate) fn places(self, id: &str, sent: &[u8]) -> Vec<usize> {
        match self {
            Splits::None => Vec::new(),
            Splits::One => {
                let places = some(sent);
                // Any number will do that differs between the cases and not between runs.
                let number = id.bytes().fold(0, |sum: usize, byte| {
                    sum.wrapping_mul(31).wrapping_add(usize::from(byte))
                });
                places.get(number % places.len().max(1)).copied().into_iter().collect()
            }
            Splits::Some => some(sent),
            Splits::All if sent.len() < SHORT => (1..sent.len()).collect(),
            Splits::All => {
                let length = sent.len();
                let between = (1..=8).map(|part| part * (length / 9));
                inside((1..=4).chain(between).chain(length - 4..length).collect(), length)
            }
        }
    }
}

fn some(sent: &[u8]) -> Vec<usize> {
    let length = sent.len();
    let crs = || sent.iter().enumerate().filter(|(_, byte)| **byte == b'\r').map(|(at, _)| at + 1);
    let mut places = vec![length / 2];
    if length < SHORT {
        places.extend([1, length / 4, length * 3 / 4, length.saturating_sub(1)]);
        places.extend(crs().next());
        places.extend(crs().next_back());
    }
    inside(places, length)
}

/// Those that have something on both sides, in order.
fn inside(mut places: Vec<usize>, length: usize) -> Vec<usize> {
    places.retain(|&at| at > 0 && at < length);
    places.sort_unstable();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn splits_some_lie_inside_and_part_a_crlf() {
        assert_eq!(some(SENT), [1, 6, 13, 15, 20, 26]);
        assert_eq!(some(b"a"), [0; 0]);
        assert_eq!(some(b""), [0; 0]);
        assert_eq!(some(&[b'\r'; 4096]), [2048]);
    }

    #[test]
    fn splits_all_is_every_place_up_to_2_kib() {
        assert_eq!(Splits::All.places("", SENT), (1..SENT.len()).collect::<Vec<_>>());
        assert_eq!(Splits::All.places("", b""), [0; 0]);
        let places = Splits::All.places("", &[0; 10_000]);
        assert_eq!(places.len(), 4 + 8 + 4);
        assert_eq!((places[0], places[15]), (1, 9_999));
    }

    #[test]
    fn splits_one_is_another_place_for_each_case() {
        let of = |id: &str| Splits::One.places(id, SENT);
        let mut places: Vec<_> = ["a", "b", "c", "d", "e", "f"].into_iter().flat_map(of).collect();
        places.sort_unstable();
        assert_eq!(places, some(SENT));
        assert_eq!(of("a"), of("a"));
        assert_eq!(Splits::One.places("a", b"1"), [0; 0]);
    }
}
