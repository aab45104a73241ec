//! The one place that reads the clock.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use workyard_core::Moment;

use crate::simulation;

/// Tells how long ago the yard was built. It is tokio's clock, so it stands still where a test has paused that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    built_at: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { built_at: Instant::now() }
    }

    #[inline]
    pub(crate) fn now(&self) -> Moment {
        Moment::new(Instant::now().saturating_duration_since(self.built_at))
    }

    /// Which moment a time on tokio's clock is; the start of the yard, if it was before.
    pub(crate) fn moment(&self, instant: Instant) -> Moment {
        Moment::new(instant.saturating_duration_since(self.built_at))
    }

    /// When a moment is on tokio's clock; `None` if that does not reach so far.
    pub(crate) fn instant(&self, moment: Moment) -> Option<Instant> {
        self.built_at.checked_add(moment.since_start())
    }

    /// The time on the wall. Where a test has paused or stepped tokio's clock, it is as far from the system's as that one is.
    #[cfg(feature = "cron")]
    pub(crate) fn wall() -> SystemTime {
        if let Some(wall) = simulation::wall() {
            return wall;
        }
        let (tokio, system) = (Instant::now().into_std(), std::time::Instant::now());
        let wall = SystemTime::now();
        let ahead = wall.checked_add(tokio.saturating_duration_since(system));
        ahead.and_then(|ahead| ahead.checked_sub(system.saturating_duration_since(tokio))).unwrap_or(wall)
    }

    /// How long until this time, by the clock on the wall as it is set now; zero if it has passed.
    pub(crate) fn until(time: SystemTime) -> Duration {
        time.duration_since(simulation::wall().unwrap_or_else(SystemTime::now)).unwrap_or_default()
    }
}

/// Tells the time to the eyes of people, so it goes on where a test has paused tokio's clock. On Linux it is that of the
/// system's last tick: some milliseconds late, and read without asking the hardware.
#[cfg(feature = "progress")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct CoarseClock {
    #[cfg(target_os = "linux")]
    started: Duration,
    #[cfg(not(target_os = "linux"))]
    started: std::time::Instant,
}

#[cfg(all(feature = "progress", target_os = "linux"))]
impl CoarseClock {
    pub(crate) fn start() -> Self {
        Self { started: Self::since_boot() }
    }

    #[inline]
    pub(crate) fn now(&self) -> Moment {
        Moment::new(Self::since_boot().saturating_sub(self.started))
    }

    fn since_boot() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
        // It never is negative.
        Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
    }
}

#[cfg(all(feature = "progress", not(target_os = "linux")))]
impl CoarseClock {
    pub(crate) fn start() -> Self {
        Self { started: std::time::Instant::now() }
    }

    #[inline]
    pub(crate) fn now(&self) -> Moment {
        Moment::new(self.started.elapsed())
    }
}
