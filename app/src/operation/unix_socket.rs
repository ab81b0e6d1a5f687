//! Listening at a path: who may connect, what is there already, and what is left at the end.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use backend_common::socket;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::operation::account::Account;

/// Who may connect to sockets that are made: writing to the file is what it takes (unix(7)).
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    pub(crate) mode: Option<u32>,
    pub(crate) owner: Option<Account>,
}

/// The file of a socket that somebody listens on.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

/// Tells a file from others. The number of one that is gone is given to the next, which is of
/// another time.
type Identity = (u64, u64, i64, i64);

impl SocketFile {
    /// The socket that is at this path now.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        let identity = (found.dev(), found.ino(), found.mtime(), found.mtime_nsec());
        Ok(SocketFile { path: path.to_owned(), identity })
    }

    /// Removes the file, unless something else is in its place by now.
    pub(crate) fn remove(&self) {
        if SocketFile::at(&self.path).is_ok_and(|it| it.identity == self.identity) {
            let _ = fs::remove_file(&self.path); // then the next to listen there replaces it
        }
    }
}

/// Listens at a path. A file that a server has left there is replaced.
///
/// # Errors
/// `AddrInUse` if somebody listens there; if there is a file of another kind; those of the system.
pub(crate) fn listen(path: &Path, access: &Access) -> io::Result<UnixListener> {
    make_room(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    // Nobody can connect before it listens, so until then it gets its mode and owner.
    let listening = restrict(path, access).and_then(|()| socket.listen(socket::BACKLOG));
    if let Err(error) = listening {
        fs::remove_file(path)?;
        return Err(error);
    }
    Ok(OwnedFd::from(socket).into())
}

/// Has those connect to a socket who may.
fn restrict(path: &Path, access: &Access) -> io::Result<()> {
    if let Some(mode) = access.mode {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    let Some(owner) = &access.owner else { return Ok(()) };
    let (user, group) = (owner.user.as_raw(), owner.group.map(nix::unistd::Gid::as_raw));
    chown(path, Some(user), group).map_err(|error| {
        io::Error::new(error.kind(), format!("it cannot be given to {}: {error}", owner.text))
    })
}

/// Removes a socket that nobody listens on. Anything else that is there is left.
fn make_room(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "a file is there, and no socket"));
        }
        Ok(_) => {}
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?; // one whose queue is full has a listener, too
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Err(ErrorKind::AddrInUse.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_socket_has_its_mode_and_is_removed_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        for mode in [0o600, 0o666] {
            let access = Access { mode: Some(mode), owner: None };
            let listener = listen(&path, &access).unwrap();
            let file = SocketFile::at(&path).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, mode);
            UnixStream::connect(&path).unwrap();
            drop(listener);
            file.remove();
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_stale_file_is_replaced_and_one_in_use_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        drop(UnixListener::bind(&path).unwrap());
        let old = SocketFile::at(&path).unwrap();
        // The file system's clock has to go on, by its few milliseconds.
        let now = || {
            let probe = dir.path().join("probe");
            fs::write(&probe, "").unwrap();
            let found = fs::metadata(&probe).unwrap();
            (found.mtime(), found.mtime_nsec())
        };
        while now() == (old.identity.2, old.identity.3) {}
        let _listener = listen(&path, &Access::default()).unwrap();
        old.remove();
        assert!(UnixStream::connect(&path).is_ok(), "the new one's file is not the old one's");
        let error = listen(&path, &Access::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes");
        fs::write(&path, "mine").unwrap();
        let error = listen(&path, &Access::default()).unwrap_err();
        assert!(error.to_string().contains("no socket"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn only_root_gives_sockets_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let access = Access { mode: None, owner: Some("12345:6789".parse().unwrap()) };
        let made = listen(&path, &access);
        if nix::unistd::geteuid().is_root() {
            let found = fs::metadata(&path).unwrap();
            assert_eq!((found.uid(), found.gid()), (12345, 6789));
        } else {
            assert!(made.unwrap_err().to_string().contains("12345:6789"));
            assert!(!path.exists());
        }
    }
}
