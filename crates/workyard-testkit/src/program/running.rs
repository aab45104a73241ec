//! Owns a started program: its outputs, its signals, its end. Never leaves one running, and never waits without a
//! deadline.
//!
//! Threads watch it. One reads each output, so that no pipe can fill up and stop the program; one writes its input, if
//! it gets any; and the keeper looks every few milliseconds at whether it has ended and how much memory it holds. None
//! of them takes the exit status: that is left to [`Running`] itself, at its own end. So the process id stays the
//! program's for as long as anybody can send it a signal, and no signal can go to a stranger that was given the id
//! since.

use std::fmt;
use std::io::{Read, Write};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::finished::{Finished, Outputs};
use super::os;
use super::output::Output;

/// A [`Program`](crate::Program) that was started. Dropping it kills it and what it started, and waits until it is
/// gone.
///
/// # Examples
/// ```no_run
/// use std::time::Duration;
/// use workyard_testkit::Program;
///
/// let server = Program::example("server").spawn();
/// server.wait_for_line("listening", Duration::from_secs(10));
/// # #[cfg(unix)]
/// server.terminate();
/// let finished = server.finish_within(Duration::from_secs(10));
/// assert_eq!(finished.code, Some(0), "{finished}");
/// ```
#[must_use = "dropping this kills the program"]
pub struct Running {
    name: String,
    since: Instant,
    child: Arc<Mutex<Child>>,
    shared: Arc<Shared>,
    watchers: Vec<JoinHandle<()>>,
}

impl Running {
    #[expect(clippy::disallowed_methods, reason = "they end with the program, and there are no lanes here")]
    pub(super) fn watch(mut child: Child, name: String, input: Vec<u8>, stderr: Option<Box<dyn Read + Send>>) -> Self {
        let since = Instant::now();
        let shared = Arc::<Shared>::default();
        if let Some(mut stdin) = child.stdin.take() {
            // A program that ends before it has read all of its input is no failure of the input.
            thread::spawn(move || stdin.write_all(&input).ok());
        }
        let stdout = child.stdout.take();
        let child = Arc::new(Mutex::new(child));
        let on_thread = |watch: Box<dyn FnOnce(&Shared) + Send>| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || watch(&shared))
        };
        let kept = Arc::clone(&child);
        let watchers = vec![
            on_thread(Box::new(|shared| shared.read(stdout, |state| &mut state.stdout))),
            on_thread(Box::new(|shared| shared.read(stderr, |state| &mut state.stderr))),
            on_thread(Box::new(move |shared| shared.keep(&kept))),
        ];
        Self { name, since, child, shared, watchers }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        lock(&self.child).id()
    }

    /// Sends it SIGINT, as Ctrl-C does; only to itself, not to what it started. One that has ended is left in peace.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        os::signal(&lock(&self.child), rustix::process::Signal::INT);
    }

    /// Sends it SIGTERM, as `kill` and service managers do; only to itself. One that has ended is left in peace.
    #[cfg(unix)]
    pub fn terminate(&self) {
        os::signal(&lock(&self.child), rustix::process::Signal::TERM);
    }

    /// Kills it on the spot (SIGKILL on Unix), as a crash would; only itself.
    pub fn kill(&self) {
        // What has ended already cannot be killed, and is what was asked for.
        lock(&self.child).kill().ok();
    }

    /// Waits for a line with `needle` in it, on either output, and gives that line. Lines that were written before this
    /// was called count, so it does not matter how fast the program is.
    ///
    /// # Panics
    /// With what it wrote, when there is no such line by the deadline, or both outputs have ended without one.
    #[track_caller]
    pub fn wait_for_line(&self, needle: &str, deadline: Duration) -> String {
        let (mut in_stdout, mut in_stderr) = (0, 0);
        let mut found = None;
        let state = self.shared.wait_until(deadline, |state| {
            found = state.stdout.line_with(needle, &mut in_stdout);
            found = found.take().or_else(|| state.stderr.line_with(needle, &mut in_stderr));
            found.is_some() || state.outputs_ended()
        });
        let after = if state.outputs_ended() { "until its end" } else { "in time" };
        drop(state);
        found.unwrap_or_else(|| self.fail(&format!("wrote no line with {needle:?} {after} ({deadline:?})")))
    }

    /// Waits for it to end by itself.
    ///
    /// # Panics
    /// With what it wrote, when at the deadline it still runs, or a process that it left behind still holds one of its
    /// outputs open. It is killed then, and what it left behind with it.
    #[track_caller]
    pub fn finish_within(mut self, deadline: Duration) -> Finished {
        let state = self.shared.wait_until(deadline, |state| state.ended_at.is_some() && state.outputs_ended());
        let (ended_at, outputs_ended) = (state.ended_at, state.outputs_ended());
        drop(state);
        let Some(ended_at) = ended_at else { self.fail(&format!("still ran after {deadline:?}")) };
        if !outputs_ended {
            self.fail(&format!("left a process behind that held its output after {deadline:?}"));
        }
        let status = self.reap();
        for watcher in self.watchers.drain(..) {
            // They have ended, or are about to; a panic of theirs would be a bug of this file, and shows on stderr.
            drop(watcher.join());
        }
        let state = lock(&self.shared.state);
        let (code, signal) = status.map_or((None, None), Finished::split);
        Finished {
            code,
            signal,
            stdout: state.stdout.text(),
            stderr: state.stderr.text(),
            elapsed: ended_at.duration_since(self.since),
            peak_rss_kib: state.peak_rss_kib,
        }
    }

    /// Panics about the program; unwinding drops `self`, which kills it.
    #[track_caller]
    #[expect(clippy::panic, reason = "the failure of a test")]
    fn fail(&self, what: &str) -> ! {
        let state = lock(&self.shared.state);
        let (stdout, stderr) = (state.stdout.text(), state.stderr.text());
        drop(state);
        panic!("`{}` {what}\n{}", self.name, Outputs(&stdout, &stderr))
    }

    /// Takes the exit status of a program that has ended, and with it gives up its id.
    fn reap(&self) -> Option<ExitStatus> {
        lock(&self.child).wait().ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.watchers.is_empty() {
            return; // finished, and reaped
        }
        os::kill_with_family(&mut lock(&self.child));
        drop(self.shared.wait_until(GONE_WITHIN, |state| state.ended_at.is_some()));
        self.reap();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("name", &self.name).field("id", &self.id()).finish_non_exhaustive()
    }
}

