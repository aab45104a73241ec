//! Owns what is said of a timer, as a value. Never asks it again.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::{DueKey, Moment};

use crate::lane::LaneShared;
use crate::schedule::entry::Series;
use crate::task::Name;

/// A timer that is going to fire; given by [`Scheduler::scheduled`](crate::Scheduler::scheduled).
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
/// use std::time::Duration;
///
/// let yard = workyard::Scheduler::new();
/// yard.every(Duration::from_secs(60)).name("sweep").cpu(|_tick| {});
/// let [sweep] = &yard.scheduled()[..] else { panic!("one timer") };
/// assert!(sweep.to_string().starts_with("\"sweep\" on cpu, every 60.0s, due in 60.0s, set at "));
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TimerInfo {
    /// The name that was given with `name`.
    pub name: Option<String>,
    /// The name of the lane that it fires into.
    pub lane: Arc<str>,
    /// How long until it is due; zero if it is, and waits for room in its lane or for the end of the tick before.
    pub due_in: Duration,
    /// Whether it fires once.
    pub kind: TimerKind,
    /// The line that set it.
    pub submitted_at: &'static Location<'static>,
}

/// How often a timer fires.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TimerKind {
    /// Once.
    Once,
    /// Again and again, with this period.
    Every(Duration),
    /// Again and again, by this pattern.
    #[cfg(feature = "cron")]
    Cron(Arc<str>),
}

impl TimerInfo {
    pub(super) fn once(
        name: Option<&Name>,
        lane: &LaneShared,
        site: &'static Location<'static>,
        due: Moment,
        now: Moment,
    ) -> Self {
        Self::new(name, lane, site, due.since(now), TimerKind::Once)
    }

    /// With its place among all timers.
    pub(super) fn series(number: u64, series: &Series, now: Moment) -> (DueKey, Self) {
        let (about, next) = (&series.about, series.recurrence.next());
        let info = Self::new(about.name.as_ref(), &about.lane, about.site, next.since(now), series.pace.kind());
        (DueKey::new(next, about.priority, number), info)
    }

    fn new(
        name: Option<&Name>,
        lane: &LaneShared,
        submitted_at: &'static Location<'static>,
        due_in: Duration,
        kind: TimerKind,
    ) -> Self {
        let name = name.map(|name| Name::as_str(name).to_owned());
        Self { name, lane: Arc::clone(&lane.name), due_in, kind, submitted_at }
    }
}

/// `"sweep" on cpu, every 60.0s, due in 12.0s, set at src/main.rs:10:5`
impl fmt::Display for TimerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, lane, due_in, kind, submitted_at } = self;
        if let Some(name) = name {
            write!(f, "\"{}\" ", name.escape_debug())?;
        }
        write!(f, "on {lane}, ")?;
        match kind {
            TimerKind::Once => f.write_str("once")?,
            TimerKind::Every(period) => write!(f, "every {period:.1?}")?,
            #[cfg(feature = "cron")]
            TimerKind::Cron(pattern) => write!(f, "cron {}", pattern.escape_debug())?,
        }
        write!(f, ", due in {due_in:.1?}, set at {submitted_at}")
    }
}
