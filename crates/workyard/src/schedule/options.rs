//! Owns what may be said of a timer and of its tasks, once for all kinds of timers. Never sets one.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::{Missed, Overlap, Priority};

use crate::lane::{BlockingLane, CpuLane, IoLane, LaneShared};
use crate::retry::Retry;
use crate::schedule::entry::About;
use crate::schedule::pace::Pace;
use crate::schedule::shared::Schedule;
use crate::task::Name;
use crate::task::header::Options;

/// Where timers are set, and the lanes that they fire into unless told otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Targets<'a> {
    pub(crate) schedule: &'a Arc<Schedule>,
    pub(crate) io: &'a IoLane,
    pub(crate) cpu: &'a CpuLane,
    pub(crate) blocking: &'a BlockingLane,
}

/// What the tasks of a timer are made with.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) name: Option<Name>,
    pub(super) priority: Priority,
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Option<Retry>,
}

/// When a timer fires that fires again and again.
#[derive(Debug)]
pub(super) struct Rhythm {
    pub(super) first_after: Option<Duration>,
    pub(super) pace: Pace,
    pub(super) missed: Missed,
    pub(super) overlap: Overlap,
}

impl Plan {
    /// For the one task of a timer that fires once.
    pub(super) fn options(self, site: &'static Location<'static>) -> Options {
        let Self { name, priority, timeout, retry: _ } = self;
        let mut options = Options::at(site).with_priority(priority).named(name).scheduled();
        if timeout.is_some() {
            options.rare().limits().timeout = timeout;
        }
        options
    }

    pub(super) fn about(self, lane: &Arc<LaneShared>, site: &'static Location<'static>) -> About {
        let Self { name, priority, timeout, retry } = self;
        About { name, site, priority, timeout, retry, lane: Arc::clone(lane) }
    }
}

/// What all kinds of timers may be told of their tasks.
macro_rules! timer_options {
    ($timer:ident) => {
        impl<'a> $timer<'a> {
            /// Makes an `Err` of the body the task's outcome: *failed*, which is counted among the
            /// [`unobserved_failures`](crate::LaneSnapshot::unobserved_failures) of the lane. Without it, an `Err` is a value as any
            /// other, and dropped like one.
            pub fn fallible(self) -> $timer<'a, Fallible> {
                let Self { targets, plan, when, .. } = self;
                $timer { targets, plan, when, returns: PhantomData }
            }
        }

        impl<R> $timer<'_, R> {
            /// The name of the timer and of its tasks: in errors, logs and lists. It need not be unique, and is cut after 128 bytes.
            pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
                self.plan.name = Some(Name::new(name.into()));
                self
            }

            /// Which timer goes first of those that are due at the same time, and how urgent its tasks are on a lane whose order is by
            /// priority.
            pub fn priority(mut self, priority: Priority) -> Self {
                self.plan.priority = priority;
                self
            }

            /// How long the body of each task may run, from its start, as [`FutureTask::timeout`](crate::FutureTask::timeout).
            pub fn timeout(mut self, timeout: Duration) -> Self {
                self.plan.timeout = Some(timeout);
                self
            }
        }

        impl<R> fmt::Debug for $timer<'_, R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($timer))
                    .field("name", &self.plan.name)
                    .field("when", &self.when)
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(super) use timer_options;
