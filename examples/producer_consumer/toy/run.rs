//! Owns a run of the toy program from its first task to its last item. Never prints by itself, and never ends with an item
//! that nobody can account for.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use workyard::{BoxError, Group, IoLaneConfig, Lane, Scheduler, queue};

use super::super::lines::Lines;
use super::super::stop::Stop;
use super::account::Account;
use super::{consumer, producer};

/// What the toy program is asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) producers: usize,
    pub(crate) consumers: usize,
    /// For each producer.
    pub(crate) items: u64,
    pub(crate) queue: usize,
    pub(crate) produce: Duration,
    pub(crate) consume: Duration,
    /// Producers, counted from 1, that fail half way.
    pub(crate) failing: Vec<usize>,
    /// Producers, counted from 1, that panic half way.
    pub(crate) panicking: Vec<usize>,
}

impl Settings {
    /// The io lane for all of these tasks. They wait for each other, so all of them must have a slot: consumers that hold
    /// every slot, while the producers wait behind them for one, would wait for ever.
    pub(crate) fn io_lane(&self) -> IoLaneConfig {
        Lane::io().limit(self.producers + self.consumers)
    }
}

/// An item: who made it, and its number there, both counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Item {
    pub(super) producer: usize,
    pub(super) number: u64,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.producer, self.number)
    }
}

/// What all tasks share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) stop: Stop,
    pub(super) lines: Lines,
    pub(super) account: Arc<Account>,
}

/// Runs the program to its end, or until it is asked to stop: then the queue is closed, which wakes who waits on it, and
/// everybody ends at once. Gives the account.
///
/// # Errors
/// When the yard takes no tasks.
///
/// # Cancel safety
/// Dropping the future cancels the tasks; what they had in hand is lost then.
pub(crate) async fn run(
    yard: &Scheduler,
    settings: &Settings,
    stop: &Stop,
    lines: &Lines,
) -> Result<Arc<Account>, BoxError> {
    let account = Arc::<Account>::default();
    let shared = Shared { stop: stop.clone(), lines: lines.clone(), account: Arc::clone(&account) };
    let (tx, rx) = queue::bounded(settings.queue);
    let (consumers, producers) = (yard.group(), yard.group());
    for id in 1..=settings.consumers {
        let consume = consumer::consume(id, rx.clone(), settings.consume, shared.clone());
        consumers.task(yard.io().task(format!("consumer {id}"))).submit(consume).await?;
    }
    for id in 1..=settings.producers {
        let produce = producer::produce(producer::Plan::of(id, settings), tx.clone(), shared.clone());
        producers.task(yard.io().task(format!("producer {id}")).fallible()).submit(produce).await?;
    }
    // The producers hold their own: the queue ends when the last of them has, however it ends.
    drop(tx);

    let all = async {
        everybody(&consumers, &shared).await;
        // Nobody could take an item any more. It is closed already, unless the consumers ended before the producers.
        rx.close();
        everybody(&producers, &shared).await;
    };
    tokio::pin!(all);
    tokio::select! {
        biased;
        () = &mut all => {}
        () = stop.asked() => {
            rx.close();
            all.await;
        }
    }
    for item in rx.drain() {
        account.left_over();
        lines.line(format!("item {item} was left in the queue")).await;
    }
    Ok(account)
}

/// Waits for the whole group, and tells of its failures.
async fn everybody(group: &Group<()>, shared: &Shared) {
    while let Some(ended) = group.join_next().await {
        if let Err(failure) = ended {
            shared.account.task_failed();
            let reason = failure.source().map_or_else(String::new, |source| format!(": {source}"));
            shared.lines.line(format!("{failure}{reason}")).await;
        }
    }
}
