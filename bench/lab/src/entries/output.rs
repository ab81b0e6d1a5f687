//! What a server says.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The most that is read of it.
const MOST: usize = 16 << 10;

/// Standard output and standard error, in files without names: nobody has to read them while the
/// server runs, and they are gone with it.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) said: File,
    pub(super) complained: File,
}

impl Output {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Output { said: tempfile::tempfile()?, complained: tempfile::tempfile()? })
    }

    /// What it has said so far, whole lines of it.
    pub(super) fn lines(&self) -> Vec<String> {
        let said = read(&self.said, 0);
        let lines = said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        lines.map(str::to_owned).collect()
    }

    /// The end of what it has said, errors last.
    pub(super) fn last_words(&self) -> String {
        let end = |file: &File| {
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            read(file, length.saturating_sub(MOST as u64)).trim().to_owned()
        };
        match format!("{}\n{}", end(&self.said), end(&self.complained)).trim() {
            "" => "it said nothing".to_owned(),
            words => format!("it said:\n{words}"),
        }
    }
}

/// Leaves the position in the file alone, which is that of the server, too.
fn read(file: &File, from: u64) -> String {
    let mut bytes = vec![0; MOST];
    let count = file.read_at(&mut bytes, from).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_are_whole_and_last_words_are_the_end() {
        let output = Output::new().expect("there is room");
        assert_eq!(output.last_words(), "it said nothing");
        let (mut said, mut complained) = (&output.said, &output.complained);
        said.write_all(b"http://a/\nhttps://").expect("there is room");
        assert_eq!(output.lines(), ["http://a/"]);
        said.write_all(b"b/\n").expect("it goes on where it was");
        assert_eq!(output.lines(), ["http://a/", "https://b/"]);
        complained.write_all(&[b'x'; 2 * MOST]).expect("there is room");
        complained.write_all(b"in use").expect("there is room");
        let words = output.last_words();
        assert!(words.ends_with("xin use") && words.len() < 2 * MOST);
    }
}
