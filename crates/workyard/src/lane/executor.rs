//! Owns where bodies run. Never decides when.

use std::fmt;
use std::sync::Arc;

use workyard_core::ShortBodies;

use crate::lane::LaneShared;
use crate::lane::cpu_threads::CpuThreads;
use crate::lane::workers::Worker;
use crate::runtime::Runtime;

/// Where the bodies of a lane run.
pub(crate) enum Executor {
    /// Futures, each a tokio task.
    Io(Runtime),
    /// Closures, on threads of the lane's own.
    Cpu(CpuThreads),
    /// Closures, on tokio's blocking threads.
    Blocking(Runtime),
    /// Closures of a cpu lane, on a simulator.
    SimulatedCpu(Runtime),
}

impl Executor {
    /// Whether bodies are closures, which workers take from the queue and which nothing can stop half way.
    pub(crate) const fn runs_closures(&self) -> bool {
        !matches!(self, Self::Io(_))
    }

    /// Whether bodies are closures that compute, and wait for nobody.
    pub(super) const fn computes(&self) -> bool {
        matches!(self, Self::Cpu(_) | Self::SimulatedCpu(_))
    }

    /// How many bodies it can run at the same instant, of a lane with this limit.
    pub(super) fn at_once(&self, limit: usize) -> usize {
        match self {
            Self::Io(runtime) => runtime.workers(),
            Self::Cpu(_) | Self::Blocking(_) | Self::SimulatedCpu(_) => limit,
        }
    }

    /// The word for it in snapshots and reports.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Io(_) => "io",
            Self::Cpu(_) | Self::SimulatedCpu(_) => "cpu",
            Self::Blocking(_) => "blocking",
        }
    }

    /// What is known of the bodies of a lane that has just been built.
    pub(super) fn first_guess(&self) -> ShortBodies {
        match self {
            Self::Cpu(_) => ShortBodies::default(),
            Self::Io(runtime) | Self::Blocking(runtime) | Self::SimulatedCpu(runtime) => {
                let are_expected = runtime.simulator().is_some_and(|simulator| simulator.expects_short_bodies());
                if are_expected { ShortBodies::EXPECTED } else { ShortBodies::default() }
            }
        }
    }

    pub(super) fn run(&self, worker: Worker) {
        match self {
            Self::Io(_) => debug_assert!(false, "an io lane has no workers"),
            Self::Cpu(threads) => threads.run(worker),
            Self::Blocking(runtime) | Self::SimulatedCpu(runtime) => {
                runtime.spawn_blocking(move || worker.run(false));
            }
        }
    }

    /// Sends a worker that came to the wrong thread on its way again.
    pub(super) fn hand_back(&self, lane: &Arc<LaneShared>) {
        let worker = Worker::new(lane);
        match self {
            Self::Io(_) | Self::Blocking(_) | Self::SimulatedCpu(_) => self.run(worker),
            Self::Cpu(threads) => threads.run_from_outside(worker, &lane.yard.runtime),
        }
    }

    /// Whether this is a thread of the lane's own.
    pub(super) fn is_own_thread(&self) -> bool {
        match self {
            Self::Io(_) | Self::Blocking(_) | Self::SimulatedCpu(_) => false,
            Self::Cpu(threads) => threads.is_current(),
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
