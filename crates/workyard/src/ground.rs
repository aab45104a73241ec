//! Owns what all lanes of a yard share. Never knows a lane, so that lanes may hold it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use workyard_core::mutant;

use crate::apart::Apart;
use crate::callbacks::Callbacks;
use crate::clock::Clock;
use crate::lane::Guard;
use crate::observe::Watchdog;
use crate::runtime::Runtime;
use crate::task::TaskId;
use crate::timers::Timers;
use crate::waits::Waits;

/// What all lanes of a yard share.
#[derive(Debug)]
pub(crate) struct YardShared {
    pub(crate) runtime: Runtime,
    pub(crate) clock: Clock,
    /// Cancelled when shutdown has closed the lanes.
    pub(crate) closing: CancellationToken,
    pub(crate) timers: Timers,
    pub(crate) waits: Waits,
    pub(crate) callbacks: Callbacks,
    pub(crate) watchdog: Watchdog,
    pub(crate) guard: Guard,
    /// Written by every submission, while the rest is read by every end of a task.
    next_task: Apart<AtomicU64>,
    next_lane: AtomicUsize,
    /// Whether somebody waits for lanes to become empty.
    shutting_down: AtomicBool,
    lane_changed: Notify,
}

impl YardShared {
    pub(crate) fn new(runtime: Runtime, watchdog: Watchdog) -> Self {
        Self {
            runtime,
            clock: Clock::start(),
            closing: CancellationToken::new(),
            timers: Timers::default(),
            waits: Waits::default(),
            callbacks: Callbacks::default(),
            watchdog,
            guard: Guard::default(),
            next_task: Apart(AtomicU64::new(0)),
            next_lane: AtomicUsize::new(0),
            shutting_down: AtomicBool::new(false),
            lane_changed: Notify::new(),
        }
    }

    pub(crate) fn next_id(&self) -> TaskId {
        // Relaxed: a number needs to be unique, nothing more.
        TaskId(self.next_task.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn next_lane(&self) -> usize {
        self.next_lane.fetch_add(1, Ordering::Relaxed)
    }

    /// From now on, [`task_ended`](Self::task_ended) is worth its cost.
    pub(crate) fn begin_shutdown(&self) {
        // Release and Acquire by way of the lanes' locks: shutdown sets this, then looks at each lane under its lock; a task
        // that ends after that look took the lock later and sees the flag, one that ended before it was seen.
        self.shutting_down.store(true, Ordering::Relaxed);
    }

    /// A task ended, or a body did, or a callback. Called after the lane's lock.
    pub(crate) fn task_ended(&self) {
        if self.shutting_down.load(Ordering::Relaxed) && !mutant!("end-of-task-untold") {
            self.lane_changed.notify_waiters();
        }
    }

    /// The next end of a task; to be made before the lanes are looked at.
    pub(crate) fn next_end(&self) -> tokio::sync::futures::Notified<'_> {
        self.lane_changed.notified()
    }
}
