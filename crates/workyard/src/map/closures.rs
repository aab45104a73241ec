//! Owns the runners of closures, on cpu and blocking lanes: each works through batches of items on the thread that it was given.
//! Never waits for anything but its turn in the lane's queue.
//!
//! What a runner holds lies on its *desk*, where others reach it: a runner without work takes half of what another has not
//! begun and the results that are there, so that one item which takes long holds up no other; and whoever answers for a runner that does
//! not return finds there what is to be answered. An item is taken off the desk under its lock, by its runner when it has run, or
//! by another before, so it is answered once.
//!
//! Nothing stays behind an item on a desk while there is a runner to be had: who puts several there then has one more sent, if not all are
//! counted and the lane has room; and who was uncounted looks at the desks once more. So either the first sees the lower count, or the second the
//! inputs. Where the lane is full, they wait for their own runner, or for one that comes for others.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use workyard_core::{Ending, Outcome, Reason, Tally, TaskState};

use crate::map::error::Case;
use crate::map::exchange::Exchange;
use crate::map::spec::{Input, Numbered, Settled};
use crate::map::station::Swept;
use crate::map::turn::{Counted, Next, Take};
use crate::observe::at_work;
use crate::primitives::whole::Mutex;
use crate::task::cell::Task;
use crate::task::header::{Header, Options};
use crate::task::{BoxError, TaskError, Where, catch, current};

/// What all runners of a map have in common.
pub(super) struct Closures<I, T, F, R> {
    exchange: Arc<Exchange<I, T>>,
    /// Until it is dropped, by whoever is the last: maybe a thread of the lane.
    function: Option<F>,
    conclude: fn(R) -> Result<T, BoxError>,
    /// Those that may have something on their desk.
    runners: Mutex<Runners<I, T, F, R>>,
}

type Runners<I, T, F, R> = Vec<Weak<Runner<I, T, F, R>>>;

/// What a runner holds.
struct Desk<I, T> {
    inputs: VecDeque<Input<I>>,
    /// The item that runs, unless it was answered by another.
    current: Option<Current<I>>,
    done: Vec<Numbered<I, T>>,
    tally: Tally,
}

/// The item that runs.
struct Current<I> {
    /// With what its error would say, once that is known.
    case: Case<I>,
    /// When it began, if its time is limited.
    began: Option<Instant>,
}

