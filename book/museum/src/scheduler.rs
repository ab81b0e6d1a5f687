//! Whether a thread sleeps, as the scheduler of Linux tells it: for the tests of loops that wait.

use std::fs;
use std::thread;
use std::time::Duration;

/// How often a thread is looked at, and how long after the last look.
const LOOKS: usize = 60;
const PAUSE: Duration = Duration::from_millis(5);

/// The number of this thread; empty where that cannot be asked.
#[must_use]
pub fn current_thread() -> String {
    let link = fs::read_link("/proc/thread-self").unwrap_or_default();
    link.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned()
}

/// In which part of the looks a thread of this process runs, or wants to. `None` where that cannot
/// be asked, and of a thread that has ended.
///
/// One that asks the kernel over and over again does so in nearly all of them, however busy the
/// machine is.
#[must_use]
pub fn awake(thread: &str) -> Option<f64> {
    let file = format!("/proc/self/task/{thread}/stat");
    let mut awake = 0;
    for _ in 0..LOOKS {
        thread::sleep(PAUSE);
        // The state stands behind the name, which is in parentheses.
        let text = fs::read_to_string(&file).ok()?;
        awake += u32::from(text.rsplit_once(") ")?.1.starts_with('R'));
    }
    Some(f64::from(awake) / LOOKS as f64)
}
