//! Owns the lock around the state, and the rule that wakers and items are let go outside it. Never decides.

use std::task::{Context, Poll, Waker};

use tokio::time::Instant;
use workyard_core::Priority;

use super::error::{PutError, PutErrorKind};
use super::line::Ticket;
use super::lock::Lock;
use super::state::{Admission, Side, State};
use super::store::{Store, nanos};
use super::times::Nanos;
use super::wakes::Wakes;

/// What the handles of one queue have in common.
#[repr(C, align(64))]
pub(super) struct Shared<T> {
    state: Lock<State<T>>,
    /// When the queue was made, for a queue that orders by age.
    epoch: Option<Instant>,
}

impl<T> Shared<T> {
    pub(super) fn new(store: Store<T>, capacity: usize) -> Self {
        let epoch = store.ages().then(Instant::now);
        Self { state: Lock::new(State::new(store, capacity)), epoch }
    }

    /// Does one thing under the lock, and then wakes whom it concerns.
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut State<T>, &mut Wakes) -> R) -> R {
        let mut wakes = Wakes::default();
        let result = act(&mut self.state.lock(), &mut wakes);
        wakes.wake();
        result
    }

    /// Stands in line on one side until admitted, and then does `act` under the same lock. `None` when refused.
    ///
    /// Most calls neither wait nor have waited, and are over here.
    #[inline]
    pub(super) fn poll_in_line<R>(
        &self,
        side: Side,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut State<T>, &mut Wakes) -> R,
    ) -> Poll<Option<R>> {
        if ticket.is_none() {
            let mut state = self.state.lock();
            if state.has_for_newcomer(side) {
                let mut wakes = Wakes::default();
                let result = act(&mut state, &mut wakes);
                drop(state);
                wakes.wake();
                return Poll::Ready(Some(result));
            }
        }
        self.wait_in_line(side, ticket, cx, act)
    }

    /// A newcomer comes with a waker, which is cloned outside the lock. Who stands in line already mostly needs none, so
    /// it is cloned between two rounds, and the second looks again.
    #[inline(never)]
    fn wait_in_line<R>(
        &self,
        side: Side,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut State<T>, &mut Wakes) -> R,
    ) -> Poll<Option<R>> {
        let mut spare: Option<Waker> = ticket.is_none().then(|| cx.waker().clone());
        loop {
            let mut state = self.state.lock();
            state.look_at_clock();
            match state.admit(side, ticket) {
                Admission::Go => {
                    let mut wakes = Wakes::default();
                    let result = act(&mut state, &mut wakes);
                    drop(state);
                    wakes.wake();
                    return Poll::Ready(Some(result));
                }
                Admission::Refused => return Poll::Ready(None),
                Admission::Wait => {}
            }
            let line = state.line(side);
            if ticket.as_ref().is_some_and(|ticket| line.would_wake(ticket, cx.waker())) {
                return Poll::Pending;
            }
            let Some(waker) = spare.take() else {
                drop(state);
                spare = Some(cx.waker().clone());
                continue;
            };
            let replaced = if let Some(ticket) = ticket {
                Some(line.replace_waker(ticket, waker))
            } else {
                *ticket = Some(line.enter(waker));
                None
            };
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
    }

    /// Ends the wait of a future that is dropped or gives up.
    #[inline]
    pub(super) fn leave(&self, side: Side, ticket: &mut Option<Ticket>) {
        if let Some(ticket) = ticket.take() {
            let unused_waker = self.with(|state, wakes| state.leave(side, ticket, wakes));
            drop(unused_waker);
        }
    }

    pub(super) fn try_put(&self, item: T, priority: Priority) -> Result<(), PutError<T>> {
        self.with(move |state, wakes| match state.admit(Side::Put, &mut None) {
            Admission::Go => {
                state.put(item, priority, || self.now(), wakes);
                Ok(())
            }
            Admission::Refused => Err(PutError::new(PutErrorKind::Closed, item)),
            Admission::Wait => Err(PutError::new(PutErrorKind::Full, item)),
        })
    }

    /// The time since the queue was made, where the order asks for it.
    #[inline]
    pub(super) fn now(&self) -> Nanos {
        self.epoch.map_or(0, |epoch| nanos(Instant::now().saturating_duration_since(epoch)))
    }

    pub(super) fn len(&self) -> usize {
        self.state.lock().len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.state.lock().capacity()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().is_closed()
    }

    pub(super) fn close(&self) {
        self.with(State::close);
    }

    /// What the `Debug` of every handle shows.
    pub(super) fn fmt_as(&self, name: &str, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (len, capacity, closed) = {
            let state = self.state.lock();
            (state.len(), state.capacity(), state.is_closed())
        };
        f.debug_struct(name)
            .field("len", &len)
            .field("capacity", &capacity)
            .field("closed", &closed)
            .finish_non_exhaustive()
    }
}
