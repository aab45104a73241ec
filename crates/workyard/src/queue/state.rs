//! Owns every decision of the queue: who may go on, what that changes, and who is to be woken for it. Runs under the
//! queue's lock, so it never wakes, never drops an item or a waker, and never calls foreign code.
//!
//! # The protocol
//!
//! Three lines of waiters: putters wait for room, getters for an item, joiners for the last item to be done. A waiter
//! is in one of four phases:
//!
//! ```text
//!            enter               grant                  poll: uses the right
//!   outside ───────▶ waiting ────────────▶ granted ──────────────────────────▶ outside
//!                     │   │                  │ drop: the right goes to the next waiter
//!                     │   │ release          └────────────────────────────────▶ outside
//!                     │   └──────────────▶ released ──── poll or drop ────────▶ outside
//!                     └──── drop ─────────────────────────────────────────────▶ outside
//! ```
//!
//! A *right* is room for one item (putters) or a claim on one item (getters). It is counted from the moment it is
//! given, so nobody who comes later can take what was promised:
//!
//! * **A**: `len + rights of putters + slots held by sinks <= capacity`
//! * **B**: `rights of getters <= len`
//! * **C**: while the queue is open and room is free beyond the promised, no putter waits
//! * **D**: while items are left beyond the claimed, no getter waits
//!
//! *Put* (open, room free, or a right in hand): push, then grant one getter. *Get* (an item unclaimed, or a right in
//! hand): pop, then grant one putter. Each frees exactly one right and passes it to exactly one waiter, which is why
//! **C** and **D** hold after every step and one wake-up an operation is enough. *Close*: release all putters; release
//! all getters too if nothing is left, else whoever takes the last item does so: a getter must not leave while an
//! item that another has claimed, and may yet give back, is still there.
//!
//! **The race of a woken waiter that is dropped.** A grants B its right and wakes it outside the lock; before B is
//! polled, B is dropped (the other arm of a `select!` won). The right is recorded in B's place in the line, not in
//! the wake-up. So the drop of B, under the lock, finds its place *granted*, and passes the right on to the waiter who
//! is now first, or leaves it free if nobody waits. If B was dropped before the grant, its place was already gone and the grant
//! went to the next. There is no third order, since both steps hold the lock; a wake-up that reaches a dead or a
//! finished task does nothing. Hence no wake-up is lost, and none is needed twice.
//!
//! **The waker.** It is cloned outside the lock and entered under it, after a second look at the state, so a right
//! that came free in between is taken at once, not slept through. A poll with another waker replaces the old one; a
//! grant that came first makes that poll go on instead.

use std::task::Waker;

use workyard_core::{Priority, mutant};

use super::line::{Left, Line, Ticket};
use super::store::Store;
use super::times::Nanos;
use super::wakes::Wakes;

/// Which line a waiter stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Put,
    Get,
    Join,
}

/// The answer to a waiter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Admission {
    /// It may act, now and under this lock; its place in line is freed.
    Go,
    /// It never may: a put on a closed queue, a get on a closed and empty one. Its place in line is freed.
    Refused,
    Wait,
}

/// In the order of use, since every line of it that is changed must be fetched by the next CPU that takes the lock.
#[repr(C)]
pub(super) struct State<T> {
    closed: bool,
    store: Store<T>,
    capacity: usize,
    /// Items taken by a get and not marked done.
    in_hand: u64,
    /// Slots that sinks hold between `poll_ready` and `start_send`.
    held_by_sinks: usize,
    putters: Line,
    getters: Line,
    joiners: Line,
    producers: usize,
    consumers: usize,
}

impl<T> State<T> {
    /// A queue with one producer and one consumer.
    pub(super) fn new(store: Store<T>, capacity: usize) -> Self {
        Self {
            closed: false,
            store,
            capacity,
            in_hand: 0,
            held_by_sinks: 0,
            putters: Line::new(),
            getters: Line::new(),
            joiners: Line::new(),
            producers: 1,
            consumers: 1,
        }
    }

