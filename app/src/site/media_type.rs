//! Media types, by the endings of names.

use protocol::http::HeaderValue;

use crate::answers::value;

/// By the ending of the name. Text is taken to be UTF-8.
pub(crate) fn media_type(path: &str) -> HeaderValue {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let guess = match ending.to_ascii_lowercase().as_str() {
        // RFC 9239 §6
        "js" | "mjs" | "cjs" => "text/javascript",
        // Not a video; TypeScript has no media type of its own.
        "ts" | "mts" | "cts" | "tsx" => "text/plain",
        _ => mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream"),
    };
    if guess.starts_with("text/") {
        value(&format!("{guess}; charset=utf-8"))
    } else {
        HeaderValue::from_static(guess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_those_of_the_web() {
        for (path, expected) in [
            ("a.html", "text/html; charset=utf-8"),
            ("a/b.JS", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.d.ts", "text/plain; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.svg", "image/svg+xml"),
            ("a.wasm", "application/wasm"),
            ("a.woff2", "font/woff2"),
            ("a.avif", "image/avif"),
            ("a.webp", "image/webp"),
            ("a.webmanifest", "application/manifest+json"),
            ("a.mp4", "video/mp4"),
            ("a.unheard-of", "application/octet-stream"),
            ("ts", "application/octet-stream"),
        ] {
            assert_eq!(media_type(path), expected, "{path}");
        }
    }
}
