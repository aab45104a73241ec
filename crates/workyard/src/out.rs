//! Whole lines to stdout and stderr, from any number of tasks and threads.
//!
//! ```
//! use workyard::{BoxError, Scheduler, out};
//!
//! # fn main() -> Result<(), BoxError> { tokio::runtime::Runtime::new()?.block_on(async {
//! let yard = Scheduler::new();
//! let greeting = yard.io().submit(async { out::stdout_line("hello from a task") }).await?;
//! let sum = yard.cpu().submit(|| out::stdout_line(format_args!("hello from a closure, {}", 6 * 7))).await?;
//! greeting.await??; // an error says that nobody reads any more
//! sum.await??;
//! # assert!(yard.shutdown().await.balances());
//! # Ok(()) }) }
//! ```
//!
//! `println!` panics once the reader is gone (`program | head`), in whichever task it is that writes then; these give an error. A
//! line that is put together from several `print!`s has the lines of others in it; these write it in one piece.
//!
//! # Order
//! The lines of one task or thread come in its order, those of several in any.
//!
//! # Blocking
//! As with `println!`, whoever writes waits while the reader does not read. Where that may be long, write on the blocking lane.
//! Do not hold the lock of [`io::stdout`] while you call it, or add to a progress that is shown: who writes above its bars may be
//! waiting for that lock, with that of the bars in hand.

// It owns how a line becomes one piece of bytes, and never which lines there are.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Writes `text` and the end of the line to stdout, as one piece. With bars of the feature `progress` on the same terminal it
/// stands above them.
///
/// The text is formatted before anything is locked, so what formats it may take its time, panic, or write lines of its own. A text of several
/// lines stays together. Other programs that write to the same pipe do not come in between if it is no longer than the
/// system writes at once (4 KiB on Linux), and nothing of a `print!` without an end is still to be written.
///
/// # Errors
/// Of the system: [`BrokenPipe`](io::ErrorKind::BrokenPipe) when nobody reads any more, and others, as when a disk is full. A part
/// of the text may have been written then. A stdout that was closed before the program began takes all and shows nothing.
///
/// # Examples
/// ```
/// use std::io::ErrorKind::BrokenPipe;
/// use workyard::out;
///
/// # fn main() -> std::io::Result<()> {
/// for n in 0..3 {
///     match out::stdout_line(format_args!("{n} is a number")) {
///         Err(error) if error.kind() == BrokenPipe => break, // who read has seen enough
///         written => written?,
///     }
/// }
/// # Ok(()) }
/// ```
pub fn stdout_line(text: impl Display) -> io::Result<()> {
    let line = whole(text);
    let write = || {
        let mut stdout = io::stdout().lock();
        stdout.write_all(line.as_bytes())?;
        stdout.flush()
    };
    // Elsewhere it does not meet the bars, and taking them away for each line would only make them flicker.
    if cfg!(feature = "progress") && io::stdout().is_terminal() { above_bars(write) } else { write() }
}

/// Writes `text` and the end of the line to stderr, as [`stdout_line`] does to stdout.
///
/// # Errors
/// As [`stdout_line`].
///
/// # Examples
/// ```
/// workyard::out::stderr_line("one file was skipped").ok(); // if nobody sees it, so be it
/// ```
pub fn stderr_line(text: impl Display) -> io::Result<()> {
    let line = whole(text);
    above_bars(|| io::stderr().write_all(line.as_bytes()))
}

fn whole(text: impl Display) -> String {
    format!("{text}\n")
}

#[cfg(feature = "progress")]
fn above_bars<R>(write: impl FnOnce() -> R) -> R {
    crate::progress::suspend(write)
}

#[cfg(not(feature = "progress"))]
fn above_bars<R>(write: impl FnOnce() -> R) -> R {
    write()
}
