//! S56, S57, S63, S64: producers and consumers in any number. Never a counter of who has ended, and never a consumer that
//! leaves too early or too late.
//!
//! In Python the first 'end' ends a consumer, whoever else still produces; the repaired form counts ends in a shared value,
//! asks the queue without a pause and keeps a lock for its lines. Here the queue knows its producers: the consumers wait, and
//! end when the last producer has, whether it returned, failed or panicked.

use std::io;

use workyard::queue::{self, Consumer, Producer};
use workyard::{BoxError, Scheduler, out};

use crate::aid::{is_broken_pipe, random, with_causes};
use crate::tutorial::{Knob, Settings, Tutorial, tutorial};

pub(crate) const S56: Tutorial = tutorial!("s56" "s57", "producers and consumers in any number", many_to_many)
    .in_threads()
    .with(&[PRODUCERS, CONSUMERS, EARLY, FAILING, PANICKING]);

pub(crate) const S63: Tutorial = tutorial!("s63" "s64", "the same, which needed no repair", many_to_many)
    .in_threads()
    .with(&[PRODUCERS, CONSUMERS, EARLY, FAILING, PANICKING]);

async fn producer(q: Producer<String>, producer_id: u32, set: Settings) -> Result<(), BoxError> {
    for i in 0..5 {
        tokio::time::sleep(set.seconds(1).mul_f64(random())).await;
        if i == 2 {
            let ends_by = |knob| set.get(knob) == producer_id;
            assert!(!ends_by(PANICKING), "producer {producer_id} panics");
            if ends_by(FAILING) {
                return Err(format!("producer {producer_id} fails").into());
            }
            if ends_by(EARLY) {
                break;
            }
        }
        q.put(format!("product {i} from producer {producer_id}")).await?;
    }
    out::stdout_line(format_args!("producer {producer_id} exits"))?;
    Ok(())
}

async fn consumer(q: Consumer<String>, consumer_id: u32) -> io::Result<()> {
    while let Some(product) = q.get().await {
        out::stdout_line(format_args!("{product} consumed by consumer {consumer_id}"))?;
    }
    out::stdout_line(format_args!("consumer {consumer_id} exits"))
}

async fn many_to_many(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let (tx, rx) = queue::bounded(10);
    let group = yard.group::<Result<(), BoxError>>();
    for id in 0..set.get(PRODUCERS) {
        group.io(producer(tx.clone(), id, set.clone())).await?;
    }
    for id in 0..set.get(CONSUMERS) {
        let consumer = consumer(rx.clone(), id);
        group.io(async move { Ok(consumer.await?) }).await?;
    }
    drop((tx, rx)); // the tasks have their own

    while let Some(done) = group.join_next().await {
        // Python's error callback: it gets a panic as well, and holds nobody up.
        if let Err(error) = done.map_err(Into::into).flatten() {
            if is_broken_pipe(&*error) {
                return Err(error);
            }
            out::stdout_line(format_args!("error: {}", with_causes(&*error)))?;
        }
    }
    Ok(())
}

const PRODUCERS: Knob = Knob { name: "producers", what: "how many", usual: 2, least: 1, most: 1_000 };
const CONSUMERS: Knob = Knob { name: "consumers", what: "how many", usual: 2, least: 1, most: 1_000 };
const EARLY: Knob = Knob { name: "early", what: "which producer ends after two products, 1000 for none", ..NOBODY };
const FAILING: Knob = Knob { name: "fail", what: "which one fails then", ..NOBODY };
const PANICKING: Knob = Knob { name: "panic", what: "which one panics then", ..NOBODY };
const NOBODY: Knob = Knob { name: "", what: "", usual: 1_000, least: 0, most: 1_000 };
