//! Owns the pseudo-terminal that a program may get in place of a pipe. Never reads or writes it.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open as open_file};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Both ends of a terminal.
pub(super) struct Terminal {
    /// What is read to see what was written.
    pub(super) ours: OwnedFd,
    /// What a program writes to.
    pub(super) programs: OwnedFd,
}

/// Whether this machine has pseudo-terminals, as [`Program::stderr_on_terminal`](crate::Program::stderr_on_terminal) needs.
///
/// # Errors
/// What the system said when one was asked for.
pub fn has_terminals() -> io::Result<()> {
    Terminal::open(Size { columns: 80, rows: 24 }).map(drop)
}

/// How large a terminal is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) columns: u16,
    pub(super) rows: u16,
}

impl Terminal {
    pub(super) fn open(size: Size) -> io::Result<Self> {
        // Close-on-exec, or the program would hold our end as well, and never see it close.
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let programs = open_file(ptsname(&ours, Vec::new())?, flags, Mode::empty())?;
        let winsize = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&programs, winsize)?;
        Ok(Self { ours, programs })
    }
}
