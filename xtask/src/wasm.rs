//! Reads a WebAssembly module: what it asks of its host, and which functions were linked into it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::run::{Failure, Result};

/// What asks the system in the standard library: a module, and what in it, or all of it. These
/// exist on `wasm32-unknown-unknown` too, where they fail, so it takes a look at what was linked to
/// see that nobody calls them, no dependency either.
///
/// Not among them is what stands in every program: memory, panics, and what they print with.
const ASKING: &[(&str, &str)] = &[
    ("env", ""),
    ("fs", ""),
    ("hash", "random"),
    ("io", "stdio::stdin"),
    ("net", ""),
    ("os", ""),
    ("process", "Command"),
    ("process", "Child"),
    ("sync", "barrier"),
    ("sync", "mpmc"),
    ("sync", "mpsc"),
    ("sync", "poison::condvar"),
    ("sync", "poison::mutex"),
    ("sync", "poison::rwlock"),
    ("thread", "builder"),
    ("thread", "functions"),
    ("thread", "scoped"),
    ("time", "Instant::now"),
    ("time", "Instant::elapsed"),
    ("time", "SystemTime::now"),
    ("time", "SystemTime::elapsed"),
];

/// Fails if the module imports something, or contains a function of the standard library that asks
/// the system for something.
pub(crate) fn check(path: &Path) -> Result {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::found(format!("{}: {error}", path.display())))?;
    let module = parse(&bytes).ok_or_else(|| {
        Failure::found(format!("{}: this is no module of WebAssembly", path.display()))
    })?;
    if module.imports > 0 {
        return Err(Failure::found(format!("it imports {} things", module.imports)));
    }
    let asking: Vec<&str> = module.functions.iter().map(String::as_str).filter(asks).collect();
    if !asking.is_empty() {
        return Err(Failure::found(format!("it asks the system:\n  {}", asking.join("\n  "))));
    }
    let of_protocol = module.functions.iter().filter(|name| name.contains("8protocol")).count();
    if of_protocol < 100 {
        let what =
            format!("only {of_protocol} functions of the protocol were linked: that says nothing");
        return Err(Failure::Found(what));
    }
    println!(
        "{of_protocol} functions of the protocol among {}: no imports, and none asks the system",
        module.functions.len()
    );
    Ok(())
}

/// Whether a function, by its mangled name, is one of those.
///
/// In both ways of mangling a path is a row of names, each behind its length, and in the newer one
/// something may stand between a module and what is in it. In the older one types have the form
/// `$LT$std..net..TcpStream`.
fn asks(function: &&str) -> bool {
    // What is dropped or printed was given to it. A file is, to be sent by the caller.
    if function.contains("drop_in_place") || function.contains("5Debug3fmt") {
        return false;
    }
    ASKING.iter().any(|(module, item)| {
        let within = function.contains(&format!("3std{}", mangled(module)))
            && function.contains(&mangled(item));
        within || function.contains(&format!("_$LT$std..{module}..{}", item.replace("::", "..")))
    })
}

/// `a::bc` as `1a2bc`.
fn mangled(path: &str) -> String {
    let names = path.split("::").filter(|name| !name.is_empty());
    names.map(|name| format!("{}{name}", name.len())).collect()
}

/// What is known about a module.
#[derive(Debug, Default, PartialEq)]
struct Module {
    imports: u64,
    /// By the section `name`, which the linker writes.
    functions: BTreeSet<String>,
}

/// WebAssembly 1.0 §5.5: a header, then sections, each with its kind and its length.
fn parse(bytes: &[u8]) -> Option<Module> {
    const CUSTOM: u8 = 0;
    const IMPORT: u8 = 2;

    let mut rest = bytes.strip_prefix(b"\0asm\x01\0\0\0")?;
    let mut module = Module::default();
    while let Some((kind, mut section)) = take_section(&mut rest)? {
        match kind {
            IMPORT => module.imports = take_number(&mut section)?,
            CUSTOM if take_name(&mut section)? == "name" => {
                module.functions = function_names(section)?;
            }
            _ => {}
        }
    }
    Some(module)
}

/// Appendix 7.4: subsections again, of which 1 maps each function to its name.
fn function_names(mut section: &[u8]) -> Option<BTreeSet<String>> {
    const FUNCTIONS: u8 = 1;

    let mut names = BTreeSet::new();
    while let Some((kind, mut map)) = take_section(&mut section)? {
        if kind == FUNCTIONS {
            for _ in 0..take_number(&mut map)? {
                take_number(&mut map)?;
                names.insert(take_name(&mut map)?);
            }
        }
    }
    Some(names)
}

/// A kind and so many bytes; nothing at the end.
fn take_section<'a>(rest: &mut &'a [u8]) -> Option<Option<(u8, &'a [u8])>> {
    let Some((kind, after)) = rest.split_first() else { return Some(None) };
    *rest = after;
    let length = usize::try_from(take_number(rest)?).ok()?;
    let (section, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(Some((*kind, section)))
}

fn take_name(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    let (name, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(String::from_utf8_lossy(name).into_owned())
}

/// LEB128: seven bits in each byte, the lowest first.
fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"\0asm\x01\0\0\0";

    fn module(sections: &[&[u8]]) -> Option<Module> {
        parse(&[HEADER, &sections.concat()].concat())
    }

    #[test]
    fn a_module_without_sections_imports_nothing() {
        assert_eq!(module(&[]), Some(Module::default()));
    }

    #[test]
    fn imports_are_counted() {
        let import = b"\x02\x09\x01\x03env\x01f\x00\x00";
        assert_eq!(module(&[import]).unwrap().imports, 1);
        assert_eq!(module(&[b"\x02\x01\x00"]).unwrap().imports, 0);
    }

    #[test]
    fn names_of_functions_are_read() {
        let names = b"\x00\x10\x04name\x01\x09\x02\x00\x01a\x81\x01\x02bc";
        let module = module(&[b"\x00\x02\x01x", names]).unwrap();
        assert_eq!(module.functions, BTreeSet::from(["a", "bc"].map(String::from)));
    }

    #[test]
    fn what_is_no_module_or_is_cut_is_refused() {
        assert_eq!(parse(b"\x7fELF"), None);
        assert_eq!(module(&[b"\x02\x09\x01"]), None);
        assert_eq!(module(&[b"\x02\x80"]), None);
    }

    #[test]
    fn functions_that_ask_the_system_are_told_from_others() {
        for function in [
            "_ZN3std4time7Instant3now17h0123456789abcdefE",
            "_RNvMs5_NtCsebHcaeoSrxy_3std4timeNtB5_10SystemTime3now",
            "_RNvMs1_NtNtCsebHcaeoSrxy_3std3net3tcpNtB5_9TcpStream12read_timeout",
            "_ZN55_$LT$std..net..tcp..TcpStream$u20$as$u20$std..io..Read$GT$4read17h01E",
        ] {
            assert!(asks(&function), "{function}");
        }
        for function in [
            "_RNvMs5_NtCsebHcaeoSrxy_3std4timeNtB5_10SystemTime14duration_since",
            "_ZN53_$LT$std..time..Instant$u20$as$u20$core..cmp..Ord$GT$3cmp17h01E",
            "_ZN4core3ptr34drop_in_place$LT$std..fs..File$GT$17h01E",
            "_ZN8protocol5clock5after17h01E",
        ] {
            assert!(!asks(&function), "{function}");
        }
    }
}
