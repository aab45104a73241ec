//! Owns a lane without guarantees: a simple way to have computations done by other threads, some at a time, and to be woken for several that have
//! ended. Nothing is bounded, named or cancelled in it, and a computation that panics takes its thread with it. What little of the rest it does is
//! for who asks what that costs.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::task::coop::poll_proceed;

/// What a thread takes, and does beside running it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Some at a time, which are then forgotten.
    Batches,
    /// One at a time, as who has to be able to take each back. When each came and ended is looked up, and noted under the lock.
    Each,
}

/// Threads that run what is in a queue, the oldest first.
pub(super) struct BareLane {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    manner: Manner,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    tasks: VecDeque<Arc<dyn Run>>,
    sleeping: usize,
    /// What is noted of each.
    last_came: Option<Instant>,
    last_ended: Option<Instant>,
    ended: u64,
    has_ended: bool,
}

/// A computation, and then its result.
struct Cell<F, T>(Mutex<Place<F, T>>);

struct Place<F, T> {
    work: Option<F>,
    result: Option<T>,
    awaited_by: Option<Waker>,
}

trait Run: Send + Sync {
    /// Gives the waker of who waits for the result.
    fn run(&self) -> Option<Waker>;
}

trait Join<T>: Send + Sync {
    fn poll_join(&self, cx: &Context<'_>) -> Poll<T>;
}

/// A result that comes.
pub(super) struct BareHandle<T>(Arc<dyn Join<T>>);

impl BareLane {
    #[expect(clippy::disallowed_methods, reason = "who drops this waits for them")]
    pub(super) fn new(threads: usize, manner: Manner) -> Self {
        let shared = Arc::new(Shared { manner, queue: Mutex::default(), changed: Condvar::new() });
        let threads = (0..threads).map(|_| Arc::clone(&shared)).map(|shared| thread::spawn(move || shared.work()));
        Self { threads: threads.collect(), shared }
    }

    pub(super) fn submit<F, T>(&self, work: F) -> BareHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let place = Place { work: Some(work), result: None, awaited_by: None };
        let cell = Arc::new(Cell(Mutex::new(place)));
        let came = self.shared.time();
        let is_awaited = {
            let mut queue = self.shared.queue.lock();
            queue.last_came = came.or(queue.last_came);
            queue.tasks.push_back(Arc::<Cell<F, T>>::clone(&cell));
            queue.sleeping > 0
        };
        if is_awaited {
            self.shared.changed.notify_one();
        }
        BareHandle(cell)
    }
}

impl Drop for BareLane {
    fn drop(&mut self) {
        self.shared.queue.lock().has_ended = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // It has panicked if a computation has, whose result then never came.
            let _ended = thread.join();
        }
    }
}

impl Shared {
    fn time(&self) -> Option<Instant> {
        (self.manner == Manner::Each).then(Instant::now)
    }

    /// Runs what comes, some at a time, and wakes who waits for them together.
    fn work(&self) {
        let (mut taken, mut held, mut due) = (Vec::with_capacity(AT_ONCE), Vec::new(), Instant::now());
        while self.take(&mut taken, &mut held) {
            for task in taken.drain(..) {
                if let Some(waker) = Run::run(&*task) {
                    if held.is_empty() {
                        due = Instant::now() + PATIENCE;
                    }
                    held.push(waker);
                }
                if let Some(ended) = self.time() {
                    let mut queue = self.queue.lock();
                    queue.last_ended = Some(ended);
                    queue.ended += 1;
                }
            }
            if !held.is_empty() && Instant::now() >= due {
                held.drain(..).for_each(Waker::wake);
            }
        }
    }

    /// Takes the next tasks. `false`: there will be none.
    fn take(&self, taken: &mut Vec<Arc<dyn Run>>, held: &mut Vec<Waker>) -> bool {
        let mut queue = self.queue.lock();
        while queue.tasks.is_empty() {
            if !held.is_empty() {
                MutexGuard::unlocked(&mut queue, || held.drain(..).for_each(Waker::wake));
                continue;
            }
            if queue.has_ended {
                return false;
            }
            queue.sleeping += 1;
            self.changed.wait(&mut queue);
            queue.sleeping -= 1;
        }
        let most = if self.manner == Manner::Each { 1 } else { AT_ONCE };
        let count = (queue.tasks.len() / SHARE).clamp(1, most);
        taken.extend(queue.tasks.drain(..count));
        true
    }
}

impl<F: FnOnce() -> T + Send, T: Send> Run for Cell<F, T> {
    fn run(&self) -> Option<Waker> {
        let work = self.0.lock().work.take()?;
        let result = work();
        let mut place = self.0.lock();
        place.result = Some(result);
        place.awaited_by.take()
    }
}

impl<F: Send, T: Send> Join<T> for Cell<F, T> {
    fn poll_join(&self, cx: &Context<'_>) -> Poll<T> {
        let mut place = self.0.lock();
        let Some(result) = place.result.take() else {
            place.awaited_by = Some(cx.waker().clone());
            return Poll::Pending;
        };
        Poll::Ready(result)
    }
}

impl<T> Future for BareHandle<T> {
    type Output = T;

    /// Takes part in tokio's budget as a `oneshot` does, which is what the others wait for.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let turn = ready!(poll_proceed(cx));
        let joined = self.0.poll_join(cx);
        if joined.is_ready() {
            turn.made_progress();
        }
        joined
    }
}

/// How many tasks a thread takes at most.
const AT_ONCE: usize = 32;

/// And which part of those that wait.
const SHARE: usize = 4;

/// How long a wake is held back at most, while there is more to run.
const PATIENCE: Duration = Duration::from_micros(100);
