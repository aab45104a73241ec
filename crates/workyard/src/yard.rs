//! Owns the lanes of one yard, and what becomes of them when its last `Scheduler` is gone. Never takes a task in.

use std::sync::Arc;

use tokio::runtime::Runtime;
use workyard_core::Reason;

use crate::ground::YardShared;
use crate::lane::{BlockingLane, CpuLane, Executor, IoLane, LaneShared};
use crate::observe::{LaneSnapshot, TaskInfo, record};
use crate::schedule::{Schedule, Targets};
use crate::shutdown::ShutdownState;

/// The lanes, and what ends them.
pub(crate) struct Yard {
    pub(crate) io: IoLane,
    pub(crate) cpu: CpuLane,
    pub(crate) blocking: BlockingLane,
    named: Vec<NamedLane>,
    pub(crate) shared: Arc<YardShared>,
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) shutdown: ShutdownState,
    /// Last, so that the lanes are told before their tasks are dropped.
    runtime: Option<OwnRuntime>,
}

/// A runtime that ends without waiting, so that it may be dropped anywhere.
pub(crate) struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self(Some(runtime))
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) enum NamedLane {
    Io(IoLane),
    Cpu(CpuLane),
    Blocking(BlockingLane),
}

impl NamedLane {
    pub(crate) fn shared(&self) -> &Arc<LaneShared> {
        match self {
            Self::Io(lane) => lane.shared(),
            Self::Cpu(lane) => lane.shared(),
            Self::Blocking(lane) => lane.shared(),
        }
    }
}

impl Yard {
    pub(crate) fn new(
        io: IoLane,
        cpu: CpuLane,
        blocking: BlockingLane,
        named: Vec<NamedLane>,
        shared: Arc<YardShared>,
    ) -> Self {
        let (schedule, shutdown) = (Schedule::new(&shared), ShutdownState::default());
        let yard = Self { io, cpu, blocking, named, shared, schedule, shutdown, runtime: None };
        yard.shared.watchdog.look_after(yard.lanes().map(Arc::downgrade).collect());
        yard
    }

    /// Has the yard end this runtime with itself.
    pub(crate) fn owning(mut self, runtime: OwnRuntime) -> Self {
        self.runtime = Some(runtime);
        self
    }

    pub(crate) fn lanes(&self) -> impl Iterator<Item = &Arc<LaneShared>> {
        [self.io.shared(), self.cpu.shared(), self.blocking.shared()]
            .into_iter()
            .chain(self.named.iter().map(NamedLane::shared))
    }

    pub(crate) fn snapshots(&self) -> Vec<LaneSnapshot> {
        self.lanes().map(|lane| LaneSnapshot::of(lane).with(&self.schedule.account(lane))).collect()
    }

    pub(crate) fn tasks(&self) -> Vec<TaskInfo> {
        self.lanes().flat_map(|lane| TaskInfo::all_of(lane)).collect()
    }

    pub(crate) fn targets(&self) -> Targets<'_> {
        let Self { schedule, io, cpu, blocking, .. } = self;
        Targets { schedule, io, cpu, blocking }
    }

    pub(crate) fn named(&self, name: &str) -> Option<&NamedLane> {
        self.named.iter().find(|lane| &*lane.shared().name == name)
    }

    /// Tells the threads of all cpu lanes to end once they have nothing to run.
    pub(crate) fn release_threads(&self) {
        for lane in self.lanes() {
            if let Executor::Cpu(threads) = &lane.executor {
                threads.release();
            }
        }
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        let timers = self.close();
        if timers > 0 {
            record(|| {
                tracing::warn!(
                    target: "workyard",
                    timers,
                    "the last scheduler was dropped without a shutdown: timers that were not due are cancelled"
                );
            });
        }
        for lane in self.lanes() {
            let left = lane.counts().ledger;
            lane.cancel_all(Reason::Dropped);
            if left.live() > 0 {
                record(|| {
                    tracing::warn!(
                        target: "workyard",
                        lane = &*lane.name,
                        queued = left.queued,
                        running = left.running,
                        retry_waiting = left.retry_waiting,
                        "the last scheduler was dropped without a shutdown: what was left is cancelled"
                    );
                });
            }
            lane.unobserved.tell_rest(&lane.name);
        }
        self.release_threads();
        self.shared.timers.close();
        self.shared.watchdog.end();
        self.shared.guard.end();
    }
}
