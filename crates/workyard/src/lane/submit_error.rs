//! Owns what a submitter is told whose work was not accepted. The work comes back in it.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

/// Work that was not accepted, and why. [`into_inner`](Self::into_inner) gives it back.
///
/// It is an error like any other, whatever the work is: `?` works into `Box<dyn Error + Send + Sync>` and the like also
/// if the work is neither `Sync` nor `Debug`.
pub struct SubmitError<F> {
    why: Refused,
    lane: Arc<str>,
    /// In a mutex only to be `Sync`.
    work: Mutex<F>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    Full,
    Closed,
    Timeout,
    /// The group it was to join takes no more members.
    Group,
    /// A closure of the lane would have to make room in its own stack, which is used up.
    Stack,
}

impl<F> SubmitError<F> {
    pub(super) fn new(why: Refused, lane: &Arc<str>, work: F) -> Self {
        Self { why, lane: Arc::clone(lane), work: Mutex::new(work) }
    }

    /// The work.
    pub fn into_inner(self) -> F {
        self.work.into_inner()
    }

    /// Whether all slots and places of the lane were taken. It may be worth trying again.
    pub fn is_full(&self) -> bool {
        self.why == Refused::Full
    }

    /// Whether the lane takes nothing in any more, or the group that the task was to join was cancelled.
    pub fn is_closed(&self) -> bool {
        matches!(self.why, Refused::Closed | Refused::Group)
    }

    /// Whether a closure of the lane itself would have had to make room by running others in its stack, and there is too little of that left:
    /// closures that submit to their own lane while it is full run one another. Calling the work where it is keeps things going.
    pub fn is_out_of_stack(&self) -> bool {
        self.why == Refused::Stack
    }

    /// Whether there was no room in the time that `submit_timeout` was given.
    pub fn is_timeout(&self) -> bool {
        self.why == Refused::Timeout
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lane = &self.lane;
        match self.why {
            Refused::Full => write!(f, "lane {lane} is full"),
            Refused::Closed => write!(f, "lane {lane} is closed"),
            Refused::Timeout => write!(f, "lane {lane} had no room in time"),
            Refused::Stack => {
                write!(f, "lane {lane} is full, and the stack of this closure of it has no room for others")
            }
            Refused::Group => write!(f, "the group of this task for lane {lane} was cancelled"),
        }
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError").field("why", &self.why).field("lane", &self.lane).finish_non_exhaustive()
    }
}

impl<F> std::error::Error for SubmitError<F> {}
