//! The one place that reads the clock.

use tokio::time::Instant;
use workyard_core::Moment;

/// Tells how long ago the yard was built. It is tokio's clock, so it stands still where a test has paused that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    built_at: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { built_at: Instant::now() }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::new(Instant::now().saturating_duration_since(self.built_at))
    }
}
