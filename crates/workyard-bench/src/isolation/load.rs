//! Owns what keeps the CPUs of a service busy: closures on a cpu lane or in a plain pool, fed by a task of the service so that
//! there are always some that wait. Never measures.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use workyard::{BoxError, CpuLane, Scheduler};

use super::policy::Policy;
use super::service::cpus;
use crate::work::Work;

/// What a service does beside what is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Load {
    /// Nothing.
    Idle,
    /// Its cpu lane, of as many threads as there are CPUs, is full.
    Lane(Policy),
    /// A rayon pool of as many threads is full, behind a semaphore.
    Rayon,
}

impl Load {
    /// What others are compared with stands before them.
    pub(super) const ALL: [Self; 4] =
        [Self::Idle, Self::Lane(Policy::Usual), Self::Lane(Policy::Background), Self::Rayon];
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("idle"),
            Self::Lane(policy) => policy.fmt(f),
            Self::Rayon => f.write_str("rayon"),
        }
    }
}

impl FromStr for Load {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|load| load.to_string() == word).ok_or_else(|| format!("there is no load {word:?}"))
    }
}

/// A load that has begun.
pub(super) struct Running {
    done: Arc<Done>,
    engine: Engine,
}

enum Engine {
    Idle,
    Lane(Scheduler, JoinHandle<()>),
    Rayon(Arc<Semaphore>, JoinHandle<()>),
}

impl Running {
    /// # Errors
    /// When the load's threads could not be started, or are not scheduled as they should be.
    pub(super) async fn start(load: Load, work: Work) -> Result<Self, BoxError> {
        let done = Arc::new(Done::default());
        let engine = match load {
            Load::Idle => Engine::Idle,
            Load::Lane(policy) => {
                let yard = Scheduler::builder().cpu(policy.lane().queue(waiting())).build()?;
                yard.cpu().run(move || policy.expect()).await??;
                let feeder = feed_lane(yard.cpu().clone(), work, Arc::clone(&done));
                Engine::Lane(yard, tokio::runtime::Handle::current().spawn(feeder))
            }
            Load::Rayon => {
                let pool = ThreadPoolBuilder::new().num_threads(cpus()).build()?;
                let places = Arc::new(Semaphore::new(cpus() + waiting()));
                let feeder = feed_pool(pool, Arc::clone(&places), work, Arc::clone(&done));
                Engine::Rayon(places, tokio::runtime::Handle::current().spawn(feeder))
            }
        };
        Ok(Self { done, engine })
    }

    /// How many closures have ended.
    pub(super) fn closures(&self) -> u64 {
        self.done.right.load(Ordering::Relaxed)
    }

    /// Lets what was begun end.
    ///
    /// # Errors
    /// When a closure came to a wrong result, or got lost.
    pub(super) async fn stop(self) -> Result<(), BoxError> {
        match self.engine {
            Engine::Idle => {}
            Engine::Lane(yard, feeder) => {
                let report = yard.shutdown().drain_for(DRAIN_FOR).await;
                feeder.await?;
                let closures = self.done.right.load(Ordering::Relaxed);
                // One more was asked how it is scheduled.
                if !report.balances() || !report.is_clean() || report.total.completed != closures + 1 {
                    return Err(format!("{closures} closures counted, but {report}").into());
                }
            }
            Engine::Rayon(places, feeder) => {
                feeder.abort();
                // All places are free once all closures have ended.
                let all = u32::try_from(cpus() + waiting())?;
                drop(tokio::time::timeout(DRAIN_FOR, places.acquire_many(all)).await??);
            }
        }
        match self.done.wrong.load(Ordering::Relaxed) {
            0 => Ok(()),
            wrong => Err(format!("{wrong} closures came to a wrong result").into()),
        }
    }
}

/// How closures ended. Whoever reads a number has waited for the closures before.
#[derive(Default)]
struct Done {
    right: AtomicU64,
    wrong: AtomicU64,
}

impl Done {
    fn count(&self, is_right: bool) {
        let counter = if is_right { &self.right } else { &self.wrong };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Ends when the lane is closed.
async fn feed_lane(lane: CpuLane, work: Work, done: Arc<Done>) {
    loop {
        let done = Arc::clone(&done);
        if lane.submit(move || done.count(work.is_done())).await.is_err() {
            return;
        }
    }
}

/// As it is done by hand. Ends when it is aborted.
async fn feed_pool(pool: ThreadPool, places: Arc<Semaphore>, work: Work, done: Arc<Done>) {
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let done = Arc::clone(&done);
        pool.spawn(move || {
            done.count(work.is_done());
            drop(place);
        });
    }
}

/// How many closures wait behind those that run.
fn waiting() -> usize {
    4 * cpus()
}

const DRAIN_FOR: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::Load;

    #[test]
    fn a_load_is_told_by_its_name() {
        for load in Load::ALL {
            assert_eq!(load.to_string().parse(), Ok(load));
        }
        assert_eq!("busy".parse::<Load>(), Err("there is no load \"busy\"".to_owned()));
    }
}
