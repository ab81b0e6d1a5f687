//! A directory that cannot be left: files out of it, and uploads into it.
//!
//! Paths are checked here for what they may look like, and opened by `cap-std`, which follows no
//! symbolic link out of the directory whatever happens to it meanwhile.

use std::fs::TryLockError;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use cap_std::ambient_authority;
#[cfg(unix)]
use cap_std::fs::MetadataExt;
use cap_std::fs::{Dir, DirEntry, File, Metadata, OpenOptions};
use percent_encoding::percent_decode_str;
use protocol::http::StatusCode;
use protocol::http::header::{self, HeaderValue};
use protocol::{FileRange, Reply, Response, Sink};

use crate::answers::nosniff;
use crate::conditional::{Conditions, Part, Version};

/// A directory and everything below it.
///
/// Its path is looked up again for each request: a site that is built anew, or a symbolic link that
/// is turned to the next release, is served at once.
#[derive(Clone, Debug)]
pub struct Store {
    path: Arc<Path>,
    /// Held while a file is given its name, so that what was found out about the old one holds.
    publishing: Arc<Mutex<()>>,
}

/// How many parts a path may have.
const DEEPEST: usize = 32;

/// NUL ends a path. A backslash or a colon leads elsewhere on Windows.
const SPECIAL: &[char] = if cfg!(windows) { &['\0', '\\', ':'] } else { &['\0', '\\'] };

/// The prefix of uploads that are not complete. Such names cannot be asked for.
const UNFINISHED: &str = ".unfinished-";

