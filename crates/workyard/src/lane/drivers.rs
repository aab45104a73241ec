//! Owns how futures that are expected to be ready at once are polled: by drivers, which are tokio tasks of an io lane, one
//! future after the other. Never polls a future more than twice: one that is not ready then gets a tokio task of its own.
//!
//! What is expected is [`ShortBodies`]' to say; while it expects nothing of the kind, no future comes here. Who is woken and
//! when is [`Drivers`]'.
//!
//! # Protocol
//! *Who gives tasks a slot*: under the lock, puts them among the ready; if no driver is awake, has one wake up. *Driver*: under
//! the lock, counts the ends of the futures that it has just polled and takes the next ones into its hand; if there are none, it falls
//! asleep in the same critical section, so whoever comes later finds it asleep. It takes as many as it can poll in some [`FULL`], and
//! for them all the lock is taken, and the clock looked at, once.
//!
//! A future that is not ready is mostly one that lets others go first, or waits for what is about to come. So it is *put back*: when
//! others on the worker had a turn, a driver polls it once more, whether it was woken or not, and it needs no waker until then.
//!
//! Tokio runs what was woken or spawned last next on the same worker, which nobody can take it from. That is what makes tiny tasks
//! cheap. But the next future may hold the worker up; so a driver that has woken or spawned anything gives back what it has in its hand, and
//! lets that go first. (What the futures themselves wake, it does not see.) When a driver was at work for a while and leaves others behind, it
//! wakes a second one.
//!
//! What was expected may be wrong: a future polls long, or blocks its thread in `block_in_place` until another one, which is among
//! the ready, has made it go on; or the task that woke the driver goes on without a pause, and tokio does not come to it. So while there are
//! more ready ones than the one that a driver is woken for, a *guard* looks each millisecond; if none was taken meanwhile, each of
//! them is spawned by itself, and nothing is expected any more. So are those in the hand of a driver that the guard finds at the same hand
//! twice; those that are over there it answers for (see [`in_hand`](crate::task::in_hand)).
//!
//! A driver ends when the lane is closed. One that its runtime drops gives up the ready: each of them is spawned by
//! itself, and ended by the same runtime in the same way.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::task::coop;
use workyard_core::{DriverCall, Drivers, Hand, Moment, Outcome, ShortBodies, Slot, mutant};

use crate::lane::LaneShared;
use crate::lane::effects::{Effect, Effects};
use crate::lane::executor::Executor;
use crate::lane::shared::{BodyEnd, LaneState};
use crate::lane::wakes::of_futures;
use crate::task::cell::Task;
use crate::task::in_hand::TakenBack;

/// What the drivers of one lane are to poll, and how to wake them.
#[derive(Default)]
pub(super) struct Pool {
    drivers: Drivers,
    /// Tasks that have a slot and are to be polled.
    ready: VecDeque<Ready>,
    /// Tasks that were put back in this shift.
    again: Vec<Arc<dyn Task>>,
    asleep: Vec<(Number, Waker)>,
    /// Of the drivers that are awake.
    hands: Vec<Held>,
    /// When a driver answered last, while it goes on.
    answered_at: Option<Moment>,
    last: u64,
}

/// A task that is to be polled by a driver.
struct Ready {
    task: Arc<dyn Task>,
    was_polled: bool,
}

/// What is in the hand of one driver.
struct Held {
    driver: Number,
    hand: Hand,
    /// Each may have left it, and its number may be another's: the task itself knows.
    slots: Vec<Slot>,
}

/// Whether [`Pool::time`] is likely to know it, for who does not have the lock.
#[derive(Debug, Default)]
pub(super) struct TimeIsKnown(AtomicBool);

impl TimeIsKnown {
    #[inline]
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Tells a driver from the others of its lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Number(u64);

impl Pool {
    #[inline]
    pub(super) fn push(&mut self, task: Arc<dyn Task>, effects: &mut Effects) {
        self.ready.push_back(Ready { task, was_polled: false });
        let call = self.drivers.push();
        self.call(call, effects);
    }

    /// What was put back is ready.
    fn begin_shift(&mut self) {
        if self.drivers.begin_shift() > 0 {
            self.ready.extend(self.again.drain(..).map(|task| Ready { task, was_polled: true }));
        }
    }

