//! A file that says which process is the server.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

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
        fs::write(path, own())?;
        if let Some(account) = account {
            // A server that has taken over has it already, and must not give it away.
            let _ = chown(path, Some(account.user.as_raw()), None);
        }
        Ok(PidFile(path.to_owned()))
    }
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
