//! A file that says which process is the server.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::operation::account::Account;

/// It is removed when this is dropped, unless it names another process by then.
#[derive(Debug)]
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    /// Writes it, and gives it to the account that the server will have.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(path: &Path, account: Option<&Account>) -> io::Result<Self> {
        // In one step, so that nobody reads half of it. Who may write the file, and not beside it,
        // cannot do that.
        replace(path).or_else(|_| overwrite(path))?;
        if let Some(account) = account {
            // A server that has taken over has it already, and must not give it away.
            let _ = chown(path, Some(account.user.as_raw()), None);
        }
        Ok(PidFile(path.to_owned()))
    }

    /// The file is another server's from now on, which may be about to write it.
    pub(crate) fn leave(self) {
        std::mem::forget(self);
    }
}

/// Puts a new file in the place of the old one.
fn replace(path: &Path) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    // What others may have put there is neither followed nor overwritten.
    let mut file = File::options().write(true).create_new(true).open(&beside)?;
    let written = file.write_all(own().as_bytes()).and_then(|()| fs::rename(&beside, path));
    written.inspect_err(|_| drop(fs::remove_file(&beside)))
}

/// Writes into the old file. As root, what others have put there is not followed either.
fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = File::options();
    file.write(true).create(true).truncate(true);
    file.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    file.open(path)?.write_all(own().as_bytes())
}

fn own() -> String {
    format!("{}\n", std::process::id())
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if fs::read_to_string(&self.0).is_ok_and(|text| text == own()) {
            let _ = fs::remove_file(&self.0);
        }
    }
}
