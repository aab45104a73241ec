//! S15: the skeleton of a producer and a consumer. Never a consumer that waits after the last item.
//!
//! Python's consumer has no end: it waits for a next item when no producer is left.

use workyard::queue::{self, Consumer, Producer, PutError};
use workyard::{BoxError, Scheduler, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S15: Tutorial = tutorial!("s15", "a producer, a consumer, and their end", skeleton);

async fn produce(data: Producer<u32>) -> Result<(), PutError<u32>> {
    for item in 0..100 {
        data.put(item).await?; // waits while the queue is full
    }
    Ok(())
} // the producer is gone, and with the last of them the queue is closed

async fn consume(data: Consumer<u32>) -> u32 {
    let mut sum = 0;
    while let Some(item) = data.get().await {
        sum += item;
    }
    sum
}

async fn skeleton(yard: Scheduler, _: Settings) -> Result<(), BoxError> {
    let (tx, rx) = queue::bounded(10);
    let producer = yard.io().submit(produce(tx)).await?;
    let consumer = yard.io().submit(consume(rx)).await?;
    producer.await??;
    out::stdout_line(format_args!("the consumer has ended by itself; the sum is {}", consumer.await?))?;
    Ok(())
}
