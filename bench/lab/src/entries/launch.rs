//! From an entry to a server that answers.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::entries::ability::Ability;
use crate::entries::files::Files;
use crate::entries::output::Output;
use crate::entries::place::{Place, Port};
use crate::entries::running::Running;
use crate::results::Kind;

/// How long a server may take until it answers. A pool starts thousands of threads.
const START: Duration = Duration::from_secs(20);

/// How long until it is looked again whether a server that starts answers.
const AGAIN: Duration = Duration::from_millis(2);

/// Where a server speaks HTTP, and where over TLS.
type Addresses = (SocketAddr, Option<SocketAddr>);

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Launch {
    program: PathBuf,
    /// With words in braces, which are filled in at each start.
    arguments: Vec<String>,
    /// A file that it reads, by name, and what is in it, likewise.
    configuration: Option<(&'static str, &'static str)>,
    /// Whether it chooses its ports and says them.
    announces: bool,
    files: Option<Arc<Files>>,
}

impl Launch {
    /// A binary of ours: it listens where the system has room, says `http://ADDRESS/` (and
    /// `https://ADDRESS/`) in a line each, and ends with its standard input. With `--check` it says
    /// only whether it could run.
    pub(super) fn announced(program: &Path, arguments: &[&str]) -> Self {
        Launch { announces: true, ..Launch::told(program, arguments) }
    }

    /// A program that is told where to listen: at `{port}`, and at `{tls_port}` if it speaks TLS.
    pub(super) fn told(program: &Path, arguments: &[&str]) -> Self {
        Launch {
            program: program.to_owned(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            configuration: None,
            announces: false,
            files: None,
        }
    }

    /// It serves these as `{files}`, with `{certificate}` if it speaks TLS.
    pub(super) fn with_files(mut self, files: &Arc<Files>) -> Self {
        self.files = Some(Arc::clone(files));
        self
    }

    /// It is told this as well.
    #[must_use]
    pub fn with(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// It reads this file as `{configuration}`, in a `{directory}` of its own.
    pub(super) fn with_configuration(mut self, file: &'static str, text: &'static str) -> Self {
        self.configuration = Some((file, text));
        self
    }

    /// Whether this machine can run a binary of ours; if not, what is missing, in a sentence.
    pub(super) fn check(&self) -> Result<(), String> {
        let output = Command::new(&self.program).args(&self.arguments).arg("--check").output();
        let output = output.map_err(|error| format!("{}: {error}", self.program.display()))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(said.trim().trim_start_matches("error: ").to_owned())
    }

    /// Program and arguments, as they would be typed in the workspace.
    pub(super) fn command(&self, workspace: &Path) -> Vec<String> {
        let program = match self.program.strip_prefix(workspace) {
            Ok(ours) => ours.display().to_string(),
            Err(_) => self.program.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        [program].into_iter().chain(self.arguments.iter().cloned()).collect()
    }

    /// Starts it on the core on which the calling thread is, and waits until it answers.
    pub(super) fn start(
        &self,
        name: &str,
        kind: Kind,
        abilities: &'static [Ability],
    ) -> io::Result<Running> {
        let failed = |reason| io::Error::other(format!("{name} does not start: {reason}"));
        let tls = abilities.contains(&Ability::Tls);
        let (place, output) = (Place::new()?, Output::new()?);
        let ports = match self.announces {
            true => None,
            false => Some([Port::reserve()?, Port::reserve()?]),
        };
        let place = self.furnish(place, ports.as_ref())?;
        let child = self.spawn(&place, &output).map_err(|error| failed(error.to_string()))?;
        let mut running = Running::new(kind, abilities, child, place, self.files.clone());
        let deadline = Instant::now() + START;
        loop {
            if let Some(status) = running.child().try_wait()? {
                return Err(failed(format!("it ended ({status}); {}", output.last_words())));
            }
            let addresses = match &ports {
                Some([http, https]) => Some((http.address, tls.then_some(https.address))),
                None => announced(&output.lines(), tls),
            };
            if let Some((http, https)) = addresses.filter(|(http, _)| answers(*http, deadline)) {
                running.found_at(http, https);
                return Ok(running);
            }
            if Instant::now() > deadline {
                let words = output.last_words();
                return Err(failed(format!("no answer within {} s; {words}", START.as_secs())));
            }
            thread::sleep(AGAIN); // another process starts: there is nothing to wait on
        }
    }

    /// Says what the words mean, and writes the configuration.
    fn furnish(&self, mut place: Place, ports: Option<&[Port; 2]>) -> io::Result<Place> {
        if let Some([http, https]) = ports {
            place.add("{port}", http.address.port().to_string());
            place.add("{tls_port}", https.address.port().to_string());
        }
        if let Some(files) = &self.files {
            place.add("{files}", files.directory().display().to_string());
            place.add("{certificate}", files.certificate().display().to_string());
        }
        if let Some((file, text)) = self.configuration {
            let path = place.write(file, text)?;
            place.add("{configuration}", path.display().to_string());
        }
        Ok(place)
    }

    fn spawn(&self, place: &Place, output: &Output) -> io::Result<Child> {
        raise_descriptor_limit();
        Command::new(&self.program)
            .args(self.arguments.iter().map(|argument| place.fill_in(argument)))
            .current_dir(place.path())
            .process_group(0) // ctrl-C is for us: servers are stopped when they have been measured
            .stdin(Stdio::piped()) // ends with us
            .stdout(output.said.try_clone()?)
            .stderr(output.complained.try_clone()?)
            .spawn()
    }
}

/// The addresses that a binary of ours has said, once all have been.
fn announced(lines: &[String], tls: bool) -> Option<Addresses> {
    let find = |scheme: &str| {
        let said = lines.iter().find_map(|line| line.strip_prefix(scheme))?;
        said.trim_end_matches('/').parse().ok()
    };
    let (http, https) = (find("http://")?, find("https://"));
    (https.is_some() || !tls).then_some((http, https))
}

/// Whether a request is answered.
fn answers(server: SocketAddr, deadline: Instant) -> bool {
    let ask = || -> io::Result<bool> {
        let left = deadline.saturating_duration_since(Instant::now());
        let patience = left.max(Duration::from_millis(1));
        let mut stream = TcpStream::connect_timeout(&server, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(b"GET /text HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        let mut start = [0; b"HTTP/1.1 200".len()];
        stream.read_exact(&mut start)?;
        Ok(start == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

/// A connection takes a descriptor, and the usual limit is 1,024. Servers have the limit of
/// the process that starts them: as high as it may be.
fn raise_descriptor_limit() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most); // then we live with the usual one
    }
}
