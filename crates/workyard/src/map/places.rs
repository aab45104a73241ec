//! Owns the futures of one runner: pinned places that are used again and again, so that an item costs no allocation. Never
//! decides which is polled.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::map::error::{Case, More};
use crate::map::inbox::{Held, Inbox};
use crate::map::rounds::Rounds;
use crate::map::spec::{Numbered, Returned};
use crate::task::{BoxError, Payload, catch};

/// A place for one future.
struct Place<Fut, I> {
    future: Pin<Box<Option<Fut>>>,
    waker: Waker,
    /// The item that it holds or held.
    index: u64,
    /// What is known of that besides.
    more: Option<Box<More<I>>>,
    /// How many tasks or places in lanes the future waits for.
    waits: u32,
    /// With which the future waits, if it was polled once.
    round: Option<u32>,
}

/// The places of one runner.
pub(super) struct Places<Fut, I> {
    inbox: Arc<Inbox>,
    all: Vec<Place<Fut, I>>,
    free: Vec<u32>,
    rounds: Rounds,
    /// The round of the futures that are polled for the first time.
    open: Option<u32>,
    /// How many futures wait for a task or for room.
    waiting: usize,
    /// When the items that began are out of time: in the order in which they began, which is that of their ends.
    deadlines: VecDeque<(Instant, u32, u64)>,
}

impl<Fut: Future, I> Places<Fut, I> {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        let rounds = Rounds::new(&inbox);
        Self { inbox, all: Vec::new(), free: Vec::new(), rounds, open: None, waiting: 0, deadlines: VecDeque::new() }
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
            self.all.push(Place { future: Box::pin(None), waker, index, more: None, waits: 0, round: None });
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
        (kept.index, kept.waits, kept.round) = (case.index, 0, None);
        kept.future.set(Some(future));
        if let Some(at) = timeout.and_then(|timeout| Instant::now().checked_add(timeout)) {
            self.deadlines.push_back((at, place, case.index));
        }
        kept.more = case.more;
    }

    /// So many futures are about to be polled for the first time.
    pub(super) fn open_round(&mut self, futures: usize) {
        let inbox = &self.inbox;
        self.open = self.rounds.open(futures, |number| inbox.waker(number));
    }

    /// They were.
    pub(super) fn close_round(&mut self) {
        if let Some(round) = self.open.take() {
            self.rounds.close(round);
        }
    }

    /// The places that are to be polled are added to `woken`.
    pub(super) fn take_woken(&mut self, woken: &mut Vec<u32>) {
        let rounds = &mut self.rounds;
        self.inbox.take_woken(|number| rounds.expand(number, woken));
    }

    /// Polls the future that was just put in.
    #[inline]
    pub(super) fn poll_first<T>(&mut self, at: u32, into: &mut Given<I, T>) -> Polled
    where
        Fut: Future<Output = Result<T, BoxError>>,
    {
        let Some(place) = self.all.get_mut(at as usize) else { return Polled::Empty };
        let waker = self.open.and_then(|round| self.rounds.waker(round)).unwrap_or(&place.waker);
        let polled = poll_caught(place.future.as_mut(), place.index, place.more.is_none(), waker, into);
        if polled == Polled::Pending
            && let Some(round) = self.open
        {
            place.round = Some(round);
            self.rounds.join(round, at);
        }
        polled
    }

    /// Polls the future in a place once more.
    #[inline]
    pub(super) fn poll<T>(&mut self, at: u32, into: &mut Given<I, T>) -> Polled
    where
        Fut: Future<Output = Result<T, BoxError>>,
    {
        let Some(place) = self.all.get_mut(at as usize) else { return Polled::Empty };
        let polled = poll_caught(place.future.as_mut(), place.index, place.more.is_none(), &place.waker, into);
        if let Some(round) = place.round.take() {
            self.rounds.leave(round);
            self.rounds.learn(polled != Polled::Pending);
        }
        polled
    }

    /// The waits of its runner were so many before it was polled, and are so many now.
    #[inline]
    pub(super) fn count_waits(&mut self, place: u32, before: u32, now: u32) {
        if before != now
            && let Some(place) = self.all.get_mut(place as usize)
        {
            self.waiting -= usize::from(place.waits > 0);
            place.waits = place.waits.wrapping_add(now.wrapping_sub(before));
            self.waiting += usize::from(place.waits > 0);
        }
    }

    /// Whether the future in a place waits for a task or for room.
    #[inline]
    pub(super) fn waits(&self, place: u32) -> bool {
        self.all.get(place as usize).is_some_and(|place| place.waits > 0)
    }

    /// How many futures wait for a task or for room.
    #[inline]
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Drops a future that has completed, of whose item nothing but the index is known. Gives the panic of its `Drop`.
    #[inline]
    pub(super) fn clear_completed(&mut self, at: u32) -> Option<Payload> {
        let place = self.all.get_mut(at as usize)?;
        let dropped = catch(|| place.future.set(None));
        self.waiting -= usize::from(std::mem::take(&mut place.waits) > 0);
        dropped.err().map(Payload::new)
    }

    /// Drops the future in a place. Gives what is known of its item, and the panic of its `Drop`.
    #[inline]
    pub(super) fn clear(&mut self, at: u32) -> (Option<Case<I>>, Option<Payload>) {
        let Some(place) = self.all.get_mut(at as usize) else { return (None, None) };
        let held = place.future.is_some();
        let panicked = catch(|| place.future.set(None)).err().map(Payload::new);
        self.waiting -= usize::from(std::mem::take(&mut place.waits) > 0);
        if let Some(round) = place.round.take() {
            self.rounds.leave(round);
        }
        let more = place.more.take();
        (held.then_some(Case { index: place.index, more }), panicked)
    }

    /// Frees a place that holds nothing.
    #[inline]
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

/// What came of a poll. The place holds its future still.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Polled {
    /// There is no future in that place.
    Empty,
    Pending,
    /// It completed, and what it gave is among the results already.
    Completed,
    /// What else it gave, or the payload of its panic, is aside.
    Returned,
}

/// Where polls put what futures give. A value goes there from the future's own hands: to give it from function to function costs more
/// than the poll.
pub(super) struct Given<I, T> {
    pub(super) results: Vec<Numbered<I, T>>,
    /// What is not simply the value of an item of which nothing but the index is known.
    pub(super) aside: Option<Returned<T>>,
}

#[inline]
fn poll_caught<I, T, Fut: Future<Output = Result<T, BoxError>>>(
    future: Pin<&mut Option<Fut>>,
    index: u64,
    is_bare: bool,
    waker: &Waker,
    into: &mut Given<I, T>,
) -> Polled {
    let Some(future) = future.as_pin_mut() else { return Polled::Empty };
    let Given { results, aside } = into;
    let polled = catch(|| match future.poll(&mut Context::from_waker(waker)) {
        Poll::Pending => Polled::Pending,
        Poll::Ready(Ok(value)) if is_bare => {
            results.push((index, Ok(value)));
            Polled::Completed
        }
        Poll::Ready(returned) => {
            *aside = Some(Ok(returned));
            Polled::Returned
        }
    });
    polled.unwrap_or_else(|payload| {
        *aside = Some(Err(payload));
        Polled::Returned
    })
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