    /// Keeps what was not ready for the next shift. Gives what is no longer the driver's, which is to be dropped after the lock.
    fn put_back(&mut self, not_ready: &mut Vec<Arc<dyn Task>>, effects: &mut Effects) {
        let before = self.again.len();
        let is_ours = |task: &mut Arc<dyn Task>| task.header().in_hand.put_back();
        self.again.extend(not_ready.extract_if(.., is_ours));
        if mutant!("put-back-lost") {
            self.again.truncate(before);
        }
        let call = self.drivers.put_back(self.again.len() - before);
        self.call(call, effects);
    }

    /// The time, while a driver that looks at the clock now and then is at work: as late as one handful of futures takes. Nobody
    /// needs to know better when one of very many short tasks was accepted.
    #[inline]
    pub(super) const fn time(&self) -> Option<Moment> {
        self.answered_at
    }

    /// Wakes those that sleep, to have them end.
    pub(super) fn wake_all(&mut self, effects: &mut Effects) {
        self.drivers.wake_all();
        for (_, waker) in self.asleep.drain(..) {
            effects.push(Effect::Wake(waker));
        }
    }

    #[inline]
    fn call(&mut self, call: Option<DriverCall>, effects: &mut Effects) {
        effects.push(match (call, self.asleep.pop_if(|_| call == Some(DriverCall::Sleeping))) {
            (None, _) => return,
            (Some(DriverCall::Guard), _) => Effect::Guard,
            (_, Some((_, waker))) => Effect::Wake(waker),
            (_, None) => {
                self.last += 1;
                Effect::Drive(Number(self.last))
            }
        });
    }

    /// The next futures to poll, at most so many. `wants_help`: whether another driver is to join in if there are more.
    #[inline]
    fn take(
        &mut self,
        driver: Number,
        most: usize,
        wants_help: bool,
        into: &mut VecDeque<Ready>,
        effects: &mut Effects,
    ) {
        let at = self.hands.iter().position(|held| held.driver == driver).unwrap_or_else(|| {
            self.hands.push(Held { driver, hand: Hand::default(), slots: Vec::with_capacity(MOST_IN_HAND) });
            self.hands.len() - 1
        });
        let Held { hand, slots, .. } = &mut self.hands[at];
        let taken = self.drivers.take(hand, most);
        slots.clear();
        for ready in self.ready.drain(..taken) {
            let header = ready.task.header();
            header.in_hand.hand();
            slots.push(header.slot());
            into.push_back(ready);
        }
        if wants_help && taken > 0 {
            let call = self.drivers.help();
            self.call(call, effects);
        }
    }

    /// A driver does what may hold it up before it polls what it has just taken.
    fn turn_aside(&mut self, driver: Number, taken: usize, effects: &mut Effects) {
        let Some(held) = self.hands.iter_mut().find(|held| held.driver == driver) else { return };
        let call = self.drivers.turn_aside(&mut held.hand, taken);
        self.call(call, effects);
    }

    /// Takes back what a driver has not polled, before all others. Gives what is no longer the driver's, which is to be dropped after the
    /// lock.
    #[must_use]
    fn give_back(&mut self, driver: Number, unpolled: &mut VecDeque<Ready>, effects: &mut Effects) -> Vec<Ready> {
        let Some(held) = self.hands.iter_mut().find(|held| held.driver == driver) else { return Vec::new() };
        let (before, mut not_ours) = (self.ready.len(), Vec::new());
        while let Some(ready) = unpolled.pop_back() {
            if ready.task.header().in_hand.put_back() {
                self.ready.push_front(ready);
            } else {
                not_ours.push(ready);
            }
        }
        let futures = self.ready.len() - before;
        held.slots.clear();
        let call = self.drivers.give_back(&mut held.hand, futures);
        self.call(call, effects);
        not_ours
    }

    /// A driver has nothing in its hand, and goes on later.
    fn empty(&mut self, driver: Number) {
        if let Some(held) = self.hands.iter_mut().find(|held| held.driver == driver) {
            held.hand = Hand::default();
            held.slots.clear();
        }
    }

    /// A driver has nothing in its hand, and is gone for good.
    fn let_go(&mut self, driver: Number) {
        self.hands.retain(|held| held.driver != driver);
    }

    fn spawn_ready(&mut self, effects: &mut Effects) {
        for task in self.ready.drain(..).map(|ready| ready.task).chain(self.again.drain(..)) {
            effects.push(Effect::Start(task));
        }
    }
}

impl LaneShared {
    /// Spawns a driver, which is counted as awake.
    pub(super) fn spawn_driver(self: &Arc<Self>, number: Number) {
        if let Executor::Io(runtime) = &self.executor {
            drop(runtime.spawn(drive(Driver::new(self, number))));
        }
    }

