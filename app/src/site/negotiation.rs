//! In which form a file is sent (RFC 9110 §12).

use cap_std::fs::Dir;
use protocol::http::{HeaderValue, StatusCode};
use protocol::{Body, FileRange, Response};

use crate::conditional::Version;
use crate::site::compressed::{Cache, Key};
use crate::site::encoding::{Accepted, Coding};
use crate::site::media_type::media_type;
use crate::site::representation::{Representation, whole};
use crate::site::settings::Settings;
use crate::store::{Opened, failure, open, version};

/// A file that was found in the directory of a site.
pub(super) struct Found {
    pub(super) file: FileRange,
    pub(super) version: Version,
    /// Below the directory, without a slash at its beginning.
    pub(super) path: String,
}

/// Whether a client that takes other codings may get another form of a file of this type.
pub(super) fn has_forms(settings: &Settings, media_type: &HeaderValue) -> bool {
    let is_offered = settings.precompressed || !settings.compress.algorithms.is_empty();
    is_offered && is_text(media_type)
}

/// Whether content of this type becomes much smaller by compression.
fn is_text(media_type: &HeaderValue) -> bool {
    let name = media_type.to_str().unwrap_or_default();
    let name = name.split(';').next().unwrap_or_default();
    let binary = ["font/otf", "font/ttf", "image/bmp", "image/x-icon", "application/wasm"];
    let text = ["json", "javascript", "xml", "xhtml", "manifest+json", "toml", "x-ndjson"];
    name.starts_with("text/")
        || name.ends_with("+json")
        || name.ends_with("+xml")
        || name.strip_prefix("application/").is_some_and(|name| text.contains(&name))
        || binary.contains(&name)
}

/// The form of a file that the client likes best. A compressed file that is there already comes
/// before one that would have to be made.
///
/// # Errors
/// If there is none that it takes, or the file cannot be read.
pub(super) fn choose(
    settings: &Settings,
    dir: &Dir,
    found: Found,
    accepted: &Accepted,
    cache: (&Cache, usize),
) -> Result<Representation, Response> {
    let media_type = media_type(&found.path);
    if has_forms(settings, &media_type) {
        let sibling = |coding| sibling(dir, &found, coding, &media_type);
        let siblings = if settings.precompressed { &Coding::ALL[..] } else { &[] };
        if let Some(form) = accepted.ranked(siblings).into_iter().find_map(sibling) {
            return Ok(form);
        }
        let sizes = settings.compress.min_size.as_u64()..=settings.compress.max_size.as_u64();
        if sizes.contains(&found.file.length)
            && let Some(coding) = accepted.ranked(&settings.compress.algorithms).first()
        {
            return compressed(found, *coding, media_type, cache);
        }
    }
    if accepted.takes_identity() {
        Ok(identity(found, media_type))
    } else {
        Err(Response::plain(StatusCode::NOT_ACCEPTABLE)) // RFC 9110 §12.5.3
    }
}

/// The compressed file that stands beside a file, unless it is older: then it is of another
/// version. Times are compared in whole seconds, since archives know no others.
fn sibling(
    dir: &Dir,
    found: &Found,
    coding: Coding,
    media_type: &HeaderValue,
) -> Option<Representation> {
    let path = format!("{}.{}", found.path, coding.ending());
    let Ok(Opened::File(file, metadata)) = open(dir, &path) else { return None };
    let form = version(&metadata);
    (form.modified >= found.version.modified).then(|| Representation {
        media_type: media_type.clone(),
        version: form.coded(coding.name()),
        coding: Some(coding),
        body: whole(file, &metadata).into(),
    })
}

/// A file compressed now, or as it is if that does not make it smaller.
fn compressed(
    found: Found,
    coding: Coding,
    media_type: HeaderValue,
    (cache, site): (&Cache, usize),
) -> Result<Representation, Response> {
    let (path, tag) = (found.path.clone(), found.version.tag.clone());
    let key = Key { site, path, tag, coding };
    let form = cache.get(key, &found.file.file, found.file.length);
    Ok(match form.map_err(|error| failure(&error))? {
        Some(bytes) => Representation {
            media_type,
            version: found.version.coded(coding.name()),
            coding: Some(coding),
            body: Body::Bytes(bytes),
        },
        None => identity(found, media_type),
    })
}

fn identity(found: Found, media_type: HeaderValue) -> Representation {
    let Found { file, version, .. } = found;
    Representation { media_type, version, coding: None, body: Body::File(file) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_already_has_one_form() {
        for (name, expected) in [
            ("a.html", true),
            ("a.js", true),
            ("a.json", true),
            ("a.svg", true),
            ("a.wasm", true),
            ("a.webmanifest", true),
            ("a.xml", true),
            ("a.ttf", true),
            ("a.png", false),
            ("a.woff2", false),
            ("a.mp4", false),
            ("a.gz", false),
            ("a.unheard-of", false),
        ] {
            assert_eq!(is_text(&media_type(name)), expected, "{name}");
        }
    }
}
