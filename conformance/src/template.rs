//! Bytes in which something is filled in.

/// Replaces each name that stands in the template by its value.
pub(crate) fn fill_in(template: &[u8], values: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(template.len());
    let mut rest = template;
    while let Some((&first, tail)) = rest.split_first() {
        match values.iter().find(|(name, _)| rest.starts_with(name.as_bytes())) {
            Some((name, value)) => {
                bytes.extend_from_slice(value);
                rest = &rest[name.len()..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
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
