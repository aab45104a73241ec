//! Owns how a yard gets onto a simulator, which then runs all that a runtime and threads would. Never simulates anything itself.
//!
//! Programs do not need it: `workyard-testkit` has a simulator (feature `simulation`), and a yard that is built inside of it finds it here.
//!
//! # What a simulator is given
//! Everything that a yard starts: the futures of io lanes and of the yard itself ([`spawn`](Simulator::spawn)), the workers of cpu and blocking lanes and
//! the calls of callbacks ([`call`](Simulator::call)), and what waits on such a thread ([`block_on`](Simulator::block_on)). The time is
//! tokio's, which the simulator may pause. So a yard on a simulator starts no thread and no task by itself, and which of its parts is next is
//! the simulator's to say.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

/// A future that a yard gives to a simulator.
pub type SimulatedFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A closure that a yard gives to a simulator.
pub type SimulatedCall = Box<dyn FnOnce() + Send>;

/// What runs the parts of a yard in place of a runtime and threads.
///
/// A yard asks nothing of it while it holds a lock, except where said otherwise.
pub trait Simulator: Send + Sync {
    /// Polls the future whenever it was woken, until it is ready. `what` says what it is, for people.
    ///
    /// A simulator that has ended drops it instead.
    fn spawn(&self, what: &'static str, future: SimulatedFuture);

    /// Calls the closure, which may wait in [`block_on`](Self::block_on). `what` says what it is, for people.
    ///
    /// A simulator that has ended drops it instead.
    fn call(&self, what: &'static str, closure: SimulatedCall);

    /// Waits for the future, in a call of the simulator's: others go on meanwhile.
    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>);

    /// A place in a call where others may go on, and time may pass.
    fn pause(&self);

    /// Something happened, for who reads what a simulation did. It is formatted only if it is written.
    fn note(&self, what: fmt::Arguments<'_>);

    /// How many futures of an io lane a yard may take to be polled at the same time; asked when a lane is built.
    fn io_workers(&self) -> usize;

    /// Whether a lane begins as one whose bodies were over soon so far; asked when it is built. A lane finds out by the time that its
    /// bodies take, which on a simulator is none.
    fn expects_short_bodies(&self) -> bool;

    /// A number that follows from the seed of the simulation; another one with each call.
    fn draw(&self) -> u64;

    /// The time on the wall. May be asked under a lock.
    fn wall(&self) -> SystemTime;
}

thread_local! {
    static HERE: RefCell<Option<Arc<dyn Simulator>>> = const { RefCell::new(None) };
}

/// Has the yards that are built on this thread run on the simulator, and what waits on it wait there, until the guard is dropped.
///
/// Yards are to be built inside of a tokio runtime all the same, whose clock they read.
pub fn enter(simulator: Arc<dyn Simulator>) -> Entered {
    Entered { outer: HERE.replace(Some(simulator)) }
}

/// The simulator of this thread, if there is one.
pub(crate) fn here() -> Option<Arc<dyn Simulator>> {
    // A thread that is about to end may have no thread-locals any more.
    HERE.try_with(|here| here.borrow().clone()).ok().flatten()
}

/// A number for what draws, which follows from the seed of this thread's simulator, if there is one.
pub(crate) fn draw() -> Option<u64> {
    here().map(|simulator| simulator.draw())
}

/// The time on the wall, by the simulator of this thread, if there is one.
pub(crate) fn wall() -> Option<SystemTime> {
    here().map(|simulator| simulator.wall())
}

/// This thread is a simulator's, for as long as this is there. Made by [`enter`].
#[must_use = "the thread is the simulator's only while this is held"]
pub struct Entered {
    outer: Option<Arc<dyn Simulator>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let inner = HERE.try_with(|here| here.replace(self.outer.take()));
        drop(inner);
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entered")
    }
}
