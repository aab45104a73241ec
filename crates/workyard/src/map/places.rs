//! Owns the futures of one runner: pinned places that are used again and again, so that an item costs no allocation. Never
//! decides which is polled.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::map::error::Case;
use crate::map::inbox::{Held, Inbox};
use crate::task::{Payload, catch};

/// A place for one future.
struct Place<Fut, I> {
    future: Pin<Box<Option<Fut>>>,
    waker: Waker,
    index: u64,
    case: Option<Case<I>>,
    /// How many tasks or places in lanes the future waits for.
    waits: usize,
}

/// The places of one runner.
pub(super) struct Places<Fut, I> {
    inbox: Arc<Inbox>,
    all: Vec<Place<Fut, I>>,
    free: Vec<u32>,
    /// How many futures wait for a task or for room.
    waiting: usize,
    /// When the items that began are out of time: in the order in which they began, which is that of their ends.
    deadlines: VecDeque<(Instant, u32, u64)>,
}

impl<Fut: Future, I> Places<Fut, I> {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox, all: Vec::new(), free: Vec::new(), waiting: 0, deadlines: VecDeque::new() }
    }

    /// How the futures in them wake the runner.
    pub(super) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// How many further items fit in.
    pub(super) fn room(&self) -> usize {
        self.inbox.places() - self.all.len() + self.free.len()
    }

    /// A place for this item, which was accepted. It is answered from now on, whatever happens.
    #[inline]
    pub(super) fn reserve(&mut self, index: u64) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            let place = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
            let waker = self.inbox.waker(place);
            self.all.push(Place { future: Box::pin(None), waker, index, case: None, waits: 0 });
            place
        });
        self.inbox.hold(place, Held { index, began: false });
        place
    }

    /// Puts the item's future in, which was just made.
    #[inline]
    pub(super) fn put(&mut self, place: u32, future: Fut, case: Case<I>, timeout: Option<Duration>) {
        self.forget_ended();
        let Some(kept) = self.all.get_mut(place as usize) else { return };
        (kept.index, kept.waits) = (case.index, 0);
        kept.future.set(Some(future));
        if let Some(at) = timeout.and_then(|timeout| Instant::now().checked_add(timeout)) {
            self.deadlines.push_back((at, place, case.index));
        }
        kept.case = Some(case);
    }

    /// Polls the future in a place. `Err` is the payload of a panic; nothing if the place is empty.
    #[inline]
    pub(super) fn poll(&mut self, place: u32) -> Option<Poll<std::thread::Result<Fut::Output>>> {
        let place = self.all.get_mut(place as usize)?;
        let mut cx = Context::from_waker(&place.waker);
        let future = place.future.as_mut().as_pin_mut()?;
        Some(match catch(|| future.poll(&mut cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(payload) => Poll::Ready(Err(payload)),
        })
    }

    /// The waits of its runner were so many before it was polled, and are so many now.
    pub(super) fn count_waits(&mut self, place: u32, before: usize, now: usize) {
        if before != now
            && let Some(place) = self.all.get_mut(place as usize)
        {
            self.waiting -= usize::from(place.waits > 0);
            place.waits = place.waits.wrapping_add(now.wrapping_sub(before));
            self.waiting += usize::from(place.waits > 0);
        }
    }

    /// Whether the future in a place waits for a task or for room.
    pub(super) fn waits(&self, place: u32) -> bool {
        self.all.get(place as usize).is_some_and(|place| place.waits > 0)
    }

    /// How many futures wait for a task or for room.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Drops the future in a place. Gives what is known of its item, and the panic of its `Drop`.
    #[inline]
    pub(super) fn clear(&mut self, at: u32) -> (Option<Case<I>>, Option<Payload>) {
        let Some(place) = self.all.get_mut(at as usize) else { return (None, None) };
        let panicked = catch(|| place.future.set(None)).map_err(Payload::new).err();
        self.waiting -= usize::from(std::mem::take(&mut place.waits) > 0);
        (place.case.take(), panicked)
    }

    /// Frees a place that holds nothing.
    pub(super) fn release(&mut self, place: u32) {
        self.free.push(place);
    }

    /// The places whose items are out of time at `now`.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<u32> {
        let mut overdue = Vec::new();
        while let Some(&(at, place, index)) = self.deadlines.front() {
            let holds_it = self.is_held(place, index);
            if holds_it && at > now {
                break;
            }
            self.deadlines.pop_front();
            overdue.extend(holds_it.then_some(place));
        }
        overdue
    }

    /// When the next item is out of time.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.front().map(|&(at, ..)| at)
    }

    /// The places that hold a future.
    pub(super) fn occupied(&self) -> Vec<u32> {
        (0..).zip(&self.all).filter(|(_, place)| place.future.is_some()).map(|(at, _)| at).collect()
    }

    /// One that takes long is before all deadlines that follow it: those of items that have ended must not pile up behind it.
    fn forget_ended(&mut self) {
        if self.deadlines.len() > 2 * self.all.len() {
            let mut deadlines = std::mem::take(&mut self.deadlines);
            deadlines.retain(|&(_, place, index)| self.is_held(place, index));
            self.deadlines = deadlines;
        }
    }

    fn is_held(&self, place: u32, index: u64) -> bool {
        self.all.get(place as usize).is_some_and(|place| place.index == index && place.future.is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Pending, Ready, pending, ready};

    use futures_util::future::Either;

    use super::*;

    #[test]
    fn deadlines_are_no_more_than_items_in_flight_however_long_one_takes() {
        let mut places = Places::<Either<Pending<()>, Ready<()>>, ()>::new(Inbox::new(4));
        for index in 0..10_000 {
            let place = places.reserve(index);
            let future = if index == 0 { Either::Left(pending()) } else { Either::Right(ready(())) };
            places.put(place, future, Case::bare(index), Some(Duration::from_secs(3_600)));
            assert_eq!(places.overdue(Instant::now()), []);
            assert!(places.deadlines.len() <= 9, "{} after {index}", places.deadlines.len());
            if index > 0 {
                let _ended = places.clear(place);
                places.release(place);
            }
        }
    }
}
