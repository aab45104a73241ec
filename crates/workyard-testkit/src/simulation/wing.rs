//! Owns the threads that closures of a simulation run on, of which at most one runs at any time, and only while the simulation's own thread
//! waits for it. So a closure may wait in the midst of its stack, and nothing runs beside it all the same.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Handle;
use workyard::simulation::SimulatedCall;

use super::core::Core;
use super::part::Part;

/// A thread that closures run on, one after the other.
pub(super) struct Wing {
    turn: Mutex<Turn>,
    /// It is the thread's turn.
    theirs: Condvar,
    /// It is the simulation's turn.
    ours: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Who is to go on.
enum Turn {
    /// The simulation: the thread has nothing to do.
    Idle,
    /// The simulation: the closure waits for something.
    Waiting,
    /// The thread, with a closure.
    Begins(Arc<Part>, SimulatedCall),
    /// The thread.
    GoesOn,
    /// The thread, and what it waits for will not come: it is to end.
    GivesUp,
    /// The thread, to end.
    Leaves,
    /// The simulation: the thread stays where it is for good.
    Stuck,
}

/// How a closure left its thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Left {
    Ended,
    Waits,
    /// It will never end, nor will its thread.
    Stuck,
    /// It does not come back: it blocks its thread by other means than the simulation's.
    Blocks,
}

thread_local! {
    /// The part and the thread that a closure runs on.
    static ON: RefCell<Option<(Arc<Part>, Arc<Wing>)>> = const { RefCell::new(None) };
}

/// The payload of the panic that ends a closure which waits when its simulation is over.
struct Over;

impl Wing {
    /// Starts a thread.
    #[expect(clippy::expect_used, reason = "documented of `simulate`")]
    pub(super) fn start(core: &Arc<Core>) -> Arc<Self> {
        let (turn, thread) = (Mutex::new(Turn::Idle), Mutex::new(None));
        let wing = Arc::new(Self { turn, theirs: Condvar::new(), ours: Condvar::new(), thread });
        let (mine, core, runtime) = (Arc::clone(&wing), Arc::clone(core), Handle::current());
        let thread = thread::Builder::new()
            .name("simulated closure".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let _inside = runtime.enter();
                let _here = workyard::simulation::enter(core);
                mine.work();
            })
            .expect("the system gives no thread");
        *wing.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        wing
    }

    /// Calls the closure, until it ends or waits.
    pub(super) fn begin(&self, part: Arc<Part>, closure: SimulatedCall) -> Left {
        self.hand_over(Turn::Begins(part, closure))
    }

    /// Goes on with a closure that waits.
    pub(super) fn go_on(&self) -> Left {
        self.hand_over(Turn::GoesOn)
    }

    /// Ends a closure that waits.
    pub(super) fn give_up(&self) -> Left {
        self.hand_over(Turn::GivesUp)
    }

    /// Ends the thread, which has nothing to do.
    pub(super) fn leave(&self) {
        self.pass(Turn::Leaves, &self.theirs);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It catches what closures throw.
            let _ended = thread.join();
        }
    }

    /// Makes it the other side's turn. Not woken under the lock, which it would have to wait for.
    fn pass(&self, turn: Turn, to: &Condvar) {
        let before = std::mem::replace(&mut *self.lock(), turn);
        drop(before);
        to.notify_one();
    }

    fn hand_over(&self, turn: Turn) -> Left {
        self.pass(turn, &self.theirs);
        let mut now = self.lock();
        loop {
            match *now {
                Turn::Idle => return Left::Ended,
                Turn::Waiting => return Left::Waits,
                Turn::Stuck => return Left::Stuck,
                Turn::Begins(..) | Turn::GoesOn | Turn::GivesUp | Turn::Leaves => {}
            }
            let (back, late) = self.ours.wait_timeout(now, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            now = back;
            // It may have come back just as the time was up.
            if late.timed_out() && matches!(*now, Turn::Begins(..) | Turn::GoesOn | Turn::GivesUp | Turn::Leaves) {
                return Left::Blocks;
            }
        }
    }

    fn work(self: &Arc<Self>) {
        while let Some((part, closure)) = self.next() {
            let outer = ON.replace(Some((part, Arc::clone(self))));
            // What a yard gives catches the panics of tasks; what is left is the end of the simulation.
            let _over = catch_unwind(AssertUnwindSafe(closure));
            let mine = ON.replace(outer);
            drop(mine);
            self.pass(Turn::Idle, &self.ours);
        }
    }

    fn next(&self) -> Option<(Arc<Part>, SimulatedCall)> {
        let mut turn = self.lock();
        loop {
            match std::mem::replace(&mut *turn, Turn::Idle) {
                Turn::Begins(part, closure) => {
                    *turn = Turn::GoesOn;
                    return Some((part, closure));
                }
                Turn::Leaves => return None,
                Turn::Idle | Turn::Waiting | Turn::GoesOn | Turn::GivesUp | Turn::Stuck => {}
            }
            turn = self.theirs.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets the simulation go on until it comes back here. `false` if this closure is to end.
    fn wait(&self) -> bool {
        self.pass(Turn::Waiting, &self.ours);
        let mut turn = self.lock();
        loop {
            match *turn {
                Turn::GoesOn => return true,
                Turn::GivesUp => return false,
                Turn::Idle | Turn::Waiting | Turn::Begins(..) | Turn::Leaves | Turn::Stuck => {}
            }
            turn = self.theirs.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the closure that waits for what will not come.
    fn end_closure(&self) -> ! {
        if thread::panicking() {
            // A second panic would end the process.
            self.pass(Turn::Stuck, &self.ours);
            loop {
                thread::park();
            }
        }
        resume_unwind(Box::new(Over))
    }

    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this thread is in a closure of a simulation.
pub(super) fn is_in_closure() -> bool {
    ON.try_with(|on| on.borrow().is_some()).unwrap_or(false)
}

/// Waits for the future; others go on meanwhile. `None` if this thread is in no closure of a simulation.
pub(super) fn block_on(mut future: Pin<&mut dyn Future<Output = ()>>) -> Option<()> {
    let (part, wing) = ON.try_with(|on| on.borrow().clone()).ok().flatten()?;
    let waker = part.waker();
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(()) = future.as_mut().poll(&mut cx) {
            return Some(());
        }
        if !wing.wait() {
            wing.end_closure();
        }
    }
}

/// For how long of real time a closure may run without waiting.
const PATIENCE: Duration = Duration::from_secs(60);

/// As tokio's blocking threads have it. It is address space: memory is taken as it is used.
const STACK_BYTES: usize = 2 << 20;
