//! Bytes in which something is filled in.

/// Replaces each name that stands in the template by its value. Names begin with `<`.
pub(crate) fn fill_in(template: &[u8], values: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.iter().position(|&byte| byte == b'<') {
        let (before, from) = rest.split_at(at);
        bytes.extend_from_slice(before);
        let named = values.iter().find(|(name, _)| from.starts_with(name.as_bytes()));
        let (name, value) = named.copied().unwrap_or(("<", b"<"));
        bytes.extend_from_slice(value);
        rest = &from[name.len()..];
    }
    bytes.extend_from_slice(rest);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_nothing_else() {
        let values = [("<a>", &b"1"[..]), ("<b>", b"<a>")];
        assert_eq!(fill_in(b"<a><b>\xff<a<c>a>", &values), b"1<a>\xff<a<c>a>");
        assert_eq!(fill_in(b"", &values), b"");
    }
}
