//! Owns one producer. Never loses an item that it made: it is put, or comes back and is counted as refused.

use std::time::Duration;

use workyard::BoxError;
use workyard::queue::Producer;

use super::run::{Item, Settings, Shared};

/// What one producer is to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    id: usize,
    items: u64,
    pause: Duration,
    trouble: Option<Trouble>,
}

/// What happens to a producer half way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trouble {
    Fails,
    Panics,
}

impl Plan {
    pub(super) fn of(id: usize, settings: &Settings) -> Self {
        let trouble = if settings.panicking.contains(&id) {
            Some(Trouble::Panics)
        } else {
            settings.failing.contains(&id).then_some(Trouble::Fails)
        };
        Self { id, items: settings.items, pause: settings.produce, trouble }
    }
}

/// Makes items and puts them. Its end drops its side of the queue, whichever end it is.
///
/// # Errors
/// Half way, where the plan says so.
///
/// # Panics
/// Half way, where the plan says so.
///
/// # Cancel safety
/// An item that waits for room is dropped with the future, uncounted: end it by closing the queue, which gives it back.
#[cfg_attr(not(test), expect(clippy::panic, reason = "to show that a panic loses nothing and hangs nobody"))]
pub(super) async fn produce(plan: Plan, queue: Producer<Item>, shared: Shared) -> Result<(), BoxError> {
    let Plan { id, items, pause, trouble } = plan;
    let Shared { stop, lines, account } = shared;
    for number in 1..=items {
        if number > items / 2 {
            match trouble {
                Some(Trouble::Fails) => return Err("its machine broke half way".into()),
                Some(Trouble::Panics) => panic!("producer {id} panics half way, as it was asked to"),
                None => {}
            }
        }
        if !stop.pause(pause).await {
            break;
        }
        let item = Item { producer: id, number };
        account.made();
        match queue.put(item).await {
            Ok(()) => {
                account.put();
                lines.line(format!("producer {id} put item {item}")).await;
            }
            Err(closed) => {
                account.refused();
                let item = closed.into_inner();
                lines.line(format!("producer {id} kept item {item}: the queue is closed")).await;
                break;
            }
        }
    }
    lines.line(format!("producer {id} has ended")).await;
    Ok(())
}
