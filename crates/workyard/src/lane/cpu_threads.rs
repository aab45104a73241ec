//! Owns the threads of one cpu lane: a rayon pool of the lane's own. The only file that knows rayon.
//!
//! Dropping a pool joins nothing, so each thread is counted from before its start to after its last step.
//!
//! A thread that waits for its part of a task's `join` runs whatever job it finds meanwhile, and rayon tells nobody that it does.
//! A worker that starts there would run its tasks in the stack of that task, which could not go on before the lane's queue is
//! empty. So the depth of the stack tells: a pool's first job is always started by a thread that does nothing else, by the same
//! few frames as every other such job, and whatever starts within another job starts deeper.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::Notify;

use crate::lane::stack::{self, CPU_STACK_BYTES};
use crate::lane::workers::Worker;
use crate::observe::record;
use crate::runtime::Runtime;
use crate::task::Payload;

/// The threads of one cpu lane.
pub(crate) struct CpuThreads {
    /// `None` once they were told to go.
    pool: Mutex<Option<Arc<ThreadPool>>>,
    alive: Arc<Alive>,
    /// How deep in its thread's stack a job is that does not run within another; 0 before there was one.
    outermost: Arc<AtomicUsize>,
}

/// For how long a worker that came to a thread within another job stays away before it tries again.
const STAY_AWAY: Duration = Duration::from_micros(500);

/// How many threads have not ended; `changed` tells when one has.
#[derive(Default)]
struct Alive {
    threads: AtomicUsize,
    changed: Notify,
}

impl CpuThreads {
    /// Starts the threads, each inside `runtime`'s context.
    pub(crate) fn start(lane: &str, threads: usize, background: bool, runtime: &Runtime) -> io::Result<Self> {
        let alive = Arc::new(Alive::default());
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name({
                let lane = lane.to_owned();
                move |index| format!("workyard-{lane}-{index}")
            })
            .panic_handler({
                let lane = lane.to_owned();
                move |payload| report_stray_panic(&lane, &Payload::new(payload))
            })
            .spawn_handler(|thread| {
                let mut builder = std::thread::Builder::new().stack_size(CPU_STACK_BYTES);
                if let Some(name) = thread.name() {
                    builder = builder.name(name.to_owned());
                }
                let (runtime, guard) = (runtime.clone(), AliveGuard::new(&alive));
                builder.spawn(move || {
                    let _counted = guard;
                    let _inside = runtime.enter();
                    if background {
                        to_background();
                    }
                    stack::begin_cpu_thread();
                    thread.run();
                })?;
                Ok(())
            })
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { pool: Mutex::new(Some(Arc::new(pool))), alive, outermost: Arc::default() })
    }

    /// Sends a worker to one of the threads. Without its pool the lane is closed and empty, and a worker that is dropped says
    /// so.
    pub(super) fn run(&self, worker: Worker) {
        let Some(pool) = self.pool() else { return };
        enter(&pool, worker, &self.outermost);
    }

    /// As [`run`](Self::run), a moment later and by way of a thread that is not of this pool, so that the worker does not land
    /// on top of the very thread that it came from.
    pub(super) fn run_from_outside(&self, worker: Worker, runtime: &Runtime) {
        let Some(pool) = self.pool() else { return };
        let outermost = Arc::clone(&self.outermost);
        drop(runtime.spawn(async move {
            tokio::time::sleep(STAY_AWAY).await;
            enter(&pool, worker, &outermost);
        }));
    }

    /// Nothing is done under its lock: a runtime that has ended drops the worker there and then, and with it maybe all that the lane has.
    fn pool(&self) -> Option<Arc<ThreadPool>> {
        self.pool.lock().clone()
    }

    /// Whether this thread is one of them.
    pub(super) fn is_current(&self) -> bool {
        self.pool().is_some_and(|pool| pool.current_thread_index().is_some())
    }

    /// Tells the threads to end once they have nothing to run. Returns at once.
    pub(crate) fn release(&self) {
        let pool = self.pool.lock().take();
        drop(pool);
    }

    /// Waits until all threads have ended.
    pub(crate) async fn ended(&self) {
        loop {
            let changed = self.alive.changed.notified();
            if self.alive.threads.load(Ordering::Acquire) == 0 {
                return;
            }
            changed.await;
        }
    }
}

/// The only place where jobs enter a pool, so that the frames below a worker are always the same.
fn enter(pool: &ThreadPool, worker: Worker, outermost: &Arc<AtomicUsize>) {
    let outermost = Arc::clone(outermost);
    pool.spawn(move || {
        let depth = stack::depth();
        // Relaxed: whoever is first, the first jobs of all threads are equally deep.
        let first = outermost.compare_exchange(0, depth, Ordering::Relaxed, Ordering::Relaxed);
        worker.run(first.is_err_and(|outermost| depth > outermost));
    });
}

/// Counts a thread for as long as it lives, also one that could not be started.
struct AliveGuard(Arc<Alive>);

impl AliveGuard {
    fn new(alive: &Arc<Alive>) -> Self {
        alive.threads.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(alive))
    }
}

impl Drop for AliveGuard {
    fn drop(&mut self) {
        // Release: what the thread did happens before `ended` returns, which loads with Acquire.
        self.0.threads.fetch_sub(1, Ordering::Release);
        self.0.changed.notify_waiters();
    }
}

fn to_background() {
    #[cfg(target_os = "linux")]
    if let Err(error) = workyard_sys::to_background() {
        record(|| {
            tracing::debug!(error = &error as &dyn std::error::Error, "a cpu thread does not run in the background");
        });
    }
}

/// A panic in something that a task gave to `rayon::spawn` itself; without a handler it would end the process.
fn report_stray_panic(lane: &str, payload: &Payload) {
    record(|| tracing::error!(lane, panic = payload.message(), "a job that a task spawned into its pool panicked"));
}