    /// Is there what a newcomer asks for, beyond what was promised? If not, [`admit`](Self::admit) has the answer.
    #[inline]
    pub(super) fn has_for_newcomer(&self, side: Side) -> bool {
        match side {
            Side::Put => !self.closed && self.room() > 0,
            Side::Get => self.unclaimed() > 0,
            Side::Join => self.unfinished() == 0,
        }
    }

    /// May this waiter, or newcomer without a ticket, go on?
    pub(super) fn admit(&mut self, side: Side, ticket: &mut Option<Ticket>) -> Admission {
        let admission = match (side, ticket.as_ref()) {
            (Side::Put, _) if self.closed => Admission::Refused,
            (Side::Put, Some(ticket)) => Self::go_if(self.putters.is_granted(ticket)),

            (Side::Get, Some(ticket)) if self.getters.is_granted(ticket) => Admission::Go,
            (Side::Get, _) if self.closed && self.store.len() == 0 => Admission::Refused,
            (Side::Get, Some(_)) => Admission::Wait,
            (Side::Join, Some(ticket)) => Self::go_if(self.joiners.is_released(ticket)),
            (_, None) => Self::go_if(self.has_for_newcomer(side)),
        };
        if admission != Admission::Wait
            && let Some(ticket) = ticket.take()
        {
            let left = self.line(side).leave(ticket);
            debug_assert!(!matches!(left, Left::Waiting(_)), "answered without being called");
        }
        admission
    }

    /// Somebody may be going to wait.
    pub(super) fn look_at_clock(&mut self) {
        self.store.look_at_clock();
    }

    /// Puts an item in, the room for which the caller was admitted to.
    #[inline]
    pub(super) fn put(&mut self, item: T, priority: Priority, clock: impl FnOnce() -> Nanos, wakes: &mut Wakes) {
        self.store.push(item, priority, clock);
        debug_assert!(self.promised() <= self.capacity);
        if !mutant!("put-wakes-nobody") {
            wakes.extend(self.getters.grant());
        }
    }

    /// Takes the next item, for which the caller was admitted; it counts as in hand until marked done.
    #[inline]
    pub(super) fn get(&mut self, wakes: &mut Wakes) -> Option<T> {
        let item = self.store.pop()?;
        self.in_hand += 1;
        self.after_pops(1, wakes);
        Some(item)
    }

    /// Takes the next item, for which the caller was admitted, and as many unclaimed ones behind it as there are, at most `max` in
    /// all. They count as in hand until marked done.
    pub(super) fn get_many(&mut self, max: usize, wakes: &mut Wakes) -> Vec<T> {
        let items = self.store.pop_many(max.max(1).min(self.unclaimed()));
        self.in_hand += items.len() as u64;
        self.after_pops(items.len(), wakes);
        items
    }

    /// Takes every unclaimed item out of the count of what is to be done.
    pub(super) fn drain(&mut self, wakes: &mut Wakes) -> Vec<T> {
        let items = self.store.pop_many(self.unclaimed());
        self.after_pops(items.len(), wakes);
        self.release_joiners_if_done(wakes);
        items
    }

    /// Ends a wait that is not going to be polled again, and passes on the right it may have had. Gives its waker, if that
    /// was not used, to be dropped outside the lock.
    pub(super) fn leave(&mut self, side: Side, ticket: Ticket, wakes: &mut Wakes) -> Option<Waker> {
        match (self.line(side).leave(ticket), side) {
            (Left::Waiting(waker), _) => return Some(waker),
            (Left::Granted, Side::Put) => self.grant_putter(wakes),
            (Left::Granted, Side::Get) if mutant!("claim-not-passed-on") => {}
            (Left::Granted, Side::Get) => wakes.extend(self.getters.grant()),
            (Left::Granted, Side::Join) | (Left::Released, _) => {}
        }
        None
    }