/// What the watchers tell.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stdout: Output,
    stderr: Output,
    ended_at: Option<Instant>,
    peak_rss_kib: Option<u64>,
}

impl State {
    fn outputs_ended(&self) -> bool {
        self.stdout.ended && self.stderr.ended
    }
}

impl Shared {
    /// Waits for the condition or the deadline, whichever comes first.
    fn wait_until(&self, deadline: Duration, mut condition: impl FnMut(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_timeout_while(lock(&self.state), deadline, |state| !condition(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Reads one output to its end.
    fn read(&self, pipe: Option<impl Read>, output: fn(&mut State) -> &mut Output) {
        let mut chunk = [0; 8 << 10];
        if let Some(mut pipe) = pipe {
            // An error, as the end, means that no more comes.
            while let Ok(len @ 1..) = pipe.read(&mut chunk) {
                output(&mut lock(&self.state)).push(&chunk[..len]);
                self.changed.notify_all();
            }
        }
        output(&mut lock(&self.state)).ended = true;
        self.changed.notify_all();
    }

    /// Looks after the process until it has ended.
    fn keep(&self, child: &Mutex<Child>) {
        loop {
            let mut process = lock(child);
            let (ended, peak_rss_kib) = (os::has_ended(&mut process), os::peak_rss_kib(&process));
            drop(process);
            let mut state = lock(&self.state);
            state.peak_rss_kib = state.peak_rss_kib.max(peak_rss_kib);
            if ended {
                state.ended_at = Some(Instant::now());
                drop(state);
                return self.changed.notify_all();
            }
            drop(state);
            thread::sleep(BETWEEN_LOOKS);
        }
    }
}

/// Nothing here can be left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// How long a killed process may take to go, on a machine however busy.
const GONE_WITHIN: Duration = Duration::from_secs(10);
