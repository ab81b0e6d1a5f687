//! The raw figures as they are embedded in the page.

use std::io::{self, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::results::Results;

/// The most that the embedded figures take, so that the whole page keeps to its limit.
const LIMIT: usize = 1_400_000;

/// Binary digits to which latencies are measured: three decimal ones at least.
const MEASURED: u32 = 11;

/// Binary digits to which they are kept, if all of them do not fit, or those before do not.
const COARSER: [u32; 4] = [9, 8, 7, 6];

/// Results, as they are embedded.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// The results, with latencies as exactly as there was room for.
    pub results: Results,
    /// Binary digits to which latencies are kept.
    pub precision: u32,
    /// The results as JSON, compressed by gzip, in base64.
    pub text: String,
}

/// The results as the page has them: latencies are kept as exactly as there is room for.
///
/// # Errors
/// If they cannot be written as JSON.
pub fn embedded(results: &Results) -> io::Result<Embedded> {
    let (text, results) = (encode(results)?, results.clone());
    let mut embedded = Embedded { text, results, precision: MEASURED };
    for precision in COARSER {
        if embedded.text.len() <= LIMIT {
            break;
        }
        let Embedded { mut results, .. } = embedded;
        for cell in &mut results.cells {
            cell.latency = coarse(&cell.latency, precision);
        }
        embedded = Embedded { text: encode(&results)?, results, precision };
    }
    Ok(embedded)
}

fn encode(results: &Results) -> io::Result<String> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&serde_json::to_vec(results)?)?;
    Ok(STANDARD.encode(gzip.finish()?))
}

/// The way back.
///
/// # Errors
/// If this is not the text of [`Embedded`].
pub fn decode(text: &str) -> io::Result<Results> {
    let gzip = STANDARD.decode(text).map_err(io::Error::other)?;
    let mut json = Vec::new();
    GzDecoder::new(gzip.as_slice()).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

/// Joins values that are the same to so many binary digits; what is left is the middle of them.
fn coarse(pairs: &[(u64, u64)], digits: u32) -> Vec<(u64, u64)> {
    let mut joined: Vec<(u64, u64)> = Vec::new();
    let (mut value, mut last) = (0, 0);
    for &(distance, count) in pairs {
        value += distance;
        let middle = middle(value, digits);
        match joined.last_mut() {
            Some((_, sum)) if middle == last => *sum += count,
            _ => joined.push((middle - last, count)),
        }
        last = middle;
    }
    joined
}

fn middle(value: u64, digits: u32) -> u64 {
    let dropped = (u64::BITS - value.leading_zeros()).saturating_sub(digits);
    if dropped == 0 { value } else { (value >> dropped << dropped) + (1 << (dropped - 1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_alike_are_joined_in_their_middle() {
        assert_eq!(coarse(&[(1000, 2), (1, 3), (50, 1)], 11), [(1000, 2), (1, 3), (50, 1)]);
        // 1000 and 1001 lie in 992..1024, and 1051 in 1024..1088.
        assert_eq!(coarse(&[(1000, 2), (1, 3), (50, 1)], 5), [(1008, 5), (48, 1)]);
    }

    #[test]
    fn no_value_is_moved_by_more_than_its_last_digit() {
        for value in (0..100_000).step_by(7) {
            for digits in COARSER {
                let error = middle(value, digits).abs_diff(value) as f64;
                assert!(error <= value as f64 / f64::from(1 << digits), "{value} to {digits}");
            }
        }
    }
}