    /// Spawns the guard.
    pub(super) fn spawn_guard(self: &Arc<Self>) {
        if let Executor::Io(runtime) = &self.executor {
            drop(runtime.spawn(guard(Arc::clone(self))));
            // What was spawned last is next on this worker, and nobody can take it from there, whatever the worker is at. The guard is not to be that.
            drop(runtime.spawn(async {}));
        }
    }

    /// A future that has a tokio task of its own was polled as often as a driver would have.
    pub(super) fn saw_polls(&self, is_ready: bool, took: Duration) {
        self.state.lock().short.saw(is_ready, took, ShortBodies::SAMPLE);
    }

    #[inline]
    fn keep_time(&self, state: &mut LaneState, now: Option<Moment>) {
        if state.pool.answered_at.is_some() != now.is_some() {
            self.time_is_known.0.store(now.is_some(), Ordering::Relaxed);
        }
        state.pool.answered_at = now;
    }

    /// The runtime has dropped a driver.
    fn driver_lost(self: &Arc<Self>, number: Number) {
        let mut effects = Effects::default();
        let waker = {
            let mut state = self.state.lock();
            self.keep_time(&mut state, None);
            let pool = &mut state.pool;
            pool.let_go(number);
            let at = pool.asleep.iter().position(|&(asleep, _)| asleep == number);
            let waker = at.map(|at| pool.asleep.swap_remove(at));
            if pool.drivers.lost(waker.is_some()) {
                pool.spawn_ready(&mut effects);
            }
            waker
        };
        drop(waker);
        effects.act(self);
    }
}

async fn guard(lane: Arc<LaneShared>) {
    let mut seen = lane.state.lock().pool.drivers.taken();
    let mut goes_on = true;
    while goes_on {
        tokio::time::sleep(LOOK).await;
        let (mut effects, mut ended) = (Effects::default(), Vec::new());
        {
            let mut state = lane.state.lock();
            let in_hand = state.empty_stuck_hands(&lane, &mut ended, &mut effects);
            let before = seen;
            let look = state.pool.drivers.look(&mut seen, in_hand);
            goes_on = look.goes_on;
            if seen == before {
                // What a driver knows of the time is as old as its last answer.
                lane.keep_time(&mut state, None);
            }
            if look.are_stuck {
                state.short = ShortBodies::default();
                state.pool.spawn_ready(&mut effects);
            }
        }
        if goes_on && !ended.is_empty() {
            // What is told or dropped may hold up who does it.
            lane.spawn_guard();
            goes_on = false;
        }
        effects.act(&lane);
        for Ended { task, end } in ended {
            lane.body_ended(&*task, end, Effects::default());
        }
    }
}

/// A task whose end was counted.
struct Ended {
    task: Arc<dyn Task>,
    end: BodyEnd,
}

impl LaneState {
    /// Empties the hands of drivers that are held up. Whether there is something in others that has to be looked at again.
    fn empty_stuck_hands(&mut self, lane: &LaneShared, ended: &mut Vec<Ended>, effects: &mut Effects) -> bool {
        let stuck = self.pool.hands.iter_mut().filter_map(|held| held.hand.look().then(|| held.slots.clone()));
        let stuck: Vec<_> = stuck.flatten().collect();
        if !stuck.is_empty() && !mutant!("hand-not-emptied") {
            lane.keep_time(self, None);
            self.short = ShortBodies::default();
            let now = lane.yard.clock.now();
            for slot in stuck {
                let Some(task) = self.held_in(slot).map(Arc::clone) else { continue };
                match task.header().in_hand.take_back() {
                    TakenBack::Nothing => {}
                    TakenBack::Waiting => effects.push(Effect::Start(task)),
                    TakenBack::Over(how) => {
                        let end = self.end_body(&*task, how, now);
                        ended.push(Ended { task, end });
                    }
                }
            }
            self.hand_out(&lane.executor, now, effects);
        }
        self.pool.hands.iter().any(|held| held.hand.has_spare())
    }
}

/// What a driver is to its lane.
struct Driver {
    lane: Arc<LaneShared>,
    number: Number,
    /// How many it takes at once.
    most: usize,
    /// Empty between its shifts, as are those that follow: they keep their room.
    hand: VecDeque<Ready>,
    not_ready: Vec<Arc<dyn Task>>,
    /// Polled twice, and not over.
    waiting: Vec<Arc<dyn Task>>,
    over: Vec<(Arc<dyn Task>, Outcome)>,
    ended: Vec<Ended>,
    has_ended: bool,
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.has_ended {
            self.lane.driver_lost(self.number);
        }
    }
}