    /// Holds for a sink the slot to which it was admitted.
    pub(super) fn hold_slot(&mut self) {
        self.held_by_sinks += 1;
    }

    /// Uses the slot that a sink held; the caller puts an item in it, or refuses one if the queue is closed.
    pub(super) fn use_slot(&mut self) {
        self.held_by_sinks -= 1;
    }

    /// Gives back the slot that a sink held.
    pub(super) fn give_back_slot(&mut self, wakes: &mut Wakes) {
        self.held_by_sinks -= 1;
        self.grant_putter(wakes);
    }

    /// Marks one item in hand as done. `false` when none is in hand.
    pub(super) fn task_done(&mut self, wakes: &mut Wakes) -> bool {
        if self.in_hand == 0 {
            return false;
        }
        self.in_hand -= 1;
        self.release_joiners_if_done(wakes);
        true
    }

    /// No more puts; what is queued stays for the getters.
    pub(super) fn close(&mut self, wakes: &mut Wakes) {
        self.closed = true;
        release_all(&mut self.putters, wakes);
        if self.store.len() == 0 && !mutant!("close-wakes-nobody") {
            release_all(&mut self.getters, wakes);
        }
    }

    pub(super) fn add_producer(&mut self) {
        self.producers += 1;
    }

    pub(super) fn add_consumer(&mut self) {
        self.consumers += 1;
    }

    pub(super) fn remove_producer(&mut self, wakes: &mut Wakes) {
        self.producers -= 1;
        if self.producers == 0 {
            self.close(wakes);
        }
    }

    /// The last one closes the queue and takes out what nobody can get any more; the caller drops it.
    pub(super) fn remove_consumer(&mut self, wakes: &mut Wakes) -> Option<Store<T>> {
        self.consumers -= 1;
        if self.consumers > 0 {
            return None;
        }
        let leftovers = self.store.take();
        // Nobody is left who could mark them done.
        self.in_hand = 0;
        self.close(wakes);
        self.release_joiners_if_done(wakes);
        Some(leftovers)
    }

    pub(super) fn line(&mut self, side: Side) -> &mut Line {
        match side {
            Side::Put => &mut self.putters,
            Side::Get => &mut self.getters,
            Side::Join => &mut self.joiners,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.store.len()
    }

    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Items queued or in hand.
    pub(super) fn unfinished(&self) -> u64 {
        self.in_hand + self.store.len() as u64
    }

    /// Passes on the room of so many items, or, if nobody can put any more, tells those who would wait for what never comes.
    #[inline]
    fn after_pops(&mut self, count: usize, wakes: &mut Wakes) {
        if !self.closed {
            let granted = (0..count).map_while(|_| self.putters.grant());
            granted.for_each(|waker| wakes.push(waker));
        } else if self.store.len() == 0 {
            release_all(&mut self.getters, wakes);
        }
    }

    #[inline]
    fn grant_putter(&mut self, wakes: &mut Wakes) {
        if !self.closed {
            wakes.extend(self.putters.grant());
        }
    }

    fn release_joiners_if_done(&mut self, wakes: &mut Wakes) {
        if self.unfinished() == 0 {
            release_all(&mut self.joiners, wakes);
        }
    }

    /// Items and the room promised to items.
    #[inline]
    fn promised(&self) -> usize {
        self.store.len() + self.putters.granted() + self.held_by_sinks
    }

    #[inline]
    fn room(&self) -> usize {
        self.capacity.saturating_sub(self.promised())
    }

    #[inline]
    fn unclaimed(&self) -> usize {
        self.store.len().saturating_sub(self.getters.granted())
    }

    const fn go_if(condition: bool) -> Admission {
        if condition { Admission::Go } else { Admission::Wait }
    }
}

fn release_all(line: &mut Line, wakes: &mut Wakes) {
    while let Some(waker) = line.release() {
        wakes.push(waker);
    }
}
