//! Where the files of the exercises are.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::catalogue::Catalogue;

/// The folder `book/exercises`.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// What is in this folder.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Folder { root }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The exercise as it is handed out.
    #[must_use]
    pub fn task(&self, name: &str) -> PathBuf {
        self.file("src", name, "rs")
    }

    /// The reader's copy.
    #[must_use]
    pub fn mine(&self, name: &str) -> PathBuf {
        self.file("mine", name, "rs")
    }

    #[must_use]
    pub fn tests(&self, name: &str) -> PathBuf {
        self.file("tests", name, "rs")
    }

    #[must_use]
    pub fn solution(&self, name: &str) -> PathBuf {
        self.file("solutions", name, "rs")
    }

    #[must_use]
    pub fn hints(&self, name: &str) -> PathBuf {
        self.file("hints", name, "md")
    }

    #[must_use]
    pub fn wrong(&self, name: &str) -> PathBuf {
        self.file("wrong", name, "txt")
    }

    /// What is remembered of an exercise: `hints`, or `green`.
    #[must_use]
    pub fn state(&self, name: &str, what: &str) -> PathBuf {
        self.root.join("mine/.state").join(format!("{name}.{what}"))
    }

    fn file(&self, folder: &str, name: &str, ending: &str) -> PathBuf {
        self.root.join(folder).join(format!("{name}.{ending}"))
    }

    /// # Errors
    /// If the catalogue cannot be read.
    pub fn catalogue(&self) -> Result<Catalogue, String> {
        Catalogue::parse(&read(&self.root.join("catalogue.txt"))?)
    }

    /// The names of the exercises that have a file in `folder`, in order.
    #[must_use]
    pub fn names(&self, folder: &str, ending: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let ending = format!(".{ending}");
        let mut names: Vec<String> = files
            .filter_map(|file| file.strip_suffix(&ending).map(String::from))
            .filter(|name| name != "lib")
            .collect();
        names.sort();
        names
    }
}

/// The text of a file.
///
/// # Errors
/// With the name of the file.
pub fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file, and makes its folder if there is none.
///
/// # Errors
/// With the name of the file.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Removes a file; it may be gone already.
///
/// # Errors
/// With the name of the file.
pub fn remove(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", path.display()))
        }
        _ => Ok(()),
    }
}
