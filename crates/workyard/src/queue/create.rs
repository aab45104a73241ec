//! Owns how a queue comes into being. Never allocates room ahead.

use std::sync::Arc;

use workyard_core::{Ageing, Priority};

use super::consumer::Consumer;
use super::priority_producer::PriorityProducer;
use super::producer::Producer;
use super::shared::Shared;
use super::store::Store;

/// The largest capacity of a queue. There is none without a limit.
pub const MAX_CAPACITY: usize = u32::MAX as usize;

/// A queue of at most `capacity` items; what went in first comes out first.
///
/// # Panics
/// When `capacity` is zero or above [`MAX_CAPACITY`]. Zero does not mean unlimited.
///
/// # Examples
/// ```
/// let (tx, rx) = workyard::queue::bounded(2);
/// tx.try_put('a').unwrap();
/// tx.try_put('b').unwrap();
/// assert_eq!((rx.try_get(), rx.try_get()), (Ok('a'), Ok('b')));
/// ```
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    with_store(Store::fifo(), capacity)
}

/// A queue of at most `capacity` items; what went in last comes out first. Under load, what went in first may wait
/// for ever.
///
/// # Panics
/// When `capacity` is zero or above [`MAX_CAPACITY`].
///
/// # Examples
/// ```
/// let (tx, rx) = workyard::queue::lifo(2);
/// tx.try_put('a').unwrap();
/// tx.try_put('b').unwrap();
/// assert_eq!((rx.try_get(), rx.try_get()), (Ok('b'), Ok('a')));
/// ```
#[track_caller]
pub fn lifo<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    with_store(Store::lifo(), capacity)
}

/// A queue of at most `capacity` items; the most urgent comes out first, and of equals what went in first. Items
/// gain one level of urgency for each second in the queue, so none waits for ever; see
/// [`priority_with_ageing`] for another pace.
///
/// How long an item has waited is known to the microsecond, but for this: where a million items a second are put, the clock is read
/// for one of eight. If such a stream pauses all of a sudden, while nobody waits for an item or for room, at most seven items that come
/// after the pause count as put before it.
///
/// # Panics
/// When `capacity` is zero or above [`MAX_CAPACITY`].
///
/// # Examples
/// ```
/// use workyard::queue::{self, Priority};
///
/// let (tx, rx) = queue::priority(2);
/// tx.try_put(Priority::LOW, 'a').unwrap();
/// tx.try_put(Priority::HIGH, 'b').unwrap();
/// assert_eq!((rx.try_get(), rx.try_get()), (Ok('b'), Ok('a')));
/// ```
#[track_caller]
pub fn priority<T>(capacity: usize) -> (PriorityProducer<T>, Consumer<T>) {
    priority_with_ageing(capacity, Ageing::default())
}

/// As [`priority`], with the given pace at which waiting makes an item more urgent.
///
/// # Panics
/// When `capacity` is zero or above [`MAX_CAPACITY`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use workyard::queue::{self, Ageing, Priority};
///
/// // Strict: a level is never overtaken by a lower one, however long that has waited.
/// let (tx, rx) = queue::priority_with_ageing(2, Ageing::new(Duration::MAX));
/// tx.try_put(Priority::LOW, 'a').unwrap();
/// tx.try_put(Priority::HIGH, 'b').unwrap();
/// assert_eq!((rx.try_get(), rx.try_get()), (Ok('b'), Ok('a')));
/// ```
#[track_caller]
pub fn priority_with_ageing<T>(capacity: usize, ageing: Ageing) -> (PriorityProducer<T>, Consumer<T>) {
    let (producer, consumer) = with_store(Store::priority(ageing), capacity);
    (PriorityProducer::new(producer), consumer)
}

#[track_caller]
fn with_store<T>(store: Store<T>, capacity: usize) -> (Producer<T>, Consumer<T>) {
    assert!(capacity > 0, "the capacity of a queue must be at least 1; there is no unlimited queue");
    assert!(capacity <= MAX_CAPACITY, "the capacity of a queue must be at most {MAX_CAPACITY}");
    let shared = Arc::new(Shared::new(store, capacity));
    (Producer::first(Arc::clone(&shared), Priority::NORMAL), Consumer::first(shared))
}
