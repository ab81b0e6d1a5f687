//! What is answered: always the same, as long as what the measured servers answer.

use std::borrow::Cow;
use std::sync::LazyLock;

/// The response of the backends to `GET /text`, but for the date: a wrong one would be found wrong.
pub(crate) const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Server: lab\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Note: no date, since it is constant\r\n\
    Content-Length: 13\r\n\
    \r\n\
    Hello, world!";

/// More than a load pipelines.
const READY: usize = 64;

static MANY: LazyLock<Vec<u8>> = LazyLock::new(|| RESPONSE.repeat(READY));

/// So many responses, to be written at once.
pub(crate) fn responses(count: usize) -> Cow<'static, [u8]> {
    match MANY.get(..count * RESPONSE.len()) {
        Some(ready) => Cow::Borrowed(ready),
        None => Cow::Owned(RESPONSE.repeat(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_responses_can_be_written_at_once() {
        for count in [0, 1, READY, READY + 1] {
            assert_eq!(*responses(count), RESPONSE.repeat(count));
        }
    }
}
