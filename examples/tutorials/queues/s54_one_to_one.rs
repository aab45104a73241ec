//! S54, S55: one producer, one consumer, five items. Never a marker for the end.
//!
//! Python's producer puts 'end' when it has done, which an item that is called so does as well.

use workyard::queue::{self, Consumer, Producer};
use workyard::{BoxError, Scheduler, out};

use crate::aid::random;
use crate::tutorial::{Knob, Settings, Tutorial, tutorial};

pub(crate) const S54: Tutorial =
    tutorial!("s54" "s55", "one producer, one consumer, no marker for the end", one_to_one).in_threads().with(&[END]);

async fn producer(q: Producer<String>, set: Settings) -> Result<(), BoxError> {
    for i in 0..5 {
        tokio::time::sleep(set.seconds(1).mul_f64(random())).await;
        let item = if i == set.get(END) { "end".to_owned() } else { i.to_string() };
        q.put(item).await?;
    }
    out::stdout_line("producer exits")?;
    Ok(())
}

async fn consumer(q: Consumer<String>) -> Result<(), BoxError> {
    while let Some(product) = q.get().await {
        out::stdout_line(product)?;
    }
    out::stdout_line("consumer exits")?;
    Ok(())
}

async fn one_to_one(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let (tx, rx) = queue::bounded(10);
    let p1 = yard.io().submit(producer(tx, set)).await?;
    let p2 = yard.io().submit(consumer(rx)).await?;
    p2.await??; // if this one fails, all that the other can say is that the queue is closed
    p1.await??;
    Ok(())
}

const END: Knob = Knob { name: "end", what: "which item is called 'end', 5 for none", usual: 5, least: 0, most: 5 };
