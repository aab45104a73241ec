//! Owns what whoever sets a timer holds of it. Never keeps the yard alive.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::DueKey;

use crate::schedule::shared::Schedule;

/// A timer that was set, to be cancelled with. Made by [`After`](crate::After) and [`Every`](crate::Every).
///
/// # Drop
/// Dropping it detaches: the timer fires all the same.
pub struct Timer {
    pub(super) schedule: Arc<Schedule>,
    place: Place,
}

/// Where to look for a timer.
pub(super) enum Place {
    /// With the number of its lane among those that have timers.
    Once(DueKey, usize),
    Series(u64),
}

impl Timer {
    pub(super) fn new(schedule: &Arc<Schedule>, place: Place) -> Self {
        Self { schedule: Arc::clone(schedule), place }
    }

    /// Cancels the timer. `true` if that was in time: what it would have run is dropped here and now, and never runs. A timer
    /// that fires again and again has no further tick; one that waits for room in a full lane is dropped as well.
    ///
    /// `false` if there is nothing left to cancel: the work was given to its lane, or is at this instant, or the timer was
    /// cancelled before, by this or by the end of the yard. What the lane has is a task like any other, and goes on.
    ///
    /// # Cost
    /// O(1), however many timers there are: one short lock. Nothing of the timer is left in memory.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use std::time::Duration;
    ///
    /// let yard = workyard::Scheduler::new();
    /// let timer = yard.after(Duration::from_secs(3)).io(async { unreachable!("cancelled") });
    /// assert!(timer.cancel());
    /// assert!(!timer.cancel());
    /// assert_eq!(yard.shutdown().await.to_string(), "accepted 1 = 0 completed + 1 cancelled; stuck: none\n  never started: 1 (io 1)");
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn cancel(&self) -> bool {
        self.schedule.cancel(&self.place)
    }

    /// Whether the timer is going to fire (again): whether [`cancel`](Self::cancel) would be in time.
    pub fn is_scheduled(&self) -> bool {
        self.due_in().is_some()
    }

    /// How long until it is due; zero if it is, and waits for room in its lane or for the end of the tick before. `None` if it
    /// is not going to fire any more.
    pub fn due_in(&self) -> Option<Duration> {
        self.schedule.due_in(&self.place)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("due_in", &self.due_in()).finish_non_exhaustive()
    }
}
