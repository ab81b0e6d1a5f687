//! System calls, as `strace` writes them: `name(arguments) = result`.

/// One system call of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call<'t> {
    pub(super) name: &'t str,
    arguments: &'t str,
    /// All that stands behind the equals sign.
    pub(super) result: &'t str,
}

/// The calls of a trace in their order. Other lines, such as that of an exit, are passed over.
pub(super) fn calls(trace: &str) -> Vec<Call<'_>> {
    let call = |line| {
        let (call, result) = str::rsplit_once(line, " = ")?;
        let (name, arguments) = call.trim_end().strip_suffix(')')?.split_once('(')?;
        // With `strace -f` the number of the thread stands first.
        let name = name.rsplit(' ').next()?;
        Some(Call { name, arguments, result: result.trim() })
    };
    trace.lines().filter_map(call).collect()
}

impl<'t> Call<'t> {
    /// An argument by its place, from 0. A comma in quotes or brackets separates nothing.
    pub(super) fn argument(&self, place: usize) -> &'t str {
        let (mut depth, mut is_quoted, mut is_escaped) = (0, false, false);
        let separates = |c: char| {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' if is_quoted => is_escaped = true,
                '"' => is_quoted = !is_quoted,
                _ if is_quoted => {}
                '[' | '{' | '(' => depth += 1,
                ']' | '}' | ')' => depth -= 1,
                ',' => return depth == 0,
                _ => {}
            }
            false
        };
        self.arguments.split(separates).nth(place).unwrap_or_default().trim()
    }

    /// The result as a number, if it is one.
    pub(super) fn returned(&self) -> Option<i64> {
        self.result.split(' ').next()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_as_strace_writes_them() {
        let trace = "recvfrom(14, \"a, \\\"b\", 32768, 0, NULL, NULL)  = 4\n\
                     [pid 7] shutdown(14, SHUT_WR)       = -1 ENOTCONN (not connected)\n\
                     epoll_wait(12, [{events=EPOLLIN, data={u32=0, u64=0}}], 1024, -1) = 1\n\
                     +++ exited with 0 +++\n";
        let calls = calls(trace);
        assert_eq!(calls.len(), 3);
        assert_eq!((calls[0].argument(1), calls[0].argument(2)), ("\"a, \\\"b\"", "32768"));
        assert_eq!(calls[0].returned(), Some(4));
        assert_eq!((calls[1].name, calls[1].returned()), ("shutdown", Some(-1)));
        assert_eq!((calls[2].argument(2), calls[2].argument(9)), ("1024", ""));
    }
}
