//! Owns the runners of futures, on io lanes, as their lane and the others of their map see them. Never polls a future: that is the
//! [driver](super::driver)'s.
//!
//! A future may block its thread, and its driver with it. So all that was accepted is where others reach it, in the inbox, until it is
//! answered: what did not begin, what runs, and what has ended since its driver last looked at the lane.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use workyard_core::{Ending, Outcome, Reason, Tally};

use crate::map::driven::Driven;
use crate::map::driver::Driver;
use crate::map::error::Case;
use crate::map::exchange::Exchange;
use crate::map::inbox::Inbox;
use crate::map::load::Load;
use crate::map::places::Places;
use crate::map::turn::Counted;
use crate::primitives::AtomicWaker;
use crate::primitives::whole::Mutex;
use crate::task::cell::Task;
use crate::task::header::{Header, Options};
use crate::task::{BoxError, TaskError, Where};

/// How many futures a runner polls at most: room is made for all of them before it begins. Where more may be in flight, there are more
/// runners.
const MOST_PLACES: usize = 4_096;

pin_project_lite::pin_project! {
    /// A future of the user's, and what is made of its output.
    pub(super) struct Concluded<Fut, C> {
        #[pin]
        future: Fut,
        conclude: C,
    }
}

impl<Fut, C> Concluded<Fut, C> {
    pub(super) const fn new(future: Fut, conclude: C) -> Self {
        Self { future, conclude }
    }
}

impl<T, Fut: Future, C: Fn(Fut::Output) -> Result<T, BoxError>> Future for Concluded<Fut, C> {
    type Output = Result<T, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = ready!(this.future.poll(cx));
        Poll::Ready((this.conclude)(output))
    }
}

/// What all runners of a map have in common.
pub(super) struct Futures<I, T, F, Fut: Future> {
    pub(super) exchange: Arc<Exchange<I, T>>,
    /// Until it is dropped, by whoever is the last: maybe a thread of the runtime.
    pub(super) function: Option<F>,
    /// How many futures all runners poll at most.
    pub(super) most_in_flight: usize,
    /// Empty ones that runners left behind, for those that come later; so never more than there were runners at once.
    pub(super) spare: Mutex<Vec<Places<Fut, I>>>,
}

impl<I, T, F, Fut: Future> Drop for Futures<I, T, F, Fut> {
    fn drop(&mut self) {
        self.exchange.drop_value(self.function.take());
    }
}

impl<I, T, F, Fut> Futures<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
{
    /// With so many futures in flight at most.
    pub(super) fn new(exchange: Arc<Exchange<I, T>>, function: F, most_in_flight: usize) -> Self {
        Self { exchange, function: Some(function), most_in_flight, spare: Mutex::default() }
    }

    /// A further runner.
    pub(super) fn runner(self: &Arc<Self>) -> Arc<dyn Task> {
        let spare = self.spare.lock().pop();
        let places = spare.unwrap_or_else(|| Places::new(Inbox::new(self.most_in_flight.min(MOST_PLACES))));
        let spec = &self.exchange.spec;
        let (name, site) = (spec.name().cloned(), spec.origin.site);
        let options = Options::at(site).with_priority(spec.priority).named(name);
        Arc::new(Runner {
            header: Header::new(&self.exchange.lane, options, true),
            wake_body: AtomicWaker::new(),
            map: Arc::clone(self),
            inbox: Arc::clone(places.inbox()),
            places: Mutex::new(Some(places)),
            counted: Counted::new(),
            driven: Driven::default(),
            load: Load::default(),
        })
    }
}

/// A runner of futures.
pub(super) struct Runner<I, T, F, Fut: Future> {
    pub(super) header: Header,
    /// Wakes the driver.
    pub(super) wake_body: AtomicWaker,
    pub(super) map: Arc<Futures<I, T, F, Fut>>,
    pub(super) inbox: Arc<Inbox>,
    /// Until there is a driver.
    places: Mutex<Option<Places<Fut, I>>>,
    pub(super) counted: Counted,
    pub(super) driven: Driven,
    pub(super) load: Load,
}

impl<I, T, F, Fut> Task for Runner<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn start(self: Arc<Self>) {
        if self.driven.begins() {
            self.wake_body.wake();
            return;
        }
        let places = self.places.lock().take();
        // Another driver, after one that was dropped, begins with none.
        let places = places.unwrap_or_else(|| Places::new(Arc::clone(&self.inbox)));
        let lane = Arc::clone(&self.header.lane);
        lane.drive(Driver::new(self, places));
    }

    fn run(&self, _: &Arc<dyn Task>) -> Option<Outcome> {
        unreachable!("a driver of its own works for it")
    }

    fn body_waker(&self) -> Option<&AtomicWaker> {
        Some(&self.wake_body)
    }

    fn publish(&self, _: Ending) -> Option<Waker> {
        self.map.exchange.runner_lost(&self.counted);
        drop(self.header.span().ended(Outcome::Completed));
        None
    }

    fn discard(&self) {
        drop(self.header.span().ended(Outcome::Cancelled));
    }

    fn answer(&self, error: TaskError, _: Where) {
        let exchange = &*self.map.exchange;
        let reason = error.reason().unwrap_or(Reason::Dropped);
        exchange.stop(reason);
        let (mut done, mut tally) = (Vec::new(), Tally::NONE);
        for held in self.inbox.take_all() {
            if held.began {
                tally.count(Outcome::Abandoned);
            } else {
                tally.count_never_started(Outcome::Cancelled);
            }
            let how = if held.began { Outcome::Abandoned } else { Outcome::Cancelled };
            done.push((held.index, Err(exchange.spec.stopped(Case::bare(held.index), how, reason))));
        }
        exchange.lane.settle(&tally);
        exchange.settle(&mut done);
        exchange.runner_lost(&self.counted);
        // A driver that waits for a slot has nothing to wait for any more.
        self.wake_body.wake();
    }

    fn is_runner(&self) -> bool {
        true
    }

    fn has_other_work(&self, from_within: bool) -> bool {
        self.load.is_free(from_within)
    }
}
