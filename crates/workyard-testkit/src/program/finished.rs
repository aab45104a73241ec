//! Owns what is left of a program that has ended. Never touches the program.

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

/// How a [`Program`](crate::Program) ended, and what it wrote. `{}` shows the code and
/// the end of both outputs, for the message of an assertion.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finished {
    /// Its exit code, if it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it, if one did; always `None` outside Unix.
    pub signal: Option<i32>,
    /// What it wrote to its standard output. Bytes that are not UTF-8 are replaced by `U+FFFD`.
    pub stdout: String,
    /// What it wrote to its standard error, likewise.
    pub stderr: String,
    /// From its start to its end, some milliseconds too long at most.
    pub elapsed: Duration,
    /// The most memory that it had resident at once, in KiB; `None` outside Linux, and where it ended before it could
    /// be looked at.
    ///
    /// It is looked at every few milliseconds, so growth in its very last moments may be missed.
    pub peak_rss_kib: Option<u64>,
}

impl Finished {
    pub(super) fn split(status: ExitStatus) -> (Option<i32>, Option<i32>) {
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        #[cfg(not(unix))]
        let signal = None;
        (status.code(), signal)
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}")?,
            (None, Some(signal)) => write!(f, "ended by signal {signal}")?,
            (None, None) => f.write_str("ended")?,
        }
        write!(f, " after {:?}\n{}", self.elapsed, Outputs(&self.stdout, &self.stderr))
    }
}

/// The ends of both outputs, one below the other.
pub(super) struct Outputs<'a>(pub(super) &'a str, pub(super) &'a str);

impl fmt::Display for Outputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--- stdout ---\n{}\n--- stderr ---\n{}", end_of(self.0), end_of(self.1))
    }
}

fn end_of(output: &str) -> String {
    let output = output.trim_end();
    match output.ceil_char_boundary(output.len().saturating_sub(SHOWN_BYTES)) {
        0 => output.to_owned(),
        skipped => format!("[{skipped} bytes before]\n{}", &output[skipped..]),
    }
}

/// How much of an output is shown in a message: what a person reads, not what a program can write.
const SHOWN_BYTES: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_long_output_is_shown() {
        assert_eq!(end_of("short\n"), "short");
        assert_eq!(end_of(&"x".repeat(SHOWN_BYTES)), "x".repeat(SHOWN_BYTES));
        let long = format!("aé{}", "x".repeat(SHOWN_BYTES - 1));
        assert_eq!(end_of(&long), format!("[3 bytes before]\n{}", "x".repeat(SHOWN_BYTES - 1)));
    }
}
