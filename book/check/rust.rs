//! The oldest Rust that suffices is `rust-version` in Cargo.toml. Prose that names it has to agree.

/// The version that a manifest of cargo requires.
#[must_use]
pub fn required(manifest: &str) -> Option<&str> {
    let value = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "))?;
    Some(value.trim_matches('"'))
}

/// The versions of Rust that prose says to be the oldest: `1.2 or later`.
#[must_use]
pub fn mentioned(text: &str) -> Vec<&str> {
    let before = text.match_indices(" or later").map(|(end, _)| &text[..end]);
    let versions = before.filter_map(|before| before.rsplit([' ', '(', '\n']).next());
    versions.filter(|version| version.starts_with("1.")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_read_from_a_manifest() {
        assert_eq!(required("[package]\nrust-version = \"1.2\"\n"), Some("1.2"));
        assert_eq!(required("rust-version.workspace = true\n"), None);
    }

    #[test]
    fn versions_in_prose_are_found() {
        let text =
            "Rust (1.2 or later) and Linux 6.1 or later; a toolchain,\n1.3 or later. 1.4 not.";
        assert_eq!(mentioned(text), ["1.2", "1.3"]);
    }
}
