//! Owns the thread that lets go of wakes which are held back too long: see [`wakes`](super::wakes). Never holds one back.
//!
//! It is a thread of the yard's own, since all else may stand still: nobody drives the runtime, or its threads are blocked, or the workers are at
//! bodies that wait for whoever is not woken. A yard that never holds back a wake never has it, and it sleeps without a time limit while
//! none is held back.
//!
//! # Protocol
//! *Who holds back the first wake* of a lane puts its wakes on the list, under the lock, and starts the thread, or wakes it. *The thread* takes
//! the list, or waits until there is something on it; a moment later it lets go of all, and puts those back on the list that had something. If the
//! yard is gone it goes on until the list is empty. On a simulator a future looks, in the simulator's time.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use workyard_core::mutant;

use crate::lane::wakes::Wakes;
use crate::observe::record;
use crate::primitives::{Condvar, Mutex};
use crate::runtime::Runtime;

/// Who guards the wakes that the lanes of a yard hold back.
#[derive(Default)]
pub(crate) struct Guard {
    list: Arc<List>,
}

#[derive(Default)]
struct List {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    guarded: Vec<Arc<Wakes>>,
    has_thread: bool,
    has_ended: bool,
}

/// What is to be done for wakes that are to be guarded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Added {
    ToThread,
    /// They are the first, and there is no thread.
    StartsThread,
    /// Nobody guards any more.
    TooLate,
}

impl Guard {
    /// Looks after these wakes until none is held back. Where that cannot be had, lets go of them.
    pub(super) fn look_after(&self, wakes: &Arc<Wakes>, runtime: &Runtime) {
        if runtime.simulator().is_some() {
            drop(runtime.spawn(look(Arc::clone(wakes))));
            return;
        }
        match self.list.add(wakes) {
            Added::ToThread => {}
            Added::StartsThread => self.start(),
            Added::TooLate => wakes.let_go_unguarded(),
        }
    }

    fn start(&self) {
        let list = Arc::clone(&self.list);
        let thread = thread::Builder::new().name("workyard-wakes".to_owned()).stack_size(STACK_BYTES);
        if let Err(error) = thread.spawn(move || list.run(|| thread::sleep(LOOK))) {
            // First, since whoever listens to records may do anything.
            for wakes in self.list.give_up() {
                wakes.let_go_unguarded();
            }
            let error = &error as &dyn std::error::Error;
            record(|| {
                tracing::warn!(target: "workyard", error, "a thread could not be started: each waiter is woken by itself");
            });
        }
    }

    /// Ends the thread, once nothing is held back.
    pub(crate) fn end(&self) {
        self.list.end();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl List {
    fn add(&self, wakes: &Arc<Wakes>) -> Added {
        let added = {
            let mut state = self.state.lock();
            if state.has_ended {
                return Added::TooLate;
            }
            state.guarded.push(Arc::clone(wakes));
            if std::mem::replace(&mut state.has_thread, true) { Added::ToThread } else { Added::StartsThread }
        };
        if added == Added::ToThread {
            self.changed.notify_one();
        }
        added
    }

    fn end(&self) {
        self.state.lock().has_ended = true;
        self.changed.notify_one();
    }

    /// There is no thread, and will be none. Gives what is guarded by nobody.
    fn give_up(&self) -> Vec<Arc<Wakes>> {
        let mut state = self.state.lock();
        state.has_ended = true;
        std::mem::take(&mut state.guarded)
    }

    /// What the thread does. `pause` is the time in which wakes that were just held back are mostly let go of by who did.
    fn run(&self, pause: impl Fn()) {
        let mut guarded = Vec::new();
        while self.take(&mut guarded) {
            pause();
            guarded.retain(|wakes| wakes.guard_looks() && !mutant!("guard-forgets"));
        }
    }

    /// Puts those back that are guarded still, and takes the list, once there is something on it. `false` at the end.
    fn take(&self, guarded: &mut Vec<Arc<Wakes>>) -> bool {
        let mut state = self.state.lock();
        state.guarded.append(guarded);
        while state.guarded.is_empty() && !state.has_ended {
            state = self.changed.wait(state);
        }
        std::mem::swap(guarded, &mut state.guarded);
        !guarded.is_empty()
    }
}

/// As the thread, for one lane of a simulated yard.
async fn look(wakes: Arc<Wakes>) {
    loop {
        tokio::time::sleep(LOOK).await;
        if !wakes.guard_looks() {
            return;
        }
    }
}

/// How often it looks.
const LOOK: Duration = Duration::from_millis(1);

/// It calls wakers, which are anybody's.
const STACK_BYTES: usize = 512 << 10;

#[cfg(all(test, workyard_loom))]
#[path = "guard_loom_tests.rs"]
mod loom_tests;