async fn drive(mut driver: Driver) {
    loop {
        match poll_fn(|cx| Poll::Ready(driver.shift(cx))).await {
            // Of an only worker nobody takes it, and what is woken from elsewhere comes when the queue is empty.
            Next::Yield if driver.lane.at_once == 1 => tokio::task::yield_now().await,
            Next::Yield => pause(true).await,
            Next::Sleep => pause(false).await,
            Next::End => break,
        }
    }
    driver.has_ended = true;
}

/// Until the task is woken, maybe by itself. (Tokio's `yield_now` would have it wait where no other worker finds it.)
async fn pause(goes_on: bool) {
    let mut has_paused = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_paused, true) {
            return Poll::Ready(());
        }
        if goes_on {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
}

/// How a driver goes on.
enum Next {
    /// When others on its worker had their turn.
    Yield,
    /// When it is woken.
    Sleep,
    End,
}

impl Driver {
    fn new(lane: &Arc<LaneShared>, number: Number) -> Self {
        Self {
            lane: Arc::clone(lane),
            number,
            most: 1,
            hand: VecDeque::with_capacity(MOST_IN_HAND),
            not_ready: Vec::with_capacity(MOST_IN_HAND),
            waiting: Vec::new(),
            over: Vec::with_capacity(MOST_IN_HAND),
            ended: Vec::with_capacity(MOST_IN_HAND),
            has_ended: false,
        }
    }

    /// Takes one handful of futures after the other, polls them, and answers for those that are over.
    fn shift(&mut self, cx: &Context<'_>) -> Next {
        let lane = Arc::clone(&self.lane);
        let mut waker = Some(cx.waker().clone());
        let began = lane.yard.clock.now();
        let (mut since, mut polls, mut woke) = (began, 0, false);
        loop {
            // What was done since, if nothing was polled, is no part of a shift.
            let now = if self.has_polled() { lane.yard.clock.now() } else { since };
            let mut effects = Effects::default();
            let (next, is_open) = {
                let mut state = lane.state.lock();
                lane.keep_time(&mut state, Some(now));
                if polls == 0 {
                    state.pool.begin_shift();
                }
                woke |= self.answer(&mut state, since, now, &mut effects);
                let at_work = now.since(began);
                if !woke && polls < AT_ONCE && at_work < SHIFT && coop::has_budget_remaining() {
                    let worth_it = at_work > SLOW && at_work > WORTH_HELP * polls;
                    let wants_help = worth_it && state.pool.drivers.awake() < lane.at_once;
                    state.pool.take(self.number, self.most, wants_help, &mut self.hand, &mut effects);
                }
                // What is told or dropped may hold it up.
                let turns_aside = !self.ended.is_empty() || effects.are_any();
                if self.hand.is_empty() {
                    state.pool.empty(self.number);
                }
                if turns_aside {
                    state.pool.turn_aside(self.number, self.hand.len(), &mut effects);
                }
                let next = match (self.hand.is_empty(), state.pool.drivers.has_ready()) {
                    (false, _) => None,
                    (true, true) => Some(Next::Yield),
                    // It rests when nothing else is left to be done.
                    (true, false) if turns_aside => None,
                    (true, false) => Some(self.rest(&mut state, &mut waker)),
                };
                (next, state.policy.is_open())
            };
            since = now;
            // Who waits for the end of the lane may be told of it by any end. But for an end nothing is woken or spawned before a hand was
            // polled, so each shift polls one.
            woke |= (!is_open && !self.ended.is_empty()) || effects.are_any();
            effects.act(&lane);
            for Ended { task, end } in self.ended.drain(..) {
                // Somebody may have come since to be told.
                woke |= task.header().may_tell_others();
                let waker = lane.body_ended_quietly(&*task, end, Effects::default());
                woke |= lane.wake_with_others(waker, of_futures(now), now);
            }
            if let Some(next) = next {
                lane.wakes.let_go();
                return next;
            }
            if self.hand.is_empty() {
                lane.wakes.let_go();
                continue;
            }
            if woke {
                self.give_back();
                lane.wakes.let_go();
                return Next::Yield;
            }
            polls += u32::try_from(self.hand.len()).unwrap_or(u32::MAX);
            self.poll_hand();
        }
    }

