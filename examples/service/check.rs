//! Owns what the service promises, and the runs that show whether it holds: the service as a process of its own, under load
//! to the end of it, and under load when SIGTERM comes. Never looks inside: both sides count, and the counts are compared.

use std::env;
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use workyard::BoxError;

use crate::args::LoadSettings;
use crate::load::{self, Found, Looks, Sum};

/// Says on stdout what holds. Whether all does.
pub(crate) fn start(settings: &LoadSettings) -> Result<bool, BoxError> {
    let out = &mut io::stdout();
    // Both, also if the first fails.
    Ok(under_load(out, settings)? & ended_under_load(out, settings)?)
}

fn under_load(out: &mut impl Write, settings: &LoadSettings) -> Result<bool, BoxError> {
    writeln!(out, "== under load")?;
    let mut service = Service::start()?;
    let found = load::run(out, service.address, settings)?;
    service.terminate()?;
    let counted = service.end()?;
    let (refused, unanswered) = (found.sum.refused, found.sum.closed + found.sum.lost);
    let ratio = found.health_ratio.unwrap_or(f64::INFINITY);
    let is_prompt = ratio <= MOST_RATIO;
    let Looks { all, busy, .. } = found.looks;
    let is_busy = all > 0 && busy * 10 >= all * 9;
    Ok(says(out, is_busy, &format!("all threads of the cpu lane computed at {busy} of {all} looks"))?
        & says(out, refused > 0, &format!("{refused} requests found the cpu lane full"))?
        & says(out, is_prompt, &format!("health p99 is {ratio:.2} times the idle one, of {MOST_RATIO}"))?
        & says(out, unanswered == 0, &format!("{unanswered} requests have no answer"))?
        & agree(out, &found, &counted)?)
}

fn ended_under_load(out: &mut impl Write, settings: &LoadSettings) -> Result<bool, BoxError> {
    writeln!(out, "== SIGTERM under load")?;
    let mut service = Service::start()?;
    let address = service.address;
    let (found, terminated) = thread::scope(|scope| {
        let terminates = scope.spawn(|| {
            thread::sleep(settings.idle + settings.time * 3 / 4);
            service.terminate()
        });
        let found = load::run(out, address, settings);
        (found, terminates.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    terminated?;
    let (found, counted) = (found?, service.end()?);
    let Sum { closed, lost, .. } = found.sum;
    Ok(says(out, lost == 0, &format!("{lost} requests were lost; {closed} came when their connection closed"))?
        & agree(out, &found, &counted)?)
}

/// Both sides saw the same requests answered, and there are no others that the service had accepted.
fn agree(out: &mut impl Write, found: &Found, counted: &str) -> io::Result<bool> {
    let answered = found.sum.answered;
    let all = format!("service: accepted {answered} answered {answered} gone 0");
    says(out, counted == all, &format!("clients have {answered} answers; {counted}"))
}

fn says(out: &mut impl Write, holds: bool, what: &str) -> io::Result<bool> {
    writeln!(out, "{} {what}", if holds { "holds:" } else { "FAILS:" })?;
    Ok(holds)
}

/// This very program as a service. Dropping it kills it.
struct Service {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Service {
    fn start() -> Result<Self, BoxError> {
        let mut command = Command::new(env::current_exe()?);
        // Fewer places than clients: some are told to come back.
        command.args(["--listen", "127.0.0.1:0", "--cpu-queue", "32"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("a child without stdout")?;
        let (stdout, mut line) = (BufReader::new(stdout), String::new());
        // Made first, so that a child that says something else is killed.
        let mut service = Self { child, stdout, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        service.stdout.read_line(&mut line)?;
        service.address =
            line.trim_end().parse().map_err(|_| format!("the service wrote {line:?}, not its address"))?;
        Ok(service)
    }

    #[cfg(unix)]
    fn terminate(&mut self) -> io::Result<()> {
        use rustix::process::{Pid, Signal, kill_process};
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    #[cfg(not(unix))]
    fn terminate(&mut self) -> io::Result<()> {
        Err(io::Error::other("this system has no SIGTERM to send"))
    }

    /// Waits for its end, and gives the last line that it wrote.
    fn end(mut self) -> Result<String, BoxError> {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest)?;
        let status = self.child.wait()?;
        if !status.success() {
            return Err(format!("the service ended with {status}").into());
        }
        Ok(rest.lines().last().unwrap_or_default().to_owned())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Computing must not be felt where nothing is computed.
const MOST_RATIO: f64 = 5.0;
