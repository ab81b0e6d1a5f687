//! Uploads: a file has another name until it is complete, and is gone if it never is.

use std::fs::TryLockError;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(unix)]
use cap_std::fs::MetadataExt;
use cap_std::fs::{Dir, Metadata, OpenOptions};
use protocol::http::{StatusCode, header};
use protocol::{Reply, Response, Sink};

use crate::answers::{encode, not_found, value};
use crate::conditional::Conditions;
use crate::store::{Store, UNFINISHED, failure, relative, version};

impl Store {
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
        // A file system without locks has no server that could remove the file because it has none.
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
