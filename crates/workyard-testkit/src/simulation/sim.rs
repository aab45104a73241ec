//! Owns what a test sees of its simulation. Never chooses what runs.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;

use super::core::Core;
use super::part::Body;
use super::wing;
use crate::Rng;

/// A test's own simulation; given to it by [`simulate`](super::simulate).
#[derive(Clone)]
pub struct Sim {
    core: Arc<Core>,
    seed: u64,
}

impl Sim {
    pub(super) const fn new(core: Arc<Core>, seed: u64) -> Self {
        Self { core, seed }
    }

    /// The seed of this simulation.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// A generator of random choices that follow from the seed; another one with each call.
    pub fn rng(&self) -> Rng {
        Rng::new(self.core.draw_number())
    }

    /// How much virtual time has passed since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.core.elapsed()
    }

    /// How many steps were taken.
    pub fn steps(&self) -> u64 {
        self.core.steps()
    }

    /// Has this called after each step of the simulation: an invariant, which panics if it does not hold. That fails the simulation. It must
    /// neither wait nor add checks.
    pub fn always(&self, check: impl FnMut() + Send + 'static) {
        self.core.check_after_each_step(Box::new(check));
    }

    /// As [`always`](Self::always), but called whenever nothing can go on before time passes: an invariant of rest.
    pub fn when_idle(&self, check: impl FnMut() + Send + 'static) {
        self.core.check_at_rest(Box::new(check));
    }

    /// Writes a line into the log.
    pub fn note(&self, text: impl fmt::Display) {
        self.core.write(text.to_string());
    }

    /// Runs a future beside the test: when its turn comes is up to the seed, as with everything that a yard runs. `what` says what it is, in the
    /// log.
    ///
    /// A panic in it fails the simulation. Dropping what this gives detaches it; when the test ends, it is dropped.
    pub fn spawn<F>(&self, what: &'static str, future: F) -> SimTask<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let body = async move {
            // Nobody may be waiting.
            let _unheard = tell.send(future.await);
        };
        self.core.add(what, Body::Future(Box::pin(AssertUnwindSafe(body))));
        SimTask { told }
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("seed", &self.seed).field("elapsed", &self.elapsed()).finish_non_exhaustive()
    }
}

/// A future that runs beside the test; made by [`Sim::spawn`]. It gives what that future gives.
///
/// # Cancel safety
/// As tokio's `JoinHandle`: dropping it detaches.
#[derive(Debug)]
pub struct SimTask<T> {
    told: oneshot::Receiver<T>,
}

impl<T> Future for SimTask<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match Pin::new(&mut self.told).poll(cx) {
            Poll::Ready(Ok(output)) => Poll::Ready(output),
            // It panicked, which ends the simulation.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

/// Has virtual time pass in a closure of a cpu or blocking lane, as if it computed or blocked for so long. Others go on meanwhile.
///
/// # Panics
/// Outside of such a closure, and outside of a simulation.
#[track_caller]
pub fn blocking_sleep(duration: Duration) {
    wait(std::pin::pin!(tokio::time::sleep(duration)));
}

/// Lets others go on first, in a closure of a cpu or blocking lane, if the seed says so: a place where a race may show.
///
/// # Panics
/// Outside of such a closure, and outside of a simulation.
#[track_caller]
pub fn blocking_pause() {
    wait(std::pin::pin!(super::core::yield_once()));
}

#[track_caller]
fn wait(future: Pin<&mut dyn Future<Output = ()>>) {
    assert!(wing::block_on(future).is_some(), "only closures of lanes in a simulation have virtual time pass");
}
