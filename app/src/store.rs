//! A directory that cannot be left: files out of it, and uploads into it.
//!
//! Paths are checked here for what they may look like, and opened by `cap-std`, which follows no
//! symbolic link out of the directory whatever happens to it meanwhile.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, OpenOptions};
use percent_encoding::percent_decode_str;
use protocol::http::StatusCode;
use protocol::http::header::{self, HeaderValue};
use protocol::{FileRange, Reply, Response, Sink};

use crate::conditional::{Conditions, Part, Version};

/// A directory and everything below it.
#[derive(Clone)]
pub struct Store {
    dir: Arc<Dir>,
}

/// What uploads are called until they are complete. Such names cannot be asked for.
const UNFINISHED: &str = ".unfinished-";

impl Store {
    /// Opens a directory.
    ///
    /// # Errors
    /// If there is no such directory, or it may not be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Store { dir: Arc::new(Dir::open_ambient_dir(path, ambient_authority())?) })
    }

    /// Answers with a file.
    pub(crate) fn download(&self, path: &str, conditions: Conditions) -> Reply {
        let Some(path) = relative(path) else { return not_found() };
        let dir = Arc::clone(&self.dir);
        Reply::blocking(move || match open(&dir, &path) {
            Ok(Opened::File(file, metadata)) => respond(file, &metadata, &path, &conditions),
            Ok(Opened::Directory) => Err(Response::plain(StatusCode::NOT_FOUND)),
            Err(error) => Err(failure(&error)),
        })
    }

    /// Answers with a page of a site: a file, or the `index.html` of a directory.
    pub(crate) fn page(&self, path: &str, conditions: Conditions) -> Reply {
        let asked = path.to_owned();
        let Some(path) =
            relative(path.trim_matches('/')).or_else(|| (path == "/").then(String::new))
        else {
            return not_found();
        };
        let is_directory = asked.ends_with('/');
        let dir = Arc::clone(&self.dir);
        Reply::blocking(move || {
            let path = if is_directory { format!("{path}/index.html") } else { path };
            let path = path.trim_start_matches('/');
            match open(&dir, path) {
                Ok(Opened::File(file, metadata)) => respond(file, &metadata, path, &conditions),
                // Relative links need the slash.
                Ok(Opened::Directory) if !is_directory => Ok(redirect(&asked)),
                Ok(Opened::Directory) => Err(Response::plain(StatusCode::NOT_FOUND)),
                Err(error) => Err(failure(&error)),
            }
        })
    }

    /// Takes the request body as a file: a new one, or in place of another if it may `replace`.
    pub(crate) fn upload(&self, path: &str, replace: bool, conditions: Conditions) -> Reply {
        let Some(path) = relative(path) else { return not_found() };
        let dir = Arc::clone(&self.dir);
        Reply::blocking(move || match Upload::begin(dir, path, replace, &conditions) {
            Ok(upload) => Reply::stream(upload),
            Err(response) => response.into(),
        })
    }
}

/// A path as it may be opened: decoded, relative, without anything that leads elsewhere.
fn relative(path: &str) -> Option<String> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && !part.starts_with(UNFINISHED)
            // NUL ends a path; a backslash or a colon leads elsewhere on Windows.
            && !part.contains(['\0', '\\', ':'])
    };
    path.split('/').all(is_plain).then(|| path.into_owned())
}

enum Opened {
    File(File, Metadata),
    Directory,
}

fn open(dir: &Dir, path: &str) -> io::Result<Opened> {
    // Looked at before it is opened: opening a pipe would wait for its other end.
    let metadata = dir.metadata(path)?;
    if metadata.is_dir() {
        return Ok(Opened::Directory);
    }
    if !metadata.is_file() {
        return Err(ErrorKind::NotFound.into());
    }
    let file = dir.open(path)?;
    let metadata = file.metadata()?;
    Ok(Opened::File(file, metadata))
}

/// A file, or the part of it that is wanted, or the news that there is no news.
fn respond(
    file: File,
    metadata: &Metadata,
    path: &str,
    conditions: &Conditions,
) -> Result<Response, Response> {
    let length = metadata.len();
    let version = version(metadata);
    let response = |status| {
        let modified = httpdate::fmt_http_date(version.modified);
        nosniff(Response::new(status))
            .field(header::ETAG, value(&version.tag))
            .field(header::LAST_MODIFIED, value(&modified))
            .field(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))
    };
    if let Some(status) = conditions.fail(Some(&version)) {
        return Ok(response(status));
    }
    let (status, offset, length, range) = match conditions.part(&version, length) {
        Part::Whole => (StatusCode::OK, 0, length, None),
        Part::Range(first, count) => {
            let range = format!("bytes {first}-{}/{length}", first + count - 1);
            (StatusCode::PARTIAL_CONTENT, first, count, Some(range))
        }
        Part::Unsatisfiable => {
            let range = format!("bytes */{length}"); // RFC 9110 §15.5.17
            return Ok(response(StatusCode::RANGE_NOT_SATISFIABLE)
                .field(header::CONTENT_RANGE, value(&range)));
        }
    };
    let mut response = response(status).field(header::CONTENT_TYPE, media_type(path));
    if let Some(range) = range {
        response = response.field(header::CONTENT_RANGE, value(&range));
    }
    Ok(response.body(FileRange { file: Arc::new(file.into_std()), offset, length }))
}

fn version(metadata: &Metadata) -> Version {
    let modified =
        metadata.modified().map_or(std::time::UNIX_EPOCH, cap_std::time::SystemTime::into_std);
    // Two files that replace each other within one tick of the file system's clock differ at least
    // in this.
    #[cfg(unix)]
    let number = cap_std::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    let number = 0;
    Version::new(modified, metadata.len(), number)
}

