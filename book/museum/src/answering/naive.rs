//! A response that is put together with `format!`. It is wrong in two ways.

// ANCHOR: greet
/// The response to a greeting. The name comes from the client.
#[must_use]
pub fn greet(name: &str) -> String {
    let body = format!("Hello, {name}.");
    let length = body.chars().count();
    format!(
        "HTTP/1.1 200 OK\r\n\
         Content-Length: {length}\r\n\
         X-Greeted: {name}\r\n\
         \r\n\
         {body}"
    )
}
// ANCHOR_END: greet
