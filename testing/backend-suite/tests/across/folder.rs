//! The files that a script finds: the same for everyone, under the same name.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::request::content;

/// Files of which every folder has links. A link has number, length and time of what it links to,
/// and of these entity tags are made: so everyone's are the same.
pub(crate) struct Original(PathBuf);

/// When they were modified.
const MODIFIED: &str = "Sun, 09 Sep 2001 01:46:40 GMT";

/// A folder of linked files in the directory of a server, for one script.
pub(crate) struct Folder {
    /// The same for all servers.
    pub(crate) name: String,
    /// The entity tag of `text.txt`, with its quotes.
    pub(crate) tag: String,
}

impl Original {
    pub(crate) fn new(directory: &Path) -> Self {
        let path = directory.join("original");
        fs::create_dir(&path).unwrap();
        for (name, length) in [("text.txt", 36), ("large.bin", 200_000), ("empty", 0)] {
            fs::write(path.join(name), content(length)).unwrap();
            let file = fs::File::options().write(true).open(path.join(name)).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
        }
        Original(path)
    }

    /// Links the files into a new folder.
    pub(crate) fn link(&self, folder: &Path) {
        fs::create_dir(folder).unwrap();
        for file in fs::read_dir(&self.0).unwrap() {
            let file = file.unwrap();
            fs::hard_link(file.path(), folder.join(file.file_name())).unwrap();
        }
    }
}

impl Folder {
    /// Puts name, tag and time where they belong.
    pub(crate) fn fill_in(&self, text: &str) -> Vec<u8> {
        let text = text.replace("<folder>", &self.name).replace("<etag>", &self.tag);
        text.replace("<modified>", MODIFIED).into_bytes()
    }

    /// Whether a line, `etag` or `last-modified`, is that of a file that was there from the
    /// beginning. Their tags all begin with their time.
    pub(crate) fn is_found(&self, line: &[u8]) -> bool {
        let line = String::from_utf8_lossy(line);
        let time = self.tag.split('-').next().unwrap_or(&self.tag);
        line.contains(time) || line.contains(MODIFIED)
    }
}