    fn has_polled(&self) -> bool {
        self.over.len() + self.not_ready.len() + self.waiting.len() > 0
    }

    /// Gives back what it has taken and not polled, since others go first, and whoever comes next may take it.
    fn give_back(&mut self) {
        let mut effects = Effects::default();
        let not_ours = {
            let pool = &mut self.lane.state.lock().pool;
            pool.give_back(self.number, &mut self.hand, &mut effects)
        };
        drop(not_ours);
        effects.act(&self.lane);
    }

    fn poll_hand(&mut self) {
        while let Some(Ready { task, was_polled }) = self.hand.pop_front() {
            if !task.header().in_hand.begin() {
                continue;
            }
            if let Some(how) = poll(&task) {
                task.header().in_hand.over(how);
                self.over.push((task, how));
            } else {
                task.header().in_hand.wait();
                if was_polled { &mut self.waiting } else { &mut self.not_ready }.push(task);
            }
        }
    }

    /// Counts the ends of what was polled since, and starts what their slots are good for. Whether others may be told of one than who waits for
    /// the result.
    fn answer(&mut self, state: &mut LaneState, since: Moment, now: Moment, effects: &mut Effects) -> bool {
        if !self.has_polled() {
            return false;
        }
        let [over, pending] = [self.over.len(), self.waiting.len()].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let took = now.since(since);
        // One that took long is one, however many were polled with it.
        if pending > 0 {
            state.short.saw(true, Duration::ZERO, over);
        }
        state.short.saw(pending == 0, took, if pending == 0 { over } else { pending });
        self.most = match took {
            // So many more were as fast only if as many were polled.
            _ if took < FULL / 2 && self.over.len() + self.not_ready.len() + self.waiting.len() >= self.most => {
                MOST_IN_HAND.min(self.most * 2)
            }
            _ if took > FULL => 1.max(self.most / 2),
            _ => self.most,
        };
        state.pool.put_back(&mut self.not_ready, effects);
        for task in self.waiting.extract_if(.., |task| task.header().in_hand.put_back()) {
            effects.push(Effect::Spawn(task));
        }
        // What the guard has taken.
        let not_ours = self.not_ready.drain(..).chain(self.waiting.drain(..));
        self.ended.extend(not_ours.map(|task| Ended { task, end: BodyEnd::NONE }));
        let mut tells_others = false;
        for (task, how) in self.over.drain(..) {
            tells_others |= task.header().may_tell_others();
            // The guard may have answered for it.
            let is_ours = task.header().in_hand.answer() || mutant!("hand-answered-twice");
            let end = if is_ours { state.end_body(&*task, how, now) } else { BodyEnd::NONE };
            self.ended.push(Ended { task, end });
        }
        state.hand_out(&self.lane.executor, now, effects);
        tells_others
    }

    /// With nothing to poll, the driver sleeps, or ends if the lane is closed.
    fn rest(&self, state: &mut LaneState, waker: &mut Option<Waker>) -> Next {
        let is_open = state.policy.is_open();
        let waker = waker.take_if(|_| is_open);
        self.lane.keep_time(state, None);
        state.pool.drivers.rest(waker.is_some());
        let Some(waker) = waker else {
            state.pool.let_go(self.number);
            return Next::End;
        };
        state.pool.asleep.push((self.number, waker));
        Next::Sleep
    }
}

/// Polls a future: how it ended, if it has.
#[inline]
fn poll(task: &Arc<dyn Task>) -> Option<Outcome> {
    if let Some(reason) = task.header().signal.stopped() {
        return Some(task.stop_body(reason));
    }
    // Nobody is to be woken: if it is not ready, it is polled once more in the next shift, or as soon as it has a tokio task.
    match task.poll_body(task, &mut Context::from_waker(Waker::noop())) {
        Poll::Ready(how) => Some(how),
        Poll::Pending => None,
    }
}

/// How many futures a driver has in its hand at most, and for how long it should be at them.
const MOST_IN_HAND: usize = 64;
const FULL: Duration = Duration::from_micros(20);

/// How many futures a driver polls, and for how long, before others on its worker get their turn.
const AT_ONCE: u32 = 512;
const SHIFT: Duration = Duration::from_micros(100);

/// How long a driver is at work before another one is to help.
const SLOW: Duration = Duration::from_micros(20);

/// How long a future has to take in the mean for that: less is lost by moving tasks from one CPU to another.
const WORTH_HELP: Duration = Duration::from_micros(1);

/// How often the guard looks.
const LOOK: Duration = Duration::from_millis(1);
