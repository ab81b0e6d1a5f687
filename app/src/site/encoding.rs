//! Content codings, and which of them a client takes (RFC 9110 §8.4.1, §12.5.3).

use std::cmp::Reverse;

use protocol::Request;
use serde::Deserialize;

/// A content coding that files are sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    /// Brotli (RFC 7932).
    #[serde(rename = "br")]
    Brotli,
    /// Zstandard (RFC 8878).
    Zstd,
    /// The format of `gzip` (RFC 1952).
    Gzip,
}

impl Coding {
    /// All, those that make text smallest first.
    pub const ALL: [Coding; 3] = [Coding::Brotli, Coding::Zstd, Coding::Gzip];

    /// The name in `Content-Encoding`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
            Coding::Gzip => "gzip",
        }
    }

    /// The ending of the names of files that are compressed so.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Coding::Brotli => "br",
            Coding::Zstd => "zst",
            Coding::Gzip => "gz",
        }
    }
}

/// What `Accept-Encoding` says, in thousandths: 0 is "not acceptable".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    codings: [u16; 3],
    identity: u16,
}

impl Accepted {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let lines =
            request.fields().filter(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
        Accepted::parse(lines.filter_map(|(_, value)| str::from_utf8(value).ok()))
    }

    fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let elements: Vec<_> = lines.flat_map(|line| line.split(',')).filter_map(element).collect();
        let listed = |names: &[&str]| {
            let is_named = |name: &str| names.iter().any(|it| name.eq_ignore_ascii_case(it));
            elements.iter().find(|(name, _)| is_named(name)).map(|(_, weight)| *weight)
        };
        let others = listed(&["*"]);
        // RFC 9110 §8.4.1.3: x-gzip is gzip.
        let codings = [&["br"][..], &["zstd"], &["gzip", "x-gzip"]]
            .map(|names| listed(names).or(others).unwrap_or(0));
        // RFC 9110 §12.5.3: acceptable unless it is excluded, but then with the least weight.
        let identity = listed(&["identity"]).or(others).unwrap_or(1);
        Accepted { codings, identity }
    }

    /// The codings that the client likes at least as well as none at all, the best first; among
    /// equals, in the order of `offered`.
    pub(crate) fn ranked(self, offered: &[Coding]) -> Vec<Coding> {
        let weight = |coding: Coding| self.codings[coding as usize];
        let mut ranked = offered.to_vec();
        ranked.retain(|coding| weight(*coding) > 0 && weight(*coding) >= self.identity);
        ranked.sort_by_key(|coding| Reverse(weight(*coding)));
        ranked
    }

    /// The same without any coding, if that is wanted and the client takes it.
    pub(crate) fn without_codings(self, wanted: bool) -> Self {
        let codings = if wanted && self.takes_identity() { [0; 3] } else { self.codings };
        Accepted { codings, ..self }
    }

    /// Whether content without a coding is acceptable.
    pub(crate) fn takes_identity(self) -> bool {
        self.identity > 0
    }
}

/// A coding with its weight. What is malformed is as if it were not there.
fn element(element: &str) -> Option<(&str, u16)> {
    let Some((name, parameter)) = element.split_once(';') else {
        return Some((element.trim(), 1000));
    };
    let (key, value) = parameter.split_once('=')?;
    let is_weight = key.trim().eq_ignore_ascii_case("q");
    is_weight.then(|| weight(value.trim()))?.map(|weight| (name.trim(), weight))
}

/// `qvalue` of RFC 9110 §12.4.2, in thousandths.
fn weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = decimals.len() <= 3 && decimals.bytes().all(|digit| digit.is_ascii_digit());
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok().filter(|_| are_digits)?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Coding::{Brotli, Gzip, Zstd};

    #[test]
    fn the_client_chooses_among_codings_by_their_weights() {
        for (line, ranked, takes_identity) in [
            ("", &[][..], true),
            ("gzip", &[Gzip], true),
            ("X-GZIP", &[Gzip], true),
            ("gzip, deflate, br, zstd", &[Brotli, Zstd, Gzip], true),
            ("gzip;q=1.0, br;q=0.5", &[Gzip, Brotli], true),
            ("br ; q=0.5 , gzip;Q=0.501", &[Gzip, Brotli], true),
            ("br;q=0, *", &[Zstd, Gzip], true),
            ("*", &[Brotli, Zstd, Gzip], true),
            ("*;q=0", &[], false),
            ("*;q=0, identity", &[], true),
            ("identity;q=0", &[], false),
            ("gzip, identity;q=0", &[Gzip], false),
            ("gzip;q=0.5, identity", &[], true),
            ("gzip;q=0.5, identity;q=0.5", &[Gzip], true),
            ("gzip;q=0.001", &[Gzip], true),
            // What is malformed counts for nothing.
            ("gzip;q=2, br;q=0.1234, zstd;q=, identity;q=1.001", &[], true),
            ("gzip;level=3", &[], true),
            ("gzip;q=0.0001", &[], true),
            // Of a coding that is listed twice, the first weight counts.
            ("gzip;q=0, gzip, br, br;q=0", &[Brotli], true),
            ("identity;q=0, *;q=0.5", &[Brotli, Zstd, Gzip], false),
        ] {
            let accepted = Accepted::parse(std::iter::once(line));
            assert_eq!(accepted.ranked(&Coding::ALL), ranked, "{line}");
            assert_eq!(accepted.takes_identity(), takes_identity, "{line}");
        }
        let lines = ["gzip;q=0.5", "br"];
        assert_eq!(Accepted::parse(lines.into_iter()).ranked(&Coding::ALL), [Brotli, Gzip]);
        assert_eq!(Accepted::parse(lines.into_iter()).ranked(&[Gzip]), [Gzip]);
    }
}
