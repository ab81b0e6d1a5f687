//! In which form a file is sent (RFC 9110 §12).

use cap_std::fs::Dir;
use protocol::http::{HeaderValue, StatusCode};
use protocol::{Body, FileRange, Response};

use crate::conditional::Version;
use crate::site::compressed::{Cache, Key};
use crate::site::encoding::{Accepted, Coding};
use crate::site::representation::{Representation, whole};
use crate::site::settings::Settings;
use crate::store::{Opened, failure, open, version};

/// A file that was found in the directory of a site.
pub(super) struct Found {
    pub(super) file: FileRange,
    pub(super) version: Version,
    /// Below the directory, without a slash at its beginning.
    pub(super) path: String,
    pub(super) media_type: HeaderValue,
}

/// Whether a client that takes other codings may get another form of a file of this type.
pub(super) fn has_forms(settings: &Settings, media_type: &HeaderValue) -> bool {
    let is_offered = settings.precompressed || !settings.compress.algorithms.is_empty();
    is_offered && is_compressible(media_type)
}

/// Whether content of this type becomes much smaller by compression.
fn is_compressible(media_type: &HeaderValue) -> bool {
    let name = media_type.to_str().unwrap_or_default();
    let name = name.split(';').next().unwrap_or_default();
    let text = ["json", "xml", "toml", "x-ndjson", "wasm"];
    name.starts_with("text/")
        || name.ends_with("+json")
        || name.ends_with("+xml")
        || name.strip_prefix("application/").is_some_and(|name| text.contains(&name))
        || ["font/otf", "font/ttf", "image/bmp", "image/x-icon"].contains(&name)
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
    if has_forms(settings, &found.media_type) {
        let sibling = |coding| sibling(dir, &found, coding);
        let siblings = if settings.precompressed { &Coding::ALL[..] } else { &[] };
        if let Some(form) = accepted.ranked(siblings).into_iter().find_map(sibling) {
            return Ok(form);
        }
        let sizes = settings.compress.min_size.as_u64()..=settings.compress.max_size.as_u64();
        if sizes.contains(&found.file.length)
            && let Some(coding) = accepted.ranked(&settings.compress.algorithms).first()
        {
            return compressed(found, *coding, cache);
        }
    }
    if accepted.takes_identity() {
        Ok(identity(found))
    } else {
        Err(Response::plain(StatusCode::NOT_ACCEPTABLE)) // RFC 9110 §12.5.3
    }
}

/// The compressed file that stands beside a file, unless it is older: then it is of another
/// version. Times are compared in whole seconds, since archives know no others.
fn sibling(dir: &Dir, found: &Found, coding: Coding) -> Option<Representation> {
    let path = format!("{}.{}", found.path, coding.ending());
    let Ok(Opened::File(file, metadata)) = open(dir, &path) else { return None };
    let form = version(&metadata);
    (form.modified >= found.version.modified).then(|| Representation {
        media_type: found.media_type.clone(),
        version: form.coded(coding.name()),
        coding: Some(coding),
        body: whole(file, &metadata).into(),
    })
}

/// A file compressed now, or as it is if that does not make it smaller.
fn compressed(
    found: Found,
    coding: Coding,
    (cache, site): (&Cache, usize),
) -> Result<Representation, Response> {
    let (path, tag) = (found.path.clone(), found.version.tag.clone());
    let key = Key { site, path, tag, coding };
    let form = cache.get(key, &found.file.file, found.file.length);
    Ok(match form.map_err(|error| failure(&error))? {
        Some(bytes) => Representation {
            version: found.version.coded(coding.name()),
            media_type: found.media_type,
            coding: Some(coding),
            body: Body::Bytes(bytes),
        },
        None => identity(found),
    })
}

fn identity(found: Found) -> Representation {
    let Found { file, version, media_type, .. } = found;
    Representation { media_type, version, coding: None, body: Body::File(file) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::media_type::media_type;

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
            assert_eq!(is_compressible(&media_type(name)), expected, "{name}");
        }
    }
}
