//! A course with one exercise, in a folder of its own.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use runner::folder::Folder;

pub const TASK: &str = "//! Doubles a number.\n\npub fn double(n: u32) -> u32 {\n    todo!()\n}\n";

pub const SOLUTION: &str = "\
//! A number is added to itself. The sum of two numbers is as quick as a product, and\n\
//! everybody sees at once that it cannot be anything but twice the number; so there is\n\
//! nothing more to say, but these words have to be thirty.\n\
\n\
pub fn double(n: u32) -> u32 {\n    n + n\n}\n";

const TESTS: &str = "\
use exercises::double::double;\n\
\n\
#[test]\nfn one_is_doubled() {\n    assert_eq!(double(1), 2);\n}\n\
\n\
#[test]\nfn three_is_doubled() {\n    assert_eq!(double(3), 6);\n}\n";

const HINTS: &str = "## 1\n\nThink of a sum.\n\n## 2\n\nOf two.\n\n## 3\n\n`n + n`\n";

/// A change of the solution, with this title.
pub fn wrong(title: &str, new: &str) -> String {
    format!("=== {title}\n---\n    n + n\n+++\n    {new}\n\n")
}

/// Five that are refused, each at once: what turns in circles would take its time from the others.
pub fn five() -> String {
    let of = |index: usize, new: &str| wrong(&format!("number {index}"), new);
    ["n", "n + 1", "0", "n * n", "n + 3"]
        .iter()
        .enumerate()
        .map(|(index, new)| of(index, new))
        .collect()
}

/// The folder of a course, which goes when the test ends.
pub struct Course {
    pub root: PathBuf,
}

impl Course {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("course-{}-{number}", std::process::id());
        let book = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let course = Course { root: book.join("exercises") };
        course.put("../src/bytes.md", "## Exercises\n\n- `double`: double a number.\n");
        course.put("catalogue.txt", "## 3 bytes Bytes\n\ndouble write Double a number.\n");
        course.put("src/double.rs", TASK);
        course.put("solutions/double.rs", SOLUTION);
        course.put("tests/double.rs", TESTS);
        course.put("hints/double.md", HINTS);
        course.put("wrong/double.txt", &five());
        course
    }

    pub fn put(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[allow(dead_code, reason = "not every test file looks at a file")]
    pub fn get(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    #[allow(dead_code, reason = "not every test file needs it")]
    pub fn folder(&self) -> Folder {
        Folder::new(self.root.clone())
    }
}

impl Drop for Course {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.root.parent().unwrap_or(&self.root));
    }
}
