//! S29: a producer, a slower consumer, a queue of two between them, and a stop after ten seconds. Never an item that is
//! unaccounted for, and never a consumer that nobody wakes.
//!
//! Python's flag is looked at between two gets only, so a consumer that waits for an item never sees it; and what was
//! left in the queue was lost. Here closing the queue wakes who waits for it, and what is left comes out.

use std::time::{Duration, Instant};

use workyard::queue::{self, Consumer, Producer};
use workyard::sync::CancellationToken;
use workyard::{BoxError, Scheduler, out};

use crate::aid::random;
use crate::tutorial::{Knob, Settings, Tutorial, tutorial};

pub(crate) const S29: Tutorial =
    tutorial!("s29", "a producer, a slow consumer, and a stop that loses nothing", until_stopped).with(&[
        CONSUMERS,
        PRODUCE,
        CONSUME,
        STOP,
        STOP_WITHIN,
    ]);

#[derive(Default)]
struct Made {
    put: u32,
    refused: u32,
}

async fn produce(
    queue: Producer<u32>,
    pace: Duration,
    patience: Duration,
    stop: CancellationToken,
) -> Result<Made, BoxError> {
    let mut made = Made::default();
    while stop.run_until_cancelled(tokio::time::sleep(pace)).await.is_some() {
        match queue.put_timeout(made.put + made.refused, patience).await {
            Ok(()) => made.put += 1,
            Err(refused) => {
                made.refused += 1;
                let (why, is_closed) = (refused.to_string(), refused.is_closed());
                let message = refused.into_inner(); // it comes back, so it is not lost
                out::stdout_line(format_args!("producer: message {message} was refused: {why}"))?;
                if is_closed {
                    break;
                }
            }
        }
    }
    out::stdout_line("Bye bye from producer!")?;
    Ok(made)
}

async fn consume(queue: Consumer<u32>, pace: Duration, stop: CancellationToken) -> Result<u32, BoxError> {
    let mut consumed = 0;
    while let Some(message) = queue.get().await {
        out::stdout_line(format_args!("consumer got: message {message}"))?;
        consumed += 1;
        stop.run_until_cancelled(tokio::time::sleep(pace)).await;
    }
    out::stdout_line("Bye bye from consumer!")?;
    Ok(consumed)
}

async fn until_stopped(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let (tx, rx) = queue::bounded(2);
    let stop = CancellationToken::new();
    let producer = produce(tx, set.seconds(set.get(PRODUCE)), set.seconds(1), stop.clone());
    let producer = yard.io().submit(producer).await?;
    let consumers = yard.group();
    for _ in 0..set.get(CONSUMERS) {
        consumers.io(consume(rx.clone(), set.seconds(set.get(CONSUME)), stop.clone())).await?;
    }

    let random_moment = set.seconds(set.get(STOP_WITHIN)).mul_f64(random());
    tokio::time::sleep(set.seconds(set.get(STOP)) + random_moment).await;
    let stopped = Instant::now();
    rx.close(); // wakes who waits for the queue
    let left_over = rx.drain().len(); // or leave it to the consumers: both are a choice
    stop.cancel(); // wakes who sleeps

    let Made { put, refused } = producer.await??;
    let mut consumed = 0;
    while let Some(by_one) = consumers.join_next().await {
        consumed += by_one??;
    }
    out::stdout_line(format_args!("put {put} = {consumed} consumed + {left_over} left over; refused {refused}"))?;
    out::stdout_line(format_args!("all have ended within {} ms", stopped.elapsed().as_millis()))?;
    Ok(())
}

const CONSUMERS: Knob = Knob { name: "consumers", what: "how many", usual: 1, least: 1, most: 1_000 };
const PRODUCE: Knob = Knob { name: "produce", what: "seconds to make a message", usual: 1, least: 0, most: 1_000 };
const CONSUME: Knob = Knob { name: "consume", what: "seconds to work on one", usual: 2, least: 0, most: 1_000 };
const STOP: Knob = Knob { name: "stop", what: "seconds until the stop", usual: 10, least: 0, most: 1_000 };
const STOP_WITHIN: Knob = Knob { name: "stop-within", what: "as many more at random", usual: 0, least: 0, most: 1_000 };
