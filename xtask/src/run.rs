//! Commands, as the steps run them: printed, in the root of the repository, and with an exit code
//! that is looked at.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Why a step has not passed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A command ended with another exit code than 0.
    Command { line: String, code: u8 },
    /// The step looked itself, and this is what it found.
    Found(String),
    /// The step needs something that cannot be installed here, so it was not run.
    Unavailable(String),
}

impl Failure {
    pub(crate) fn found(what: impl Into<String>) -> Self {
        Self::Found(what.into())
    }

    /// The exit code of the whole.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Command { code, .. } => *code,
            Self::Found(_) | Self::Unavailable(_) => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { line, code } => write!(out, "`{line}` ended with exit code {code}"),
            Self::Found(what) => write!(out, "{what}"),
            Self::Unavailable(why) => write!(out, "it could not be run: {why}"),
        }
    }
}

pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// What a file of the repository contains.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    std::fs::read_to_string(root().join(path))
        .map_err(|error| Failure::found(format!("{}: {error}", path.display())))
}

/// Writes a file within the repository.
pub(crate) fn write(path: impl AsRef<Path>, text: &str) -> Result {
    let path = path.as_ref();
    std::fs::write(root().join(path), text)
        .map_err(|error| Failure::found(format!("{}: {error}", path.display())))
}

/// The files that git knows, by these patterns.
pub(crate) fn tracked(patterns: &str) -> Result<Vec<String>> {
    let list = command(&format!("git ls-files {patterns}")).quietly().output()?;
    Ok(list.lines().map(str::to_owned).collect())
}

/// A command from its words, which contain no spaces: others are appended by [`Call::arg`].
pub(crate) fn command(words: &str) -> Call {
    let mut words = words.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).current_dir(root());
    // A backend that cannot be tested fails its tests.
    command.env("TEST_ALL_BACKENDS", "1");
    // `cargo run` describes this crate to us. A build script that looks at these (ring's does)
    // would run again with every change between `cargo` and `cargo xtask`.
    for (name, _) in std::env::vars_os() {
        if is_about_xtask(&name) {
            command.env_remove(name);
        }
    }
    Call { command, env: String::new(), quiet: false }
}

fn is_about_xtask(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|start| name.starts_with(start))
        || ["CARGO", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&&*name)
}

/// `cargo` with these words.
pub(crate) fn cargo(words: &str) -> Call {
    command(&format!("cargo {words}"))
}

/// A command that is about to be run.
pub(crate) struct Call {
    command: Command,
    env: String,
    quiet: bool,
}

impl Call {
    pub(crate) fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.command.arg(argument.into());
        self
    }

    pub(crate) fn args<I: Into<OsString>>(self, arguments: impl IntoIterator<Item = I>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref();
        self.env += &format!("{name}='{}' ", value.to_string_lossy());
        self.command.env(name, value);
        self
    }

    /// Runs it in this folder of the repository.
    pub(crate) fn within(mut self, folder: &str) -> Self {
        self.command.current_dir(root().join(folder));
        self
    }

    /// The command is not printed.
    pub(crate) fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Whether it can be run and passes. What it says is thrown away.
    pub(crate) fn passes(mut self) -> bool {
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        self.command.status().is_ok_and(|status| status.success())
    }

    pub(crate) fn run(mut self) -> Result {
        self.print();
        let status = self.command.status();
        self.judge(status)
    }

    /// Runs it, and returns what it wrote to standard output.
    pub(crate) fn output(mut self) -> Result<String> {
        self.print();
        match self.command.stderr(Stdio::inherit()).output() {
            Ok(output) => {
                self.judge(Ok(output.status))?;
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            }
            Err(error) => self.judge(Err(error)).map(|()| String::new()),
        }
    }

    /// Runs it, and returns what it wrote to standard output and standard error, which is printed
    /// when it has ended.
    pub(crate) fn said(mut self) -> Result<String> {
        self.print();
        match self.command.output() {
            Ok(output) => {
                let both = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&both).into_owned();
                print!("{said}");
                self.judge(Ok(output.status)).map(|()| said)
            }
            Err(error) => self.judge(Err(error)).map(|()| String::new()),
        }
    }

    /// Runs what has to fail, and returns what it wrote to standard output and standard error.
    pub(crate) fn refused(mut self) -> Result<String> {
        self.print();
        let line = self.line();
        let output = self.command.output().map_err(|error| Failure::found(error.to_string()))?;
        if output.status.success() {
            return Err(Failure::found(format!("`{line}` passes, and should not")));
        }
        Ok(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    fn print(&self) {
        if !self.quiet {
            println!("$ {}", self.line());
        }
    }

    /// The command, as a shell takes it.
    fn line(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        format!("{}{}", self.env, words.join(" "))
    }

    fn judge(&self, status: io::Result<ExitStatus>) -> Result {
        let line = self.line();
        match status {
            Ok(status) if status.success() => Ok(()),
            // Without a code it was ended by a signal.
            Ok(status) => {
                let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
                Err(Failure::Command { line, code })
            }
            Err(error) => Err(Failure::found(format!("`{line}` cannot be run: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_says_its_line_and_its_exit_code() {
        let failure = cargo("no-such-command-of-cargo").env("A", "b c").quietly().said();
        let failure = failure.expect_err("there is no such command");
        assert_eq!(failure.code(), 101);
        assert!(failure.to_string().starts_with("`A='b c' cargo no-such-command-of-cargo` ended"));
    }

    #[test]
    fn a_command_that_has_to_fail_does() {
        let said = cargo("no-such-command-of-cargo").quietly().refused().expect("it fails");
        assert!(said.contains("no-such-command-of-cargo"), "{said}");
        let passed = cargo("--version").quietly().refused().expect_err("it passes");
        assert_eq!(passed.to_string(), "`cargo --version` passes, and should not");
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure() {
        let failure = command("no-such-program").quietly().run().expect_err("it is not there");
        assert!(failure.to_string().starts_with("`no-such-program` cannot be run"), "{failure}");
        assert!(!command("no-such-program").passes());
    }
}
