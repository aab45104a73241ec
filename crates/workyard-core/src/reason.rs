//! Owns why a task was stopped. Never stops one.

use std::fmt;

use crate::Outcome;

/// Why a task was asked to stop, or was stopped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// Its handle, its token or its lane was told to cancel or abort.
    User,
    /// It ran longer than its `timeout`.
    Timeout,
    /// Its `deadline` passed.
    Deadline,
    /// It waited longer than its `queue_timeout`.
    QueueTimeout,
    /// The yard shut down, and draining was over.
    Shutdown,
    /// Its group was cancelled or dropped.
    Group,
    /// Who held it was dropped: an `abort_on_drop` handle, a `run` future, the last `Scheduler`, the runtime.
    Dropped,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::User, Self::Timeout, Self::Deadline, Self::QueueTimeout, Self::Shutdown, Self::Group, Self::Dropped];

    /// The word that errors and logs use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "by request",
            Self::Timeout => "timeout",
            Self::Deadline => "deadline",
            Self::QueueTimeout => "queue timeout",
            Self::Shutdown => "shutdown",
            Self::Group => "group cancelled",
            Self::Dropped => "dropped",
        }
    }

    /// The outcome of a task that is stopped before its body returns: time that ran out is an outcome of its own.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Timeout | Self::Deadline | Self::QueueTimeout => Outcome::TimedOut,
            Self::User | Self::Shutdown | Self::Group | Self::Dropped => Outcome::Cancelled,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_word_and_an_outcome() {
        let words = ["by request", "timeout", "deadline", "queue timeout", "shutdown", "group cancelled", "dropped"];
        assert_eq!(Reason::ALL.map(|reason| reason.to_string()), words);
        assert_eq!(Reason::ALL.map(Reason::word), words);
        let out_of_time = [Reason::Timeout, Reason::Deadline, Reason::QueueTimeout];
        for reason in Reason::ALL {
            let expected = if out_of_time.contains(&reason) { Outcome::TimedOut } else { Outcome::Cancelled };
            assert_eq!(reason.outcome(), expected, "{reason}");
        }
    }
}
