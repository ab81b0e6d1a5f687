//! Where a listener is, and the words behind that which are for this listener alone, as in
//! `0.0.0.0:80 redirect`.

use backend_common::{TrustedProxies, TrustedProxy};

use crate::cli::parsers::address;
use crate::operation::listeners::PATH;

/// A value of `--listen` or `--tls-listen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// An address and port, or `unix:` and a path.
    pub(super) at: String,
    pub(super) words: Words,
}

/// What is said of one listener. What is not, the options say for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// `redirect`: clients are led to HTTPS.
    pub(super) redirect: bool,
    /// `proxy-protocol`: each connection begins with its header.
    pub(super) proxy_protocol: bool,
    /// `trust=CIDR`, in place of `--trusted-proxy`.
    pub(super) trust: Option<TrustedProxies>,
}

impl Words {
    /// Takes a word, if it is one of these.
    ///
    /// # Errors
    /// If it names a proxy that is none.
    fn take(&mut self, word: &str) -> Result<bool, String> {
        match (word, word.strip_prefix("trust=")) {
            ("redirect", _) => self.redirect = true,
            ("proxy-protocol", _) => self.proxy_protocol = true,
            (_, Some(proxy)) => {
                let proxy: TrustedProxy =
                    proxy.parse().map_err(|error| format!("trust {error}"))?;
                self.trust.get_or_insert_default().0.push(proxy);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// A place to listen on, with its words.
///
/// # Errors
/// What is wrong with it.
pub(super) fn place(text: &str) -> Result<Place, String> {
    let (mut at, mut words) = (text.trim(), Words::default());
    while let Some((before, word)) = at.rsplit_once(' ')
        && words.take(word)?
    {
        at = before.trim_end();
    }
    match at.split_once(' ') {
        Some((_, word)) if !at.starts_with(PATH) => Err(format!(
            "has {word} behind its address, where redirect, proxy-protocol and trust=CIDR may be"
        )),
        _ => Ok(Place { at: address(at)?, words }),
    }
}

/// A place where TLS is spoken.
///
/// # Errors
/// As [`place`], and if its clients would be led to itself.
pub(super) fn secured_place(text: &str) -> Result<Place, String> {
    let place = place(text)?;
    if place.words.redirect {
        return Err("has redirect, which is for listen: TLS is spoken here already".to_owned());
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_behind_an_address_are_for_this_listener() {
        let two = TrustedProxies(vec!["unix".parse().unwrap(), "10.0.0.0/8".parse().unwrap()]);
        for (text, at, redirect, proxy_protocol, trust) in [
            ("[::1]:80", "[::1]:80", false, false, None),
            (" 0.0.0.0:80  redirect ", "0.0.0.0:80", true, false, None),
            (
                "h:80 proxy-protocol trust=10.0.0.0/8 trust=unix", // in any order
                "h:80",
                false,
                true,
                Some(two.clone()),
            ),
            #[cfg(unix)]
            ("unix:/a b redirect", "unix:/a b", true, false, None),
        ] {
            let expected =
                Place { at: at.into(), words: Words { redirect, proxy_protocol, trust } };
            assert_eq!(place(text), Ok(expected), "{text}");
        }
        for (text, why) in [
            ("redirect", "must be an address"),
            ("h:80 redirct", "has redirct behind its address"),
            ("h:80 trust=h", "trust must be an address, a network"),
        ] {
            assert!(place(text).unwrap_err().contains(why), "{text}");
        }
        assert!(secured_place("h:443 redirect").unwrap_err().contains("for listen"));
        assert!(secured_place("h:443 trust=unix").is_ok());
    }
}
