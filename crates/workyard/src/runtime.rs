//! Owns what a yard's own futures and blocking closures run on: a tokio runtime, or a simulator in its place. Never decides what to run.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::refusals::Refusals;
use crate::simulation::{Simulator, here};

/// Where a yard runs what it starts.
#[derive(Clone)]
pub(crate) struct Runtime {
    handle: Handle,
    simulator: Option<Arc<dyn Simulator>>,
    refusals: Refusals,
}

impl Runtime {
    /// This runtime, or the simulator that this thread belongs to.
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle, simulator: here(), refusals: Refusals::default() }
    }

    /// Runs a future. On a simulator there is no handle to it.
    pub(crate) fn spawn<F>(&self, future: F) -> Option<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.simulator {
            None => Some(self.handle.spawn(future)),
            Some(simulator) => {
                simulator.spawn(std::any::type_name::<F>(), Box::pin(async move { drop(future.await) }));
                None
            }
        }
    }

    /// Runs a closure that may block: if the system gives no thread for it, once it does.
    pub(crate) fn spawn_blocking(&self, closure: impl FnOnce() + Send + 'static) {
        match &self.simulator {
            None => self.refusals.spawn_blocking(&self.handle, closure),
            Some(simulator) => simulator.call(std::any::type_name_of_val(&closure), Box::new(closure)),
        }
    }

    /// Has timers that are made on this thread be those of the runtime.
    #[cfg(not(workyard_shuttle))]
    pub(crate) fn enter(&self) -> Inside<'_> {
        self.handle.enter()
    }

    /// All of a model of shuttle is inside of one runtime and on one thread, where others may leave before who has entered earlier.
    #[cfg(workyard_shuttle)]
    pub(crate) fn enter(&self) -> Inside<'_> {
        Inside(std::marker::PhantomData)
    }

    pub(crate) fn simulator(&self) -> Option<&Arc<dyn Simulator>> {
        self.simulator.as_ref()
    }

    /// How many futures it polls at the same time at most.
    pub(crate) fn workers(&self) -> usize {
        match &self.simulator {
            None => self.handle.metrics().num_workers().max(1),
            Some(simulator) => simulator.io_workers().max(1),
        }
    }

    /// Tells a simulator what happened, if there is one.
    #[inline]
    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        if let Some(simulator) = &self.simulator {
            simulator.note(what);
        }
    }

    /// A place where others may go on, on a simulator.
    pub(crate) fn pause(&self) {
        if let Some(simulator) = &self.simulator {
            simulator.pause();
        }
    }
}

/// What is made on this thread while this is there is the runtime's.
#[cfg(not(workyard_shuttle))]
pub(crate) type Inside<'a> = tokio::runtime::EnterGuard<'a>;

/// Nobody needs to leave.
#[cfg(workyard_shuttle)]
pub(crate) struct Inside<'a>(std::marker::PhantomData<&'a ()>);

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("is_simulated", &self.simulator.is_some()).finish_non_exhaustive()
    }
}
