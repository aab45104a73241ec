//! Owns the threads of one cpu lane: a rayon pool of the lane's own. The only file that knows rayon.
//!
//! Dropping a pool joins nothing, so each thread is counted from before its start to after its last step.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::lane::workers::Worker;
use crate::task::Payload;
use crate::thread_priority;

/// The threads of one cpu lane.
pub(crate) struct CpuThreads {
    /// `None` once they were told to go.
    pool: Mutex<Option<Arc<ThreadPool>>>,
    alive: Arc<Alive>,
}

/// How many threads have not ended; `changed` tells when one has.
#[derive(Default)]
struct Alive {
    threads: AtomicUsize,
    changed: Notify,
}

impl CpuThreads {
    /// Starts the threads, each inside `runtime`'s context.
    pub(crate) fn start(lane: &str, threads: usize, nice: Option<i32>, runtime: &Handle) -> io::Result<Self> {
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
                let mut builder = std::thread::Builder::new();
                if let Some(name) = thread.name() {
                    builder = builder.name(name.to_owned());
                }
                let (runtime, guard) = (runtime.clone(), AliveGuard::new(&alive));
                builder.spawn(move || {
                    let _counted = guard;
                    let _inside = runtime.enter();
                    if let Some(nice) = nice {
                        lower_priority(nice);
                    }
                    thread.run();
                })?;
                Ok(())
            })
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { pool: Mutex::new(Some(Arc::new(pool))), alive })
    }

    pub(super) fn run(&self, worker: Worker) {
        // Without its pool the lane is closed and empty, and a worker that is dropped says so.
        let pool = self.pool.lock().clone();
        if let Some(pool) = pool {
            pool.spawn(move || worker.run());
        }
    }

    /// As [`run`](Self::run), by way of a thread that is not of this pool.
    pub(super) fn run_from_outside(&self, worker: Worker, runtime: &Handle) {
        let pool = self.pool.lock().clone();
        if let Some(pool) = pool {
            drop(runtime.spawn(async move { pool.spawn(move || worker.run()) }));
        }
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

fn lower_priority(nice: i32) {
    if let Err(error) = thread_priority::lower(nice) {
        tracing::debug!(error = &error as &dyn std::error::Error, "a cpu thread keeps its priority");
    }
}

/// A panic in something that a task gave to `rayon::spawn` itself; without a handler it would end the process.
fn report_stray_panic(lane: &str, payload: &Payload) {
    tracing::error!(lane, panic = payload.message(), "a job that a task spawned into its pool panicked");
}