/// By the ending of the name. Text is taken to be UTF-8.
fn media_type(path: &str) -> HeaderValue {
    let guess = mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream");
    if guess.starts_with("text/") {
        value(&format!("{guess}; charset=utf-8"))
    } else {
        HeaderValue::from_static(guess)
    }
}

/// Dates, tags and ranges are made here, of ASCII.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn nosniff(response: Response) -> Response {
    response.field(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
}

/// The path came in a request target, so it has nothing that a field value may not have; but two
/// slashes at its start would name another host.
fn redirect(path: &str) -> Response {
    let location = format!("/{}/", path.trim_start_matches('/'));
    Response::plain(StatusCode::PERMANENT_REDIRECT).field(header::LOCATION, value(&location))
}

fn not_found() -> Reply {
    Response::plain(StatusCode::NOT_FOUND).into()
}

/// What a failed file operation says to the client.
fn failure(error: &io::Error) -> Response {
    let status = match error.kind() {
        // What is outside is as if it were not: cap-std calls it a permission that is denied.
        ErrorKind::NotFound
        | ErrorKind::PermissionDenied
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidFilename => StatusCode::NOT_FOUND,
        _ if is_loop(error) => StatusCode::NOT_FOUND,
        // A file where a directory would have to be, or the other way round.
        ErrorKind::AlreadyExists
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::DirectoryNotEmpty => StatusCode::CONFLICT,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            StatusCode::INSUFFICIENT_STORAGE // RFC 4918 §11.5
        }
        _ => {
            tracing::warn!("file operation failed: {error}");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    Response::plain(status)
}

/// Too many symbolic links.
fn is_loop(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    return false;
}

/// A file on its way in. It has another name until it is complete, and is gone if it never is.
struct Upload {
    dir: Arc<Dir>,
    file: File,
    unfinished: String,
    path: String,
    replace: bool,
}

impl Upload {
    fn begin(
        dir: Arc<Dir>,
        path: String,
        replace: bool,
        conditions: &Conditions,
    ) -> Result<Self, Response> {
        match dir.symlink_metadata(&path) {
            Ok(present) => {
                if let Some(status) = conditions.fail(Some(&version(&present))) {
                    return Err(Response::plain(status));
                }
                if present.is_dir() || !replace {
                    return Err(Response::plain(StatusCode::CONFLICT));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if let Some(status) = conditions.fail(None) {
                    return Err(Response::plain(status));
                }
            }
            Err(error) => return Err(failure(&error)),
        }
        if path.ends_with('/') {
            return Err(Response::plain(StatusCode::CONFLICT));
        }
        if let Some(parent) = Path::new(&path).parent() {
            dir.create_dir_all(parent).map_err(|error| failure(&error))?;
        }
        let (file, unfinished) = create_unfinished(&dir).map_err(|error| failure(&error))?;
        Ok(Upload { dir, file, unfinished, path, replace })
    }

    /// Gives the complete file its name, in one step. Says whether it is a new one.
    fn publish(&self) -> io::Result<bool> {
        if self.replace {
            let is_new = self.dir.symlink_metadata(&self.path).is_err();
            self.dir.rename(&self.unfinished, &self.dir, &self.path)?;
            return Ok(is_new);
        }
        // A link is refused where a file is, which renaming is not.
        self.dir.hard_link(&self.unfinished, &self.dir, &self.path)?;
        self.dir.remove_file(&self.unfinished)?;
        Ok(true)
    }
}

/// A new file under a name that nobody else uses.
fn create_unfinished(dir: &Dir) -> io::Result<(File, String)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{UNFINISHED}{}-{number}", std::process::id());
        match dir.open_with(&name, OpenOptions::new().write(true).create_new(true)) {
            // Left behind by another process that had our number.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            result => return Ok((result?, name)),
        }
    }
}

impl Sink for Upload {
    fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
        self.file.write_all(piece).map_err(|error| failure(&error))
    }

    fn finish(self: Box<Self>) -> Reply {
        match self.publish() {
            Ok(true) => {
                let location = format!("/files/{}", encode(&self.path));
                Response::plain(StatusCode::CREATED)
                    .field(header::LOCATION, value(&location))
                    .into()
            }
            Ok(false) => StatusCode::NO_CONTENT.into(),
            Err(error) => failure(&error).into(),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // After publishing it has no such name any more.
        let _ = self.dir.remove_file(&self.unfinished);
    }
}

/// A path as a URI has it.
fn encode(path: &str) -> String {
    const KEEP: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let parts = path.split('/').map(|it| percent_encoding::utf8_percent_encode(it, &KEEP));
    parts.map(|part| part.to_string()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_nowhere_else() {
        for path in ["a", "a/b.txt", "%61", "a%20b", "a..b", "...", ".hidden"] {
            assert!(relative(path).is_some(), "{path}");
        }
        for path in [
            "",
            "/",
            "/a",
            "a//b",
            "a/",
            "..",
            "../a",
            "a/../b",
            "%2e%2e/a",
            "a/%2E%2E",
            ".",
            "a/./b",
            "a%00",
            "a%2f..%2fb",
            "%2fetc",
            "a\\b",
            "c:",
            "a%5cb",
            "%ff",
            ".unfinished-1-2",
        ] {
            assert_eq!(relative(path), None, "{path}");
        }
    }

    #[test]
    fn locations_are_encoded() {
        assert_eq!(encode("a b/ü%"), "a%20b/%C3%BC%25");
    }
}