impl<I, T, F, R> Closures<I, T, F, R>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> R + Send + Sync + 'static,
    R: 'static,
{
    pub(super) fn new(exchange: Arc<Exchange<I, T>>, function: F, conclude: fn(R) -> Result<T, BoxError>) -> Self {
        Self { exchange, function: Some(function), conclude, runners: Mutex::default() }
    }

    /// A further runner.
    pub(super) fn runner(self: &Arc<Self>) -> Arc<dyn Task> {
        let spec = &self.exchange.spec;
        let (name, site) = (spec.name().cloned(), spec.origin.site);
        let options = Options::at(site).with_priority(spec.priority).named(name);
        let runner = Arc::new(Runner {
            header: Header::new(&self.exchange.lane, options, true),
            map: Arc::clone(self),
            desk: Mutex::new(Desk::new()),
            gives_way: AtomicBool::new(false),
            counted: Counted::new(),
        });
        let mut runners = self.runners.lock();
        runners.retain(|other| other.strong_count() > 0);
        runners.push(Arc::downgrade(&runner));
        drop(runners);
        runner
    }

    /// Answers the items whose time is up, though they run on.
    pub(super) fn sweep(&self, timeout: Duration, now: Instant) -> Swept {
        let mut swept = Swept { answered: false, inputs_left: false, next: None };
        for runner in self.live_runners() {
            runner.sweep(timeout, now, &mut swept);
        }
        swept
    }

    /// What became of an item. A function that is gone has no runners left.
    fn call(&self, input: I) -> Result<T, BoxError> {
        match &self.function {
            Some(function) => (self.conclude)(function(input)),
            None => Err("the map is over".into()),
        }
    }

    /// Whether there is something on a desk that nobody has begun.
    fn has_inputs(&self) -> bool {
        self.live_runners().iter().any(|runner| !runner.desk.lock().inputs.is_empty())
    }

    fn live_runners(&self) -> Vec<Arc<Runner<I, T, F, R>>> {
        self.runners.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

impl<I, T, F, R> Drop for Closures<I, T, F, R> {
    fn drop(&mut self) {
        self.exchange.drop_value(self.function.take());
    }
}

impl<I, T> Desk<I, T> {
    const fn new() -> Self {
        Self { inputs: VecDeque::new(), current: None, done: Vec::new(), tally: Tally::NONE }
    }

    /// Puts the result of the item that ran aside, and takes the next one. Gives the result back if the item was answered
    /// meanwhile.
    #[inline]
    fn next(
        &mut self,
        ended: Option<Ended<I, T>>,
        began: Option<Instant>,
    ) -> (Option<Input<I>>, Option<Settled<I, T>>) {
        let mut late = None;
        if let Some(Ended { result, how, began }) = ended {
            if self.current.take().is_none() {
                late = Some(result.1);
            } else {
                self.done.push(result);
                if began { self.tally.count(how) } else { self.tally.count_never_started(how) }
            }
        }
        let next = self.inputs.pop_front();
        self.current = next.as_ref().map(|&(index, _)| Current { case: Case::bare(index), began });
        (next, late)
    }

    fn take_done(&mut self, into: &mut Vec<Numbered<I, T>>) -> Tally {
        into.append(&mut self.done);
        std::mem::take(&mut self.tally)
    }
}

struct Runner<I, T, F, R> {
    header: Header,
    map: Arc<Closures<I, T, F, R>>,
    desk: Mutex<Desk<I, T>>,
    gives_way: AtomicBool,
    counted: Counted,
}

/// What an item that ran came to.
struct Ended<I, T> {
    result: Numbered<I, T>,
    how: Outcome,
    /// Whether its function was called.
    began: bool,
}

impl<I, T, F, R> Runner<I, T, F, R>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> R + Send + Sync + 'static,
    R: 'static,
{
    /// Works until there is nothing left, or until others wait for the slot.
    fn work(&self) {
        let exchange = &*self.map.exchange;
        let (mut inputs, mut done) = (VecDeque::new(), Vec::new());
        let mut measured = None;
        loop {
            if let Some(reason) = self.header.signal.asked() {
                exchange.stop(reason);
            }
            self.settle(&mut done);
            let Some(contended) = self.next_batch(&mut inputs, &mut done, measured) else { return };
            let has_several = inputs.len() > 1;
            std::mem::swap(&mut self.desk.lock().inputs, &mut inputs);
            if has_several {
                exchange.or_ring(&exchange.staff_one_more());
            }
            let began = Instant::now();
            let items = self.run_batch();
            measured = Some((items, began.elapsed()));
            if contended {
                self.settle(&mut done);
                exchange.settle(&mut done);
                self.gives_way.store(true, Ordering::Relaxed);
                return;
            }
        }
    }

    /// Takes what is done off the desk, once the lane has counted it.
    fn settle(&self, done: &mut Vec<Numbered<I, T>>) {
        let tally = self.desk.lock().take_done(done);
        self.map.exchange.lane.settle(&tally);
    }

    /// Hands out what is done and takes new inputs. Says whether others wait for the slot; `None` if nothing is left to do.
    fn next_batch(
        &self,
        inputs: &mut VecDeque<Input<I>>,
        done: &mut Vec<Numbered<I, T>>,
        measured: Option<(u64, Duration)>,
    ) -> Option<bool> {
        let exchange = &*self.map.exchange;
        if self.steal(inputs, done) {
            return Some(false);
        }
        loop {
            let take = Take::Batch { measured, counted: &self.counted };
            if exchange.turn(done, &take, inputs).next == Next::Leave {
                if self.map.has_inputs() {
                    exchange.or_ring(&exchange.staff_one_more());
                }
                return None;
            }
            if let Some(contended) = exchange.lane.take_in(inputs.len() as u64) {
                return Some(contended);
            }
            exchange.put_back(inputs);
            exchange.refuse();
        }
    }

    /// Runs what is on the desk; says how many items that were.
    fn run_batch(&self) -> u64 {
        let exchange = &*self.map.exchange;
        let is_timed = exchange.spec.timeout.is_some();
        let mut ended = None;
        for ran in 0.. {
            let began = is_timed.then(Instant::now);
            let (next, late) = self.desk.lock().next(ended.take(), began);
            if let Some(late) = late {
                exchange.drop_late(late);
                exchange.lane.item_returned(self);
            }
            let Some((index, input)) = next else { return ran };
            ended = Some(self.run_item(index, input));
        }
        0
    }

    #[inline]
    fn run_item(&self, index: u64, input: I) -> Ended<I, T> {
        let exchange = &*self.map.exchange;
        let spec = &exchange.spec;
        if let Some(reason) = exchange.stopped().or_else(|| self.header.signal.asked()) {
            let error = exchange.never_ran(index, input, Some(reason));
            return Ended { result: (index, Err(error)), how: reason.outcome(), began: false };
        }
        if spec.timeout == Some(Duration::ZERO) {
            let error = exchange.never_ran(index, input, Some(Reason::Timeout));
            return Ended { result: (index, Err(error)), how: Outcome::TimedOut, began: false };
        }
        let case = match spec.case(index, &input) {
            Ok(case) => case,
            Err(error) => {
                exchange.drop_value(input);
                return Ended { result: (index, Err(error)), how: Outcome::Panicked, began: false };
            }
        };
        // Where it says more than the index, it is needed on the desk: the item may be answered there.
        let mut case = Some(case);
        if case.as_ref().is_some_and(|case| case.more.is_some())
            && let Some(current) = &mut self.desk.lock().current
            && let Some(case) = case.take()
        {
            current.case = case;
        }
        let returned = catch(|| self.map.call(input));
        // Its waits end with it, not with the runner.
        exchange.lane.yard.waits.body_ended(self);
        let case =
            case.or_else(|| Some(std::mem::replace(&mut self.desk.lock().current.as_mut()?.case, Case::bare(index))));
        let (result, how) = exchange.conclude(case.unwrap_or(Case::bare(index)), returned);
        Ended { result: (index, result), how, began: true }
    }

    /// When no input is left: takes half of what another runner has not begun, and the results that it has.
    fn steal(&self, inputs: &mut VecDeque<Input<I>>, done: &mut Vec<Numbered<I, T>>) -> bool {
        let exchange = &self.map.exchange;
        if exchange.is_stopped() || (exchange.has_pending() && !exchange.takes_nothing()) {
            return false;
        }
        for other in self.map.live_runners() {
            let tally = {
                let mut desk = other.desk.lock();
                let keeps = desk.inputs.len() / 2;
                inputs.extend(desk.inputs.drain(keeps..));
                desk.take_done(done)
            };
            exchange.lane.settle(&tally);
            if !inputs.is_empty() {
                break;
            }
        }
        if !done.is_empty() {
            exchange.settle(done);
        }
        !inputs.is_empty()
    }

    /// Answers the item that runs, if its time is up.
    fn sweep(&self, timeout: Duration, now: Instant, swept: &mut Swept) {
        let exchange = &self.map.exchange;
        let time_is_up = |began: Option<Instant>| began.and_then(|began| began.checked_add(timeout));
        let stopped = exchange.stopped();
        let (due, left) = {
            let mut desk = self.desk.lock();
            let is_late = desk.current.is_none();
            swept.inputs_left |= is_late && !desk.inputs.is_empty();
            let left = if is_late && stopped.is_some() { std::mem::take(&mut desk.inputs) } else { VecDeque::new() };
            (desk.current.as_ref().and_then(|current| time_is_up(current.began)), left)
        };
        if let Some(reason) = stopped.filter(|_| !left.is_empty()) {
            // Nobody else will take them, and their runner may never return.
            self.dismiss(left, reason);
            swept.answered = true;
        }
        if due.is_none_or(|due| due > now) {
            swept.next = swept.next.into_iter().chain(due).min();
            return;
        }
        // Marked before it is taken off the desk: whoever finds it gone there takes the mark away.
        exchange.lane.item_overruns(self);
        let (case, inputs_left) = {
            let mut desk = self.desk.lock();
            let is_due = |current: &mut Current<I>| time_is_up(current.began).is_some_and(|due| due <= now);
            (desk.current.take_if(is_due).map(|current| current.case), !desk.inputs.is_empty())
        };
        let Some(case) = case else { return exchange.lane.item_is_in_time(self) };
        // With what ended before it, which its runner will not hand out before it returns.
        let mut done = Vec::new();
        let mut tally = self.desk.lock().take_done(&mut done);
        tally.count(Outcome::TimedOut);
        exchange.lane.settle(&tally);
        done.push((case.index, Err(exchange.spec.stopped(case, Outcome::TimedOut, Reason::Timeout))));
        exchange.settle(&mut done);
        swept.answered = true;
        swept.inputs_left |= inputs_left;
    }

    /// Answers inputs that were taken off the desk, and never begun.
    fn dismiss(&self, inputs: VecDeque<(u64, I)>, reason: Reason) {
        let exchange = &self.map.exchange;
        let mut tally = Tally::NONE;
        let mut done = Vec::with_capacity(inputs.len());
        for (index, input) in inputs {
            tally.count_never_started(reason.outcome());
            done.push((index, Err(exchange.never_ran(index, input, Some(reason)))));
        }
        exchange.lane.settle(&tally);
        exchange.settle(&mut done);
    }

    /// Answers everything on the desk: the item that runs in this way, the others were never begun.
    fn answer_all(&self, how: Outcome, reason: Reason) {
        let exchange = &self.map.exchange;
        let (inputs, current, mut done, mut tally) = {
            let mut desk = self.desk.lock();
            let mut done = Vec::new();
            let tally = desk.take_done(&mut done);
            (std::mem::take(&mut desk.inputs), desk.current.take(), done, tally)
        };
        let spec = &exchange.spec;
        if let Some(Current { case, .. }) = current {
            tally.count(how);
            done.push((case.index, Err(spec.stopped(case, how, reason))));
        }
        exchange.lane.settle(&tally);
        exchange.settle(&mut done);
        self.dismiss(inputs, reason);
    }
}

impl<I, T, F, R> Task for Runner<I, T, F, R>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> R + Send + Sync + 'static,
    R: 'static,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn start(self: Arc<Self>) {
        unreachable!("a worker runs it");
    }

    fn run(&self, me: &Arc<dyn Task>) -> Option<Outcome> {
        self.gives_way.store(false, Ordering::Relaxed);
        let _in_body = (current::enter(Arc::clone(me)), at_work(&self.header));
        self.header.span().within(|| self.work());
        Some(Outcome::Completed)
    }

    fn publish(&self, _: Ending) -> Option<Waker> {
        // Not if it gave way: it may be at work again by now.
        if self.header.status().is_some_and(TaskState::is_ended) {
            self.map.exchange.runner_lost(&self.counted);
            drop(self.header.span().ended(Outcome::Completed));
        }
        None
    }

    fn discard(&self) {
        drop(self.header.span().ended(Outcome::Cancelled));
    }

    fn answer(&self, error: TaskError, _: Where) {
        let reason = error.reason().unwrap_or(Reason::Dropped);
        let how = if error.is_timeout() { Outcome::TimedOut } else { Outcome::Abandoned };
        self.map.exchange.stop(reason);
        self.answer_all(how, reason);
        self.map.exchange.runner_lost(&self.counted);
    }

    fn is_runner(&self) -> bool {
        true
    }

    fn gives_way(&self) -> bool {
        self.gives_way.load(Ordering::Relaxed)
    }
}