impl Store {
    /// Opens a directory.
    ///
    /// # Errors
    /// If there is no such directory, or it may not be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let store = Store { path: path.into(), publishing: Arc::default() };
        store.dir().map(|_| store)
    }

    fn dir(&self) -> io::Result<Dir> {
        Dir::open_ambient_dir(&self.path, ambient_authority())
    }

    /// The directory, for a request. That it cannot be opened is nothing that the client has done.
    fn dir_for_request(&self) -> Result<Dir, Response> {
        self.dir().map_err(|error| {
            tracing::error!("cannot open the directory {}: {error}", self.path.display());
            Response::plain(StatusCode::INTERNAL_SERVER_ERROR)
        })
    }

    /// Removes what uploads have left that were cut off with their server. What is being uploaded
    /// to another server, one that is about to stop for example, stays: it is locked. What cannot
    /// be removed stays as well, with a warning.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn tidy(&self) -> io::Result<()> {
        let dir = self.dir()?;
        for entry in dir.entries()? {
            let entry = entry?;
            let name = entry.file_name();
            let is_unfinished = name.to_str().is_some_and(|name| name.starts_with(UNFINISHED));
            if is_unfinished && let Err(error) = remove_abandoned(&dir, &entry) {
                let path = self.path.join(&name);
                tracing::warn!(
                    "cannot remove what an upload has left, {}: {error}",
                    path.display()
                );
            }
        }
        Ok(())
    }

    /// Answers with a file.
    pub(crate) fn download(&self, path: &str, conditions: Conditions) -> Reply {
        let Some(path) = relative(path) else { return not_found() };
        let store = self.clone();
        Reply::blocking(move || match open(&store.dir_for_request()?, &path) {
            Ok(Opened::File(file, metadata)) => respond(file, &metadata, &path, &conditions),
            Ok(Opened::Directory) => Err(Response::plain(StatusCode::NOT_FOUND)),
            Err(error) => Err(unreadable(&error)),
        })
    }

    /// Answers with a page of a site: a file, or the `index.html` of a directory. Hidden files,
    /// whose names begin with a dot, are not part of a site (but `.well-known` is, RFC 8615).
    pub(crate) fn page(&self, target: &str, query: Option<&str>, conditions: Conditions) -> Reply {
        let is_directory = target.ends_with('/');
        let path = match target.trim_matches('/') {
            "" => Some(String::new()),
            path => relative(path),
        };
        let is_hidden = |part: &str| part.starts_with('.') && part != ".well-known";
        let Some(path) = path.filter(|path| !path.split('/').any(is_hidden)) else {
            return not_found();
        };
        let target = target.trim_start_matches('/');
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let slashed = format!("/{target}/{query}");
        let store = self.clone();
        Reply::blocking(move || {
            let path = if is_directory { format!("{path}/index.html") } else { path };
            let path = path.trim_start_matches('/');
            match open(&store.dir_for_request()?, path) {
                Ok(Opened::File(file, metadata)) => respond(file, &metadata, path, &conditions),
                // Relative links need the slash.
                Ok(Opened::Directory) if !is_directory => {
                    Ok(Response::plain(StatusCode::PERMANENT_REDIRECT)
                        .field(header::LOCATION, value(&slashed)))
                }
                Ok(Opened::Directory) => Err(Response::plain(StatusCode::NOT_FOUND)),
                Err(error) => Err(unreadable(&error)),
            }
        })
    }

    /// Takes the request body as a file: a new one, or in place of another if it may `replace`.
    pub(crate) fn upload(&self, path: &str, replace: bool, conditions: Conditions) -> Reply {
        let Some(path) = relative(path) else { return not_found() };
        let store = self.clone();
        Reply::blocking(move || match Upload::begin(store, path, replace, conditions) {
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
            && !is_unfinished(part)
            && !part.contains(SPECIAL)
    };
    let parts = path.split('/');
    (parts.clone().count() <= DEEPEST && parts.clone().all(is_plain)).then(|| path.into_owned())
}

/// Removes a file that nobody has locked.
fn remove_abandoned(dir: &Dir, entry: &DirEntry) -> io::Result<()> {
    if !entry.file_type()?.is_file() {
        return Ok(()); // none of ours
    }
    let file = entry.open()?.into_std();
    match file.try_lock() {
        Ok(()) => dir.remove_file(entry.file_name()),
        Err(TryLockError::WouldBlock) => Ok(()), // its upload goes on
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// In any spelling: to some file systems all are one.
fn is_unfinished(name: &str) -> bool {
    name.get(..UNFINISHED.len()).is_some_and(|start| start.eq_ignore_ascii_case(UNFINISHED))
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
        let modified = version.last_modified(SystemTime::now());
        nosniff(Response::new(status))
            .field(header::ETAG, value(&version.tag))
            .field(header::LAST_MODIFIED, value(&modified))
            .field(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))
    };
    // RFC 9110 §15.4.5: 304 has the same validators.
    if let Some(status) = conditions.fail(Some(&version)) {
        return Ok(response(status));
    }
    let (status, offset, length, range) = match conditions.part(&version, length) {
        Part::Whole => (StatusCode::OK, 0, length, None),
        // RFC 9110 §15.3.7, §15.3.7.1: it has all fields of the whole, and its place in it.
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
    let number = metadata.ino();
    #[cfg(not(unix))]
    let number = 0;
    Version::new(modified, metadata.len(), number)
}

/// By the ending of the name. Text is taken to be UTF-8.
fn media_type(path: &str) -> HeaderValue {
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

/// Dates, tags and ranges are made here, of ASCII.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn not_found() -> Reply {
    Response::plain(StatusCode::NOT_FOUND).into()
}

/// What it says to the client that a file cannot be read: in most cases, that there is none. What
/// is outside is as if it were not.
fn unreadable(error: &io::Error) -> Response {
    match error.kind() {
        ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
            Response::plain(StatusCode::NOT_FOUND)
        }
        _ => failure(error),
    }
}

// ANCHOR: failure
/// The response to a file operation that failed.
fn failure(error: &io::Error) -> Response {
    let status = match error.kind() {
        // The system's own refusal; without its number it is cap-std's, of a path that leads out.
        ErrorKind::PermissionDenied if error.raw_os_error().is_some() => StatusCode::FORBIDDEN,
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
            // No client can make room, so it is the operator's to know.
            tracing::warn!("no room for a file: {error}");
            StatusCode::INSUFFICIENT_STORAGE // RFC 4918 §11.5
        }
        _ => {
            tracing::warn!("file operation failed: {error}");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    Response::plain(status)
}
// ANCHOR_END: failure

/// Too many symbolic links.
#[cfg(unix)]
fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// Too many symbolic links, for which there is no stable name elsewhere.
#[cfg(not(unix))]
fn is_loop(_: &io::Error) -> bool {
    false
}

/// A file on its way in. It has another name until it is complete, and is gone if it never is.
struct Upload {
    store: Store,
    dir: Dir,
    /// Locked, so that no other server takes it for one that was left behind.
    file: std::fs::File,
    unfinished: String,
    path: String,
    replace: bool,
    conditions: Conditions,
}

impl Upload {
    fn begin(
        store: Store,
        path: String,
        replace: bool,
        conditions: Conditions,
    ) -> Result<Self, Response> {
        let dir = store.dir_for_request()?;
        // What cannot become a file is said before the body has come.
        let present = admit(&dir, &path, replace, &conditions)?;
        let (file, unfinished) = create_unfinished(&dir).map_err(|error| failure(&error))?;
        let upload = Upload { store, dir, file, unfinished, path, replace, conditions };
        // `tidy` has to be able to open it.
        upload.keep_mode(present.as_ref(), 0o600).map_err(|error| failure(&error))?;
        Ok(upload)
    }

    /// Gives the complete file its name, in one step. Says whether it is a new one.
    fn publish(&mut self) -> Result<bool, Response> {
        self.check_directory()?;
        let dir = &self.dir;
        let _only_one = self.store.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        // Others may have been faster: it is now that counts.
        let present = admit(dir, &self.path, self.replace, &self.conditions)?;
        let give_name = || {
            if let Some(parent) = Path::new(&self.path).parent() {
                dir.create_dir_all(parent)?;
            }
            if !self.replace {
                // A link is refused where a file is, which renaming is not.
                return dir.hard_link(&self.unfinished, dir, &self.path);
            }
            self.keep_mode(present.as_ref(), 0)?;
            dir.rename(&self.unfinished, dir, &self.path)
        };
        give_name().map_err(|error| failure(&error))?;
        if self.replace {
            self.unfinished.clear(); // another may have the name by now
        }
        Ok(present.is_none())
    }

    /// Gives the file the mode of the one that it replaces, and its group, as far as we may:
    /// without it, no group has access. `more` is allowed besides.
    fn keep_mode(&self, present: Option<&Metadata>, more: u32) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(present) = present.filter(|present| present.is_file()) {
            use std::os::unix::fs::{PermissionsExt, fchown};
            let has_group = fchown(&self.file, None, Some(present.gid())).is_ok();
            // Not set-user-ID: what runs in its owner's name would do so with anybody's content.
            let kept = if has_group { 0o777 } else { 0o707 };
            let mode = present.mode() & kept | more;
            self.file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        }
        #[cfg(not(unix))]
        let _ = (present, more);
        Ok(())
    }

    /// The directory must still be the one in which the upload began, or the file would be where
    /// nobody finds it.
    fn check_directory(&self) -> Result<(), Response> {
        let now = self.store.dir_for_request()?;
        let is_same = || Ok::<_, io::Error>(identity(&self.dir)? == identity(&now)?);
        match is_same() {
            Ok(true) => Ok(()),
            result => {
                let why = result.err().map_or_else(String::new, |error| format!(": {error}"));
                let path = self.store.path.display();
                tracing::error!("the directory {path} was replaced during an upload{why}");
                Err(Response::plain(StatusCode::INTERNAL_SERVER_ERROR))
            }
        }
    }
}

/// A value that tells a directory from others, also from one that takes its place.
fn identity(dir: &Dir) -> io::Result<impl PartialEq> {
    let metadata = dir.dir_metadata()?;
    #[cfg(unix)]
    return Ok((metadata.dev(), metadata.ino()));
    #[cfg(not(unix))]
    Ok(metadata.created()?)
}

/// Whether this may become a file. If it may, what has its name so far.
fn admit(
    dir: &Dir,
    path: &str,
    replace: bool,
    conditions: &Conditions,
) -> Result<Option<Metadata>, Response> {
    let present = match dir.symlink_metadata(path) {
        Ok(present) => Some(present),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(failure(&error)),
    };
    if present.as_ref().is_some_and(|present| present.is_dir() || !replace) {
        return Err(Response::plain(StatusCode::CONFLICT));
    }
    // RFC 9110 §13.2.1: only where nothing else is in the way.
    match conditions.fail(present.as_ref().map(version).as_ref()) {
        Some(status) => Err(Response::plain(status)),
        None => Ok(present),
    }
}

/// A new file, locked, under a name that nobody else uses.
fn create_unfinished(dir: &Dir) -> io::Result<(std::fs::File, String)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{UNFINISHED}{}-{number}", std::process::id());
        let file = match dir.open_with(&name, OpenOptions::new().write(true).create_new(true)) {
            // Left behind by another process that had our number.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            result => result?.into_std(),
        };
        // A file system without locks has no server that could remove the file for want of one.
        // Another that tidies may have been there before the lock was: then once more.
        if !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && dir.exists(&name) {
            return Ok((file, name));
        }
    }
}

impl Sink for Upload {
    fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
        self.file.write_all(piece).map_err(|error| failure(&error))
    }

    fn finish(mut self: Box<Self>) -> Reply {
        match self.publish() {
            // RFC 9110 §9.3.4: a new file and one that was replaced are told apart.
            Ok(true) => {
                let location = format!("/files/{}", encode(&self.path));
                Response::plain(StatusCode::CREATED)
                    .field(header::LOCATION, value(&location))
                    .into()
            }
            Ok(false) => StatusCode::NO_CONTENT.into(),
            Err(response) => response.into(),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.unfinished.is_empty() {
            let _ = self.dir.remove_file(&self.unfinished);
        }
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
    fn a_path_out_of_the_directory_is_refused() {
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
            "a%5cb",
            "%ff",
            ".unfinished-1-2",
            "a/.Unfinished-1-2",
        ] {
            assert_eq!(relative(path), None, "{path}");
        }
        assert!(relative(&vec!["a"; DEEPEST].join("/")).is_some());
        assert!(relative(&vec!["a"; DEEPEST + 1].join("/")).is_none());
    }

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

    #[test]
    fn locations_are_encoded() {
        assert_eq!(encode("a b/ü%"), "a%20b/%C3%BC%25");
    }
}
