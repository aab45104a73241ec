//! Owns what there is to be told apart in a folder. Never asks the system.

use std::fs::FileType;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    File,
    Folder,
    Socket,
    Pipe,
    Device,
    /// What no other one is.
    Other,
}

impl Kind {
    /// `None` for a symbolic link.
    pub(super) fn of(found: FileType) -> Option<Self> {
        if found.is_file() {
            Some(Self::File)
        } else if found.is_dir() {
            Some(Self::Folder)
        } else if found.is_symlink() {
            None
        } else {
            Some(Self::special(found))
        }
    }

    #[cfg(unix)]
    fn special(found: FileType) -> Self {
        use std::os::unix::fs::FileTypeExt as _;
        if found.is_socket() {
            Self::Socket
        } else if found.is_fifo() {
            Self::Pipe
        } else if found.is_block_device() || found.is_char_device() {
            Self::Device
        } else {
            Self::Other
        }
    }

    #[cfg(not(unix))]
    fn special(_: FileType) -> Self {
        Self::Other
    }

    /// Why it is skipped.
    pub(super) const fn why_skipped(self) -> &'static str {
        match self {
            Self::Socket => "skipped: a socket",
            Self::Pipe => "skipped: a pipe",
            Self::Device => "skipped: a device",
            Self::File | Self::Folder | Self::Other => "skipped: not a regular file",
        }
    }
}
