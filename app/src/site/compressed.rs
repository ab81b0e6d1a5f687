//! Files compressed when they are asked for, and kept for the next time.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use brotli::CompressorReader;
use cap_std::fs::Metadata;
use flate2::Compression;
use flate2::read::GzEncoder;
use protocol::bytes::Bytes;

use crate::site::budget::{Held, Turn};
use crate::site::encoding::Coding;
use crate::store::version;

/// How many forms are kept, and how many bytes of them: half of what [`Held`] allows.
const MOST_KEPT: usize = 4096;
const MOST_KEPT_BYTES: usize = 32 << 20;

/// What is small and quick to come by in each format: levels 6 of 9, 5 of 11, 3 of 22.
const GZIP_LEVEL: u32 = 6;
const BROTLI_LEVEL: u32 = 5;
const ZSTD_LEVEL: i32 = 3;

/// The size of the window in which Brotli looks for repetitions: 512 KiB.
const BROTLI_WINDOW: u32 = 19;

/// A form of a version of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Which site.
    pub(super) site: usize,
    pub(super) path: String,
    /// The entity tag of the file as it is.
    pub(super) tag: String,
    pub(super) coding: Coding,
}

/// Forms that have been asked for, those of longest ago first to go.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// `None`: it would not be smaller.
    forms: HashMap<Key, Option<Bytes>>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Entries {
    fn keep(&mut self, key: Key, form: Option<Bytes>) {
        if self.forms.contains_key(&key) {
            return; // another was faster
        }
        self.bytes += form.as_ref().map_or(0, Bytes::len);
        self.forms.insert(key.clone(), form);
        self.order.push_back(key);
        while self.order.len() > MOST_KEPT || self.bytes > MOST_KEPT_BYTES {
            self.forget_oldest();
        }
    }

    /// Whether there was one.
    fn forget_oldest(&mut self) -> bool {
        let Some(oldest) = self.order.pop_front() else { return false };
        let form = self.forms.remove(&oldest).flatten();
        self.bytes -= form.map_or(0, |form| form.len());
        true
    }
}

impl Cache {
    /// The compressed form of a file of this length, which is read from its beginning. There is
    /// none if it would not be smaller, if the file changes meanwhile, or if there is no room.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn get(&self, key: Key, file: &File, length: u64) -> io::Result<Option<Bytes>> {
        if let Some(form) = self.entries().forms.get(&key) {
            return Ok(form.clone());
        }
        let _turn = Turn::wait();
        if let Some(form) = self.entries().forms.get(&key) {
            return Ok(form.clone()); // another thread has made it meanwhile
        }
        let Some(held) = usize::try_from(length).ok().and_then(|length| self.room(length)) else {
            return Ok(None);
        };
        let form = compress(key.coding, file.take(length), held)?;
        if version(&Metadata::from_file(file)?).tag != key.tag {
            return Ok(None); // it has changed meanwhile, and the form would be of no version
        }
        let form = form.map(Held::into_bytes);
        self.entries().keep(key, form.clone());
        Ok(form)
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for so many bytes, for which others may have to go.
    fn room(&self, length: usize) -> Option<Held> {
        loop {
            if let Some(held) = Held::reserve(length) {
                return Some(held);
            }
            if !self.entries().forget_oldest() {
                return None;
            }
        }
    }
}

/// Compresses all of `input`, unless there is no room for what comes of it.
fn compress(coding: Coding, input: impl Read, mut output: Held) -> io::Result<Option<Held>> {
    let mut encoder: Box<dyn Read + '_> = match coding {
        Coding::Gzip => Box::new(GzEncoder::new(input, Compression::new(GZIP_LEVEL))),
        Coding::Brotli => Box::new(CompressorReader::new(input, 4096, BROTLI_LEVEL, BROTLI_WINDOW)),
        Coding::Zstd => Box::new(zstd::stream::read::Encoder::new(input, ZSTD_LEVEL)?),
    };
    match io::copy(&mut encoder, &mut output) {
        Ok(_) => Ok(Some(output)),
        Err(error) if error.kind() == ErrorKind::StorageFull => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};

    fn key(coding: Coding) -> Key {
        Key { site: 0, path: "a".to_owned(), tag: "\"1\"".to_owned(), coding }
    }

    /// A file, and the key of a form of it.
    fn file(content: &[u8], coding: Coding) -> (File, Key) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file.rewind().unwrap();
        let tag = version(&Metadata::from_file(&file).unwrap()).tag;
        (file, Key { tag, ..key(coding) })
    }

    fn compressed(content: &[u8], coding: Coding) -> Option<Bytes> {
        let (file, key) = file(content, coding);
        Cache::default().get(key, &file, content.len() as u64).unwrap()
    }

    #[test]
    fn every_coding_can_be_undone() {
        let text = "To be or not to be, that is the question. ".repeat(1000);
        for coding in Coding::ALL {
            let form = compressed(text.as_bytes(), coding).unwrap();
            assert!(form.len() < text.len() / 20, "{coding:?}: {}", form.len());
            let mut back = String::new();
            let mut decoder: Box<dyn Read + '_> = match coding {
                Coding::Gzip => Box::new(flate2::read::GzDecoder::new(&form[..])),
                Coding::Brotli => Box::new(brotli::Decompressor::new(&form[..], 4096)),
                Coding::Zstd => Box::new(zstd::Decoder::new(&form[..]).unwrap()),
            };
            decoder.read_to_string(&mut back).unwrap();
            assert!(back == text, "{coding:?}");
        }
    }

    #[test]
    fn what_would_not_be_smaller_or_has_changed_stays_as_it_is() {
        let mut noise = vec![0; 5000];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut noise).unwrap();
        for coding in Coding::ALL {
            assert_eq!(compressed(&noise, coding), None, "{coding:?}");
        }
        // Its tag is made before it is read: here it is written to and cut between the two.
        for length in [2000, 100] {
            let (file, key) = file(&[b'a'; 1000], Coding::Gzip);
            file.set_len(length).unwrap();
            assert_eq!(Cache::default().get(key, &file, 1000).unwrap(), None, "{length}");
        }
    }

    #[test]
    fn a_form_is_kept_for_the_next_time() {
        let cache = Cache::default();
        let (file, key) = file(&[b'a'; 2000], Coding::Gzip);
        let first = cache.get(key.clone(), &file, 2000).unwrap().unwrap();
        let again = cache.get(key, &file, 2000).unwrap().unwrap();
        assert_eq!(first.as_ptr(), again.as_ptr());
    }

    #[test]
    fn the_oldest_forms_make_room_for_others() {
        let mut entries = Entries::default();
        let numbered = |number: usize| Key { site: number, ..key(Coding::Gzip) };
        for number in 0..40 {
            entries.keep(numbered(number), Some(Bytes::from(vec![0; 1 << 20])));
        }
        assert_eq!((entries.forms.len(), entries.bytes), (32, MOST_KEPT_BYTES));
        assert!(!entries.forms.contains_key(&numbered(7)));
        assert!(entries.forms.contains_key(&numbered(8)));
        for number in 40..MOST_KEPT * 2 {
            entries.keep(numbered(number), None);
        }
        assert_eq!((entries.order.len(), entries.bytes), (MOST_KEPT, 0));
    }
}
