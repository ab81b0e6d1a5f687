//! What the words of options are parsed by. An error is the end of a sentence that begins with the
//! word itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;
use clap::builder::{PathBufValueParser, TypedValueParser};
use humantime::parse_duration;

use crate::operation::listeners::PATH;

/// An address and a port, or a path. Whether there is such an address shows when it is bound.
pub(super) fn address(text: &str) -> Result<String, &'static str> {
    if cfg!(unix)
        && let Some(path) = text.strip_prefix(PATH).filter(|path| !path.is_empty())
    {
        return place_of_socket(Path::new(path)).map(|()| text.to_owned());
    }
    // No host has these in its name, and people write them.
    let is_host = |host: &str| !(host.is_empty() || host.contains('/') || host.contains('*'));
    let is_whole = |(host, port): (&str, &str)| is_host(host) && port.parse::<u16>().is_ok();
    if text.rsplit_once(':').is_some_and(is_whole) {
        return Ok(text.to_owned());
    }
    Err("must be an address and a port, such as 127.0.0.1:8080, [::1]:8080, or 0.0.0.0:8080 for \
         all addresses of this machine, or unix:PATH")
}

/// A place where the file of a socket can be made.
fn place_of_socket(path: &Path) -> Result<(), &'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if path.symlink_metadata().is_ok_and(|found| !found.file_type().is_socket()) {
            return Err("is a file, and no socket: take another path, or remove it");
        }
    }
    if has_directory(path) { Ok(()) } else { Err(NO_DIRECTORY) }
}

const NO_DIRECTORY: &str = "is in a directory that does not exist: make it first";

fn has_directory(path: &Path) -> bool {
    path.parent().is_none_or(|parent| parent.as_os_str().is_empty() || parent.is_dir())
}

/// The permissions of a file.
#[cfg(unix)]
pub(super) fn mode(text: &str) -> Result<u32, &'static str> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or("must be permissions in octal, such as 660")
}

/// An address and a port; a port alone is one of this machine's own.
pub(super) fn admin_address(text: &str) -> Result<String, &'static str> {
    match text.parse::<u16>() {
        Ok(port) => Ok(format!("127.0.0.1:{port}")),
        Err(_) if text.starts_with(PATH) => Err("must be a port, or an address and a port"),
        Err(_) => address(text),
    }
}

/// The URL of a collector of OpenTelemetry.
pub(super) fn collector(text: &str) -> Result<String, &'static str> {
    if !cfg!(feature = "otlp") {
        return Err("is of no use: this program is built without the feature `otlp`");
    }
    let authority = ["http://", "https://"].into_iter().find_map(|it| text.strip_prefix(it));
    if authority.is_some_and(|it| !it.is_empty() && !it.starts_with('/')) {
        return Ok(text.to_owned());
    }
    Err("must be a URL, such as http://localhost:4318")
}

/// A directory that is there.
pub(super) fn directory() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.extension() {
        _ if path.is_dir() => Ok(path),
        Some(ending) if ending == "toml" && path.is_file() => {
            Err("is not a directory: a configuration is given as --config FILE")
        }
        _ => Err("is not a directory"),
    })
}

/// A file that is there.
pub(super) fn file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.metadata() {
        Ok(found) if found.is_dir() => Err("is a directory, and a file is wanted".to_owned()),
        Ok(_) => Ok(path),
        Err(error) => Err(format!("is a file that cannot be read: {error}")),
    })
}

/// A file that is there or can be made.
pub(super) fn file_to_write() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if path.is_dir() {
            return Err("is a directory, and a file is wanted");
        }
        if has_directory(&path) { Ok(path) } else { Err(NO_DIRECTORY) }
    })
}

pub(super) fn size(text: &str) -> Result<ByteSize, &'static str> {
    text.parse().map_err(|_| "must be a size, such as 512B, 16KiB or 1GiB")
}

pub(super) fn time(text: &str) -> Result<Duration, &'static str> {
    parse_duration(text).map_err(|_| "must be a time, such as 500ms, 30s or 2m")
}

/// A number of things of which there must be some.
pub(super) fn at_least_one(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(0) => Err("must be at least 1"),
        Ok(number) => Ok(number),
        Err(_) => Err("is not a whole number"),
    }
}

/// A time of which something is left in whole seconds.
pub(super) fn some_seconds(text: &str) -> Result<Duration, &'static str> {
    let time = time(text)?;
    if time.as_secs() == 0 { Err("must be at least 1s") } else { Ok(time) }
}

/// A number of threads that a system can be expected to have.
pub(super) fn some_threads(text: &str) -> Result<usize, &'static str> {
    match at_least_one(text)? {
        4097.. => Err("must be at most 4096"),
        number => Ok(number),
    }
}
