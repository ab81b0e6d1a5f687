//! What every server serves: the same files, and the same certificate.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory with files of three sizes, which is removed with the last entry that serves it.
#[derive(Debug)]
pub struct Files {
    directory: TempDir,
}

impl Files {
    /// Their names and lengths. Each is served at `/` and its name.
    pub const ALL: [(&str, usize); 3] = [("1k", 1 << 10), ("100k", 100 << 10), ("10m", 10 << 20)];

    /// What is in a file of this length: every line says where it begins.
    #[must_use]
    pub fn content(length: usize) -> Vec<u8> {
        let lines = (0..length).step_by(16).flat_map(|at| format!("{at:015}\n").into_bytes());
        lines.take(length).collect()
    }

    /// Writes them, and a certificate with its key.
    ///
    /// # Errors
    /// If there is no room for them.
    pub fn new() -> io::Result<Self> {
        let files = Files { directory: tempfile::Builder::new().prefix("lab-").tempdir()? };
        fs::create_dir(files.directory())?;
        for (name, length) in Self::ALL {
            fs::write(files.directory().join(name), Self::content(length))?;
        }
        // For a server that has no other constant response.
        fs::write(files.directory().join("text.txt"), "Hello, world!")?;
        let names = ["localhost".into(), "127.0.0.1".into()];
        let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        let pem = made.cert.pem() + &made.signing_key.serialize_pem();
        fs::write(files.certificate(), pem)?;
        Ok(files)
    }

    /// Where they are.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.root().join("site")
    }

    /// A self-signed certificate for `localhost` and 127.0.0.1, and its key, in one file of PEM.
    pub(super) fn certificate(&self) -> PathBuf {
        self.root().join("certificate.pem")
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_their_lengths_and_are_removed_in_the_end() {
        let files = Files::new().expect("there is room");
        let directory = files.directory();
        for (name, length) in Files::ALL {
            let content = fs::read(directory.join(name)).expect("it has been written");
            assert_eq!(content.len(), length);
            assert_eq!(content, Files::content(length));
        }
        drop(files);
        assert!(!directory.exists());
    }
}
