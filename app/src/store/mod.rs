//! A directory that cannot be left: files out of it, and uploads into it.
//!
//! Paths are checked here for what they may look like, and opened by `cap-std`, which follows no
//! symbolic link out of the directory whatever happens to it meanwhile.

use std::fs::TryLockError;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex};

use cap_std::ambient_authority;
#[cfg(unix)]
use cap_std::fs::MetadataExt;
use cap_std::fs::{Dir, DirEntry, File, Metadata};
use percent_encoding::percent_decode_str;
use protocol::Response;
use protocol::http::StatusCode;

use crate::conditional::Version;

mod upload;

/// A directory and everything below it.
///
/// Its path is looked up again for each request: a site that is rebuilt, or a symbolic link that
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
    pub(crate) fn dir_for_request(&self) -> Result<Dir, Response> {
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
}

/// A path as it may be opened: decoded, relative, without anything that leads elsewhere.
pub(crate) fn relative(path: &str) -> Option<String> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    is_relative(&path).then(|| path.into_owned())
}

/// Whether a decoded path may be opened.
pub(crate) fn is_relative(path: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && !is_unfinished(part)
            && !part.contains(SPECIAL)
    };
    let parts = path.split('/');
    parts.clone().count() <= DEEPEST && parts.clone().all(is_plain)
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

/// What a path leads to.
pub(crate) enum Opened {
    File(File, Metadata),
    Directory,
}

/// Opens what has this path.
///
/// # Errors
/// If it is neither a file nor a directory, or cannot be opened.
pub(crate) fn open(dir: &Dir, path: &str) -> io::Result<Opened> {
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

/// Which version of a file this is.
pub(crate) fn version(metadata: &Metadata) -> Version {
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

/// What it says to the client that a file cannot be read: in most cases, that there is none. What
/// is outside is as if it were not.
pub(crate) fn unreadable(error: &io::Error) -> Response {
    match error.kind() {
        ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
            Response::plain(StatusCode::NOT_FOUND)
        }
        _ => failure(error),
    }
}

// ANCHOR: failure
/// The response to a file operation that failed.
pub(crate) fn failure(error: &io::Error) -> Response {
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
}
