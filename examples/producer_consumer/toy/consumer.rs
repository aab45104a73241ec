//! Owns one consumer. Never ends with an item in hand that it does not count, and never asks twice whether there is one.

use std::time::Duration;

use workyard::queue::Consumer;

use super::run::{Item, Shared};

/// Takes items and works on them, until every producer has ended and nothing is left, or the program stops. The item that
/// it has in hand then is left over. While it waits for one, the queue's end is what wakes it.
///
/// # Cancel safety
/// The item in hand is dropped with the future, uncounted: end it by the stop token instead.
pub(super) async fn consume(id: usize, queue: Consumer<Item>, work: Duration, shared: Shared) {
    let Shared { stop, lines, account } = shared;
    while let Some(item) = queue.get().await {
        if stop.pause(work).await {
            account.consumed();
            lines.line(format!("consumer {id} consumed item {item}")).await;
        } else {
            account.left_over();
            lines.line(format!("consumer {id} left item {item} unfinished")).await;
            break;
        }
    }
    // Gone before it says so: a line may have to wait, and nobody should wait for this consumer meanwhile.
    drop(queue);
    lines.line(format!("consumer {id} has ended")).await;
}
