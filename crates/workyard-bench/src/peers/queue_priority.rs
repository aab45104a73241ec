//! Owns the variants that pass numbers of four levels through a queue that gives the most urgent first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use workyard::BoxError;
use workyard::queue::{self, Ageing, Priority};

use super::group::{Group, PER_ITEM, Requirement, Row, Unit, WALL, no_row};
use super::two_by_two::{self, Got, Queue};
use crate::harness::Sample;

pub(super) const GROUP: Group = Group {
    name: "queue-priority",
    title: "numbers of four levels through a priority queue of 1,024, from two tasks to two tasks",
    rows: &[
        Row::new("heap", "a `BinaryHeap` behind a lock, and two semaphores"),
        Row::new("workyard", "workyard `queue::priority`"),
        Row::new("workyard-batch", "workyard `queue::priority`, `get_many` of 64"),
        Row::new("workyard-strict", "workyard `queue::priority_with_ageing`, without any"),
    ],
    columns: PER_ITEM,
    requirements: &[Requirement { row: "workyard", number: WALL, unit: Unit::OfBaseline, must: 0.40, aim: Some(0.14) }],
    items: 2_000_000,
    work: None,
    sample,
};

fn sample(row: &str, items: u64, _: u64) -> Result<Sample, BoxError> {
    match row {
        "heap" => two_by_two::sample::<Heap>(items, CAPACITY),
        "workyard" => two_by_two::sample::<OneByOne>(items, CAPACITY),
        "workyard-strict" => two_by_two::sample::<Strict>(items, CAPACITY),
        "workyard-batch" => two_by_two::sample::<InBatches>(items, CAPACITY),
        other => no_row(other),
    }
}

const CAPACITY: usize = 1_024;

/// Every level has as many.
const fn priority(number: u64) -> Priority {
    match number % 4 {
        0 => Priority::LOW,
        1 => Priority::NORMAL,
        2 => Priority::HIGH,
        _ => Priority::HIGHEST,
    }
}

struct OneByOne;

impl Queue for OneByOne {
    type Producer = queue::PriorityProducer<u64>;
    type Consumer = queue::Consumer<u64>;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        queue::priority(capacity)
    }

    async fn put(producer: &Self::Producer, number: u64) -> Result<(), BoxError> {
        Ok(producer.put(priority(number), number).await?)
    }

    async fn get(consumer: &Self::Consumer) -> Got {
        consumer.get().await.into()
    }
}

struct InBatches;

impl Queue for InBatches {
    type Producer = queue::PriorityProducer<u64>;
    type Consumer = queue::Consumer<u64>;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        queue::priority(capacity)
    }

    async fn put(producer: &Self::Producer, number: u64) -> Result<(), BoxError> {
        OneByOne::put(producer, number).await
    }

    async fn get(consumer: &Self::Consumer) -> Got {
        consumer.get_many(two_by_two::BATCH).await.into()
    }
}

/// Waiting never helps, as with the heap.
struct Strict;

impl Queue for Strict {
    type Producer = queue::PriorityProducer<u64>;
    type Consumer = queue::Consumer<u64>;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        queue::priority_with_ageing(capacity, Ageing::new(Duration::MAX))
    }

    async fn put(producer: &Self::Producer, number: u64) -> Result<(), BoxError> {
        OneByOne::put(producer, number).await
    }

    async fn get(consumer: &Self::Consumer) -> Got {
        OneByOne::get(consumer).await
    }
}

/// What one writes by hand: a semaphore for places, and one for items.
struct Heap {
    items: Mutex<Items>,
    places: Semaphore,
    queued: Semaphore,
}

#[derive(Default)]
struct Items {
    heap: BinaryHeap<Item>,
    puts: u64,
}

/// The most urgent is the greatest, and of equals what came first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    priority: Priority,
    put: Reverse<u64>,
    number: u64,
}

impl Heap {
    fn close(&self) {
        // One permit more than there are items is the end, and whoever gets it passes it on.
        self.queued.add_permits(1);
    }
}

/// Closes the queue with the last.
#[derive(Clone)]
struct HeapProducer(Arc<Open>);

struct Open(Arc<Heap>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Queue for Heap {
    type Producer = HeapProducer;
    type Consumer = Arc<Self>;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let heap =
            Arc::new(Self { items: Mutex::default(), places: Semaphore::new(capacity), queued: Semaphore::new(0) });
        (HeapProducer(Arc::new(Open(Arc::clone(&heap)))), heap)
    }

    async fn put(HeapProducer(open): &Self::Producer, number: u64) -> Result<(), BoxError> {
        let heap = &open.0;
        heap.places.acquire().await?.forget();
        {
            let Items { heap, puts } = &mut *heap.items.lock();
            heap.push(Item { priority: priority(number), put: Reverse(*puts), number });
            *puts += 1;
        }
        heap.queued.add_permits(1);
        Ok(())
    }

    async fn get(consumer: &Self::Consumer) -> Got {
        let Ok(permit) = consumer.queued.acquire().await else { return None.into() };
        let Some(Item { number, .. }) = consumer.items.lock().heap.pop() else { return None.into() };
        permit.forget();
        consumer.places.add_permits(1);
        Some(number).into()
    }
}
