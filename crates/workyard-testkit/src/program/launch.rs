//! Owns how a built program is found, started and told apart from others. Never looks at it once it runs.

use std::env;
use std::ffi::{OsStr, OsString};
#[cfg(target_os = "linux")]
use std::fs::File;
#[cfg(target_os = "linux")]
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::finished::Finished;
use super::running::Running;
#[cfg(target_os = "linux")]
use super::terminal::{Size, Terminal};

/// A program to run as a user runs it: with arguments and input, and with a deadline.
///
/// It gets the given input and then the end of it, and the first 64 MiB of each output are kept. On Unix it leads a
/// process group of its own: what it started is killed with it, and a Ctrl-C meant for the test run does not reach it.
///
/// # Examples
/// ```no_run
/// use std::time::Duration;
/// use workyard_testkit::Program;
///
/// let finished = Program::example("integrate").arg("--chunks=7").run_within(Duration::from_secs(30));
/// assert_eq!(finished.code, Some(0), "{finished}");
/// assert!(finished.stdout.contains("3.14159"), "{finished}");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a program does nothing until it is run"]
pub struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    #[cfg(target_os = "linux")]
    terminal: Option<Size>,
}

impl Program {
    /// The program at this path, or of this name in `PATH`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
            env: Vec::new(),
            stdin: Vec::new(),
            #[cfg(target_os = "linux")]
            terminal: None,
        }
    }

    /// The example program of this name, from the same build as the running test: it looks in `examples` of the folder
    /// that the test's own file is in, whichever target folder and profile that is.
    ///
    /// `cargo test --workspace` builds the examples before the tests run; `cargo test -p one-package` may not have done
    /// so.
    ///
    /// # Panics
    /// When it is not there: with the command that builds it.
    #[track_caller]
    pub fn example(name: &str) -> Self {
        let path = env::current_exe().ok().and_then(|exe| example_beside(&exe, name));
        let path = path.unwrap_or_else(|| PathBuf::from("examples").join(name));
        assert!(path.is_file(), "{} is not built: `cargo build --examples`, or `cargo xtask test`", path.display());
        Self::new(path)
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Sets a variable of its environment, which otherwise is the test's own.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// What it reads from its standard input before the end of it. Nothing, unless this is called.
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.stdin = input.into();
        self
    }

    /// Gives it a terminal of this size as its standard error, on which programs show what they do not write to a file.
    /// It is a terminal of its own, where nobody types; each line that is written to it ends with `\r\n`.
    ///
    /// Ask [`has_terminals`](crate::has_terminals) first: not every container has them.
    #[cfg(target_os = "linux")]
    pub fn stderr_on_terminal(mut self, columns: u16, rows: u16) -> Self {
        self.terminal = Some(Size { columns, rows });
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When the system cannot start it.
    #[track_caller]
    pub fn spawn(self) -> Running {
        let mut command = Command::new(&self.path);
        command.args(&self.args).envs(self.env);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let name = shown(&self.path, &self.args);
        #[cfg(target_os = "linux")]
        let shown_on = self.terminal.map(|size| on_terminal(&mut command, size));
        #[cfg(not(target_os = "linux"))]
        let shown_on = None;
        let started = command.spawn();
        // With it goes the program's end of the terminal, without which ours would never close.
        drop(command);
        match started {
            Ok(mut child) => {
                let stderr = shown_on.or_else(|| child.stderr.take().map(|pipe| Box::new(pipe) as Box<_>));
                Running::watch(child, name, self.stdin, stderr)
            }
            #[expect(clippy::panic, reason = "a test whose program does not start has failed")]
            Err(error) => panic!("`{name}` cannot be started: {error}"),
        }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When the system cannot start it, and when it has not ended by the deadline: it is killed then, and the message
    /// has what it wrote.
    #[track_caller]
    pub fn run_within(self, deadline: Duration) -> Finished {
        self.spawn().finish_within(deadline)
    }
}

/// Makes a terminal its standard error, and gives the end to read from.
#[cfg(target_os = "linux")]
#[track_caller]
fn on_terminal(command: &mut Command, size: Size) -> Box<dyn Read + Send> {
    match Terminal::open(size) {
        Ok(Terminal { ours, programs }) => {
            command.stderr(programs);
            Box::new(File::from(ours))
        }
        #[expect(clippy::panic, reason = "a test whose program does not start has failed")]
        Err(error) => panic!("there is no terminal to be had: {error}"),
    }
}

/// Test binaries are in `<profile>/deps`, other programs in `<profile>` or `<profile>/examples`.
pub(super) fn example_beside(exe: &Path, name: &str) -> Option<PathBuf> {
    let folder = exe.parent()?;
    let inner = ["deps", "examples"].iter().any(|inner| folder.ends_with(inner));
    let profile = if inner { folder.parent()? } else { folder };
    Some(profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}

/// The command line as a person would write it, for messages.
fn shown(path: &Path, args: &[OsString]) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let words = std::iter::once(name).chain(args.iter().map(OsString::as_os_str)).map(OsStr::to_string_lossy);
    words.collect::<Vec<_>>().join(" ")
}
