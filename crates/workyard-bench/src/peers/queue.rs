//! Owns the variants that pass numbers through a queue, first in, first out.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use workyard::{BoxError, queue};

use super::group::{Group, PER_ITEM, Requirement, Row, Unit, WALL, no_row};
use super::two_by_two::{self, Got, Queue};
use crate::harness::Sample;

/// There mostly is room, and mostly an item.
pub(super) const GROUP: Group = Group {
    name: "queue",
    title: "numbers through a queue of 1,024, from two tasks to two tasks",
    rows: &[
        Row::new("async-channel", "async-channel"),
        Row::new("workyard", "workyard `queue::bounded`"),
        Row::new("workyard-batch", "workyard `queue::bounded`, `get_many` of 64"),
        Row::new("flume", "flume"),
        Row::new("kanal", "kanal"),
        Row::new("mpsc", "tokio `mpsc`, its receiver in tokio's `Mutex`"),
    ],
    columns: PER_ITEM,
    requirements: &[at_most(0.60, 0.38)],
    items: 4_000_000,
    work: None,
    sample: |row, items, _| sample(row, items, 1_024),
};

/// Somebody waits all the time.
pub(super) const SMALL: Group = Group {
    name: "queue-2",
    title: "numbers through a queue of two, from two tasks to two tasks",
    requirements: &[at_most(1.00, 0.60)],
    items: 1_000_000,
    sample: |row, items, _| sample(row, items, 2),
    ..GROUP
};

const fn at_most(must: f64, aim: f64) -> Requirement {
    Requirement { row: "workyard", number: WALL, unit: Unit::OfBaseline, must, aim: Some(aim) }
}

fn sample(row: &str, items: u64, capacity: usize) -> Result<Sample, BoxError> {
    match row {
        "async-channel" => two_by_two::sample::<AsyncChannel>(items, capacity),
        "workyard" => two_by_two::sample::<OneByOne>(items, capacity),
        "workyard-batch" => two_by_two::sample::<InBatches>(items, capacity),
        "flume" => two_by_two::sample::<Flume>(items, capacity),
        "kanal" => two_by_two::sample::<Kanal>(items, capacity),
        "mpsc" => two_by_two::sample::<Mpsc>(items, capacity),
        other => no_row(other),
    }
}

struct AsyncChannel;

impl Queue for AsyncChannel {
    type Producer = async_channel::Sender<u64>;
    type Consumer = async_channel::Receiver<u64>;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        async_channel::bounded(capacity)
    }

    async fn put(producer: &Self::Producer, number: u64) -> Result<(), BoxError> {
        Ok(producer.send(number).await?)
    }

    async fn get(consumer: &Self::Consumer) -> Got {
        consumer.recv().await.ok().into()
    }
}

struct OneByOne;

impl Queue for OneByOne {
    type Producer = queue::Producer<u64>;
    type Consumer = queue::Consumer<u64>;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        queue::bounded(capacity)
    }

    async fn put(producer: &Self::Producer, number: u64) -> Result<(), BoxError> {
        Ok(producer.put(number).await?)
    }

    async fn get(consumer: &Self::Consumer) -> Got {
        consumer.get().await.into()
    }
}

struct InBatches;

impl Queue for InBatches {
    type Producer = queue::Producer<u64>;
    type Consumer = queue::Consumer<u64>;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        queue::bounded(capacity)
    }

    async fn put(producer: &Self::Producer, number: u64) -> Result<(), BoxError> {
        Ok(producer.put(number).await?)
    }

    async fn get(consumer: &Self::Consumer) -> Got {
        consumer.get_many(two_by_two::BATCH).await.into()
    }
}

struct Flume;

impl Queue for Flume {
    type Producer = flume::Sender<u64>;
    type Consumer = flume::Receiver<u64>;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        flume::bounded(capacity)
    }

    async fn put(producer: &Self::Producer, number: u64) -> Result<(), BoxError> {
        Ok(producer.send_async(number).await?)
    }

    async fn get(consumer: &Self::Consumer) -> Got {
        consumer.recv_async().await.ok().into()
    }
}

struct Kanal;

impl Queue for Kanal {
    type Producer = kanal::AsyncSender<u64>;
    type Consumer = kanal::AsyncReceiver<u64>;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        kanal::bounded_async(capacity)
    }

    async fn put(producer: &Self::Producer, number: u64) -> Result<(), BoxError> {
        Ok(producer.send(number).await?)
    }

    async fn get(consumer: &Self::Consumer) -> Got {
        consumer.recv().await.ok().into()
    }
}

/// It has one receiver, so that of two consumers one holds the lock while it waits.
struct Mpsc;

impl Queue for Mpsc {
    type Producer = mpsc::Sender<u64>;
    type Consumer = Arc<Mutex<mpsc::Receiver<u64>>>;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (producer, consumer) = mpsc::channel(capacity);
        (producer, Arc::new(Mutex::new(consumer)))
    }

    async fn put(producer: &Self::Producer, number: u64) -> Result<(), BoxError> {
        Ok(producer.send(number).await?)
    }

    async fn get(consumer: &Self::Consumer) -> Got {
        consumer.lock().await.recv().await.into()
    }
}
