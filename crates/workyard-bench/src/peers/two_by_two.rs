//! Owns two tasks that put numbers and two tasks that add up what they get. Knows no queue.

use tokio::task::JoinSet;
use workyard::BoxError;

use super::group::per_item;
use super::runtime::{Awaited, run};
use crate::harness::{Meter, Sample};

/// A kind of queue. When the last producer is dropped, consumers get what is left, and then the end.
pub(super) trait Queue: 'static {
    type Producer: Clone + Send + Sync;
    type Consumer: Clone + Send + Sync;

    fn of_capacity(capacity: usize) -> (Self::Producer, Self::Consumer);

    fn put(producer: &Self::Producer, number: u64) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Waits for a number, and takes it, or several. Nothing at the end.
    fn get(consumer: &Self::Consumer) -> impl Future<Output = Got> + Send;
}

/// What came out: how many numbers, and their sum.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Got {
    count: u64,
    sum: u64,
}

impl Got {
    pub(super) fn add(&mut self, more: Self) {
        self.count += more.count;
        self.sum += more.sum;
    }
}

impl From<Option<u64>> for Got {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Self::default(), |sum| Self { count: 1, sum })
    }
}

impl From<Vec<u64>> for Got {
    fn from(numbers: Vec<u64>) -> Self {
        Self { count: numbers.len() as u64, sum: numbers.iter().sum() }
    }
}

/// Takes a sample of so many numbers that go through a queue of this kind.
///
/// # Errors
/// When not every number came out once, or it took too long.
pub(super) fn sample<Q: Queue>(items: u64, capacity: usize) -> Result<Sample, BoxError> {
    run(Awaited::InTask, async move {
        pass::<Q>(WARM_UP, capacity).await?;
        let meter = Meter::start();
        pass::<Q>(items, capacity).await?;
        Ok(per_item(meter.read(), items))
    })
}

async fn pass<Q: Queue>(items: u64, capacity: usize) -> Result<(), BoxError> {
    let (producer, consumer) = Q::of_capacity(capacity);
    let (mut puts, mut gets) = (JoinSet::new(), JoinSet::new());
    for numbers in [0..items / 2, items / 2..items] {
        let producer = producer.clone();
        puts.spawn(async move {
            for number in numbers {
                Q::put(&producer, number).await?;
            }
            Ok::<_, BoxError>(())
        });
        let consumer = consumer.clone();
        gets.spawn(async move {
            let mut all = Got::default();
            loop {
                let got = Q::get(&consumer).await;
                if got.count == 0 {
                    return all;
                }
                all.add(got);
            }
        });
    }
    drop((producer, consumer));
    while let Some(joined) = puts.join_next().await {
        joined??;
    }
    let mut all = Got::default();
    while let Some(joined) = gets.join_next().await {
        all.add(joined?);
    }
    let right = Got { count: items, sum: items * (items - 1) / 2 };
    if all == right { Ok(()) } else { Err(format!("{right:?} went in, and {all:?} came out").into()) }
}

/// Until the workers are there, and what is allocated once is.
const WARM_UP: u64 = 10_000;

/// How many numbers are taken at once, where several are.
pub(super) const BATCH: usize = 64;
