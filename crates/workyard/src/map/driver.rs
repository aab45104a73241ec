//! Owns the driver of a runner of futures: one tokio task, which polls the futures of many items in places that it uses again, so
//! an item costs neither a task nor an allocation. Never waits with inputs in its hands.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::coop;
use tokio::time::{Instant, Sleep};
use tracing::Span;
use workyard_core::{Outcome, Reason, Tally, TaskState};

use crate::map::futures::Runner;
use crate::map::inbox::Inbox;
use crate::map::places::{Given, Places, Polled};
use crate::map::spec::Numbered;
use crate::map::turn::{Next, Take, Turned};
use crate::observe::{in_poll, inside};
use crate::task::cell::Task;
use crate::task::{BoxError, Payload, catch, current};

/// How many inputs a runner takes at once.
const BATCH: usize = 64;

/// How many polls of futures make one poll of their driver, before other tasks of the runtime have their turn.
const POLLS: u32 = 512;

/// For how long a driver polls futures before others have their turn, looked at now and then.
const TURN: Duration = Duration::from_micros(200);

/// How many polls there are between two looks at the clock.
const LOOK_EVERY: u32 = 32;

/// The tokio task of a runner.
pub(super) struct Driver<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
{
    runner: Arc<Runner<I, T, F, Fut>>,
    work: Work<I, T, Fut>,
}

impl<I, T, F, Fut> Driver<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
{
    pub(super) fn new(runner: Arc<Runner<I, T, F, Fut>>, places: Places<Fut, I>) -> Self {
        let work = Work::new(places, runner.header.span().take());
        Self { runner, work }
    }
}

/// What a driver holds.
struct Work<I, T, Fut> {
    places: Places<Fut, I>,
    /// Items that were accepted and have not ended.
    in_flight: usize,
    /// Places that are polled next, from `at` on. A turn that is over leaves some for the next one, before what is woken meanwhile.
    woken: Vec<u32>,
    at: usize,
    /// Woken while the runner had lent the slot that they wait without.
    put_off: Vec<u32>,
    /// Inputs that the lane has not accepted.
    fresh: VecDeque<(u64, I)>,
    /// Those that it has, with their places.
    accepted: VecDeque<(u32, u64, I)>,
    /// Where items were that have ended and were not answered; also where the driver is blocked by another they are, as those that
    /// run. Their results are in the same order.
    ended: Vec<(u32, Outcome)>,
    into: Given<I, T>,
    /// Results that the lane has counted.
    done: Vec<Numbered<I, T>>,
    sleep: Option<Pin<Box<Sleep>>>,
    span: Span,
    /// Whether the lane holds this runner as one that runs.
    has_seat: bool,
    /// Found nothing to do when it was last polled, and stayed for one more poll.
    lingers: bool,
    polls: u32,
}

/// Whether a driver goes on in the same poll.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    GoOn,
    Over,
}

impl<I, T, Fut> Work<I, T, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
{
    fn new(places: Places<Fut, I>, span: Span) -> Self {
        Self {
            places,
            in_flight: 0,
            woken: Vec::new(),
            at: 0,
            put_off: Vec::new(),
            fresh: VecDeque::new(),
            accepted: VecDeque::new(),
            ended: Vec::new(),
            into: Given { results: Vec::new(), aside: None },
            done: Vec::new(),
            sleep: None,
            span,
            has_seat: true,
            lingers: false,
            polls: 0,
        }
    }

    /// Polls what was woken, starts what there are slots for, and hands out what ended.
    fn work<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let began = Instant::now();
        self.polls = 0;
        self.stop_overdue(runner);
        self.woken.append(&mut self.put_off);
        loop {
            self.places.take_woken(&mut self.woken);
            while let Some(place) = self.next_woken() {
                self.poll_place(runner, place);
                if self.is_over(began) == Turn::Over {
                    return self.yield_now(runner, cx);
                }
            }
            match self.next_inputs(runner) {
                Inputs::Some => {}
                Inputs::None => break,
                Inputs::Lingers => {
                    cx.waker().wake_by_ref();
                    break;
                }
                Inputs::Left => return self.leave(runner),
                Inputs::GaveWay => return Poll::Pending,
            }
            let batch = self.accepted.len();
            // At once, and not as they end one by one.
            self.ended.reserve(batch);
            self.into.results.reserve(batch);
            self.places.open_round(batch);
            while let Some((place, index, input)) = self.accepted.pop_front() {
                self.start(runner, place, index, input);
            }
            self.places.close_round();
            if self.is_over(began) == Turn::Over {
                return self.yield_now(runner, cx);
            }
        }
        self.hand_out(runner);
        self.poll_sleep(cx)
    }

    /// Without the slot of its seat, which it lent for one item that waits: polls the others, which have slots of their own.
    fn work_beside<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        self.stop_overdue(runner);
        self.places.take_woken(&mut self.woken);
        while let Some(place) = self.next_woken() {
            if self.places.waits(place) { self.put_off.push(place) } else { self.poll_place(runner, place) }
        }
        self.hand_out(runner);
        self.poll_sleep(cx)
    }

    #[inline]
    fn next_woken(&mut self) -> Option<u32> {
        let next = self.woken.get(self.at).copied();
        if next.is_some() {
            self.at += 1;
        } else {
            self.woken.clear();
            self.at = 0;
        }
        next
    }

    #[inline]
    fn is_over(&mut self, began: Instant) -> Turn {
        self.polls += 1;
        let looks = self.polls.is_multiple_of(LOOK_EVERY) && began.elapsed() > TURN;
        if looks || self.polls >= POLLS || !coop::has_budget_remaining() { Turn::Over } else { Turn::GoOn }
    }

    /// Lets other tasks of the runtime have their turn.
    fn yield_now<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        cx: &Context<'_>,
    ) -> Poll<()> {
        self.hand_out(runner);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Counts what ended, then takes inputs, as many as there are slots for.
    fn next_inputs<F: Fn(I) -> Fut + Send + Sync + 'static>(&mut self, runner: &Arc<Runner<I, T, F, Fut>>) -> Inputs {
        let exchange = &*runner.map.exchange;
        if !self.count_ended(runner, 0) && self.in_flight == 0 {
            // Others wait for the slot.
            return self.give_way(runner);
        }
        let room = self.places.room();
        // Mostly the consumer, which was just woken, has more at once: so a runner that has nothing to do stays until others had their
        // turn. To leave and send another costs more.
        let is_idle = self.in_flight == 0;
        let task: Arc<dyn Task> = Arc::clone(runner) as _;
        let take = if room == 0 && runner.inbox.places() < runner.map.most_in_flight {
            Take::Nothing { counted: &runner.counted }
        } else {
            let (most, is_idle) = (BATCH.min(room), is_idle && self.lingers);
            Take::Share { most, runner: &task, counted: &runner.counted, is_idle }
        };
        let Turned { next, has_woken } = exchange.turn(&mut self.done, &take, &mut self.fresh);
        if has_woken {
            // The consumer is mostly next on this worker, where nobody can take it from, and makes room for inputs: without them others
            // idle. So this turn ends once those at hand have begun.
            self.polls = POLLS;
        }
        let lingered = std::mem::replace(&mut self.lingers, is_idle && next == Next::Leave);
        if next == Next::Leave {
            return match (is_idle, lingered) {
                (true, true) => Inputs::Left,
                (true, false) => Inputs::Lingers,
                (false, _) => Inputs::None,
            };
        }
        let granted = exchange.lane.turn(&**runner, &Tally::NONE, self.in_flight, self.fresh.len());
        if !granted.open {
            exchange.put_back(&mut self.fresh);
            exchange.refuse();
            // There are none; the next turn says how to go on.
            return Inputs::Some;
        }
        if granted.items < self.fresh.len() {
            let mut back = self.fresh.split_off(granted.items);
            exchange.put_back(&mut back);
        }
        if granted.items == 0 {
            return Inputs::None;
        }
        self.in_flight += granted.items;
        for (index, input) in self.fresh.drain(..) {
            let place = self.places.reserve(index);
            self.accepted.push_back((place, index, input));
        }
        Inputs::Some
    }

    /// Has the lane count what ended. `false` if others wait for a slot.
    fn count_ended<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        want: usize,
    ) -> bool {
        if self.ended.is_empty() {
            return true;
        }
        let tally = self.answer_ended(runner);
        let granted = runner.map.exchange.lane.turn(&**runner, &tally, self.in_flight, want);
        !granted.contended
    }

    /// Answers for the items that have ended, and frees their places.
    fn answer_ended<F: Fn(I) -> Fut + Send + Sync + 'static>(&mut self, runner: &Arc<Runner<I, T, F, Fut>>) -> Tally {
        let (mut tally, mut late) = (Tally::NONE, Vec::new());
        {
            let answers = runner.inbox.answers();
            for (at, &(place, how)) in self.ended.iter().enumerate() {
                match answers.take(place) {
                    Some(held) if held.began => tally.count(how),
                    Some(_) => tally.count_never_started(how),
                    None => late.push(at),
                }
                self.places.release(place);
            }
        }
        self.ended.clear();
        for at in late.into_iter().rev() {
            let (_, result) = self.into.results.remove(at);
            runner.map.exchange.drop_late(result);
        }
        if self.done.is_empty() {
            std::mem::swap(&mut self.done, &mut self.into.results);
        } else {
            self.done.append(&mut self.into.results);
        }
        tally
    }

    fn hand_out<F: Fn(I) -> Fut + Send + Sync + 'static>(&mut self, runner: &Arc<Runner<I, T, F, Fut>>) {
        let _contended = self.count_ended(runner, 0);
        if !self.done.is_empty() {
            runner.map.exchange.settle(&mut self.done);
        }
    }

    fn start<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        place: u32,
        index: u64,
        input: I,
    ) {
        let exchange = &*runner.map.exchange;
        let spec = &exchange.spec;
        if let Some(reason) = exchange.stopped() {
            let error = exchange.never_ran(index, input, Some(reason));
            return self.end(runner, place, (index, Err(error)), None, reason.outcome());
        }
        if spec.timeout == Some(Duration::ZERO) {
            let error = exchange.never_ran(index, input, Some(Reason::Timeout));
            return self.end(runner, place, (index, Err(error)), None, Outcome::TimedOut);
        }
        let case = match spec.case(index, &input) {
            Ok(case) => case,
            Err(error) => {
                exchange.drop_value(input);
                return self.end(runner, place, (index, Err(error)), None, Outcome::Panicked);
            }
        };
        if runner.inbox.begin(place, index).is_none() {
            // It was answered meanwhile.
            self.places.release(place);
            self.in_flight -= 1;
            return exchange.drop_value(input);
        }
        let Some(function) = &runner.map.function else { return };
        match catch(|| function(input)) {
            Ok(future) => {
                self.places.put(place, future, case, spec.timeout);
                self.poll_with(runner, place, Places::poll_first);
            }
            Err(payload) => {
                let (result, how) = exchange.conclude(case, Err(payload));
                self.end(runner, place, (index, result), None, how);
            }
        }
        self.polls += 1;
    }

    fn poll_place<F: Fn(I) -> Fut + Send + Sync + 'static>(&mut self, runner: &Arc<Runner<I, T, F, Fut>>, place: u32) {
        self.poll_with(runner, place, Places::poll);
    }

    #[inline]
    fn poll_with<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        place: u32,
        poll: impl FnOnce(&mut Places<Fut, I>, u32, &mut Given<I, T>) -> Polled,
    ) {
        let before = runner.header.waits();
        runner.load.polls(self.in_flight - self.places.waiting(), !self.places.waits(place));
        let polled = poll(&mut self.places, place, &mut self.into);
        self.places.count_waits(place, before, runner.header.waits());
        match polled {
            Polled::Empty | Polled::Pending => {}
            Polled::Completed => {
                if let Some(payload) = self.places.clear_completed(place) {
                    note_drop_panic(runner, &payload);
                }
                self.in_flight -= 1;
                self.ended.push((place, Outcome::Completed));
            }
            Polled::Returned => {
                let (case, panicked) = self.places.clear(place);
                let (Some(case), Some(returned)) = (case, self.into.aside.take()) else { return };
                let index = case.index;
                let (result, how) = runner.map.exchange.conclude(case, returned);
                self.end(runner, place, (index, result), panicked, how);
            }
        }
    }

    /// An item has ended. It is answered, and its place free, when the driver looks at the lane next.
    fn end<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        place: u32,
        result: Numbered<I, T>,
        panicked: Option<Payload>,
        how: Outcome,
    ) {
        if let Some(payload) = panicked {
            note_drop_panic(runner, &payload);
        }
        self.in_flight -= 1;
        self.ended.push((place, how));
        self.into.results.push(result);
    }

    /// Drops the futures of items that are out of time.
    fn stop_overdue<F: Fn(I) -> Fut + Send + Sync + 'static>(&mut self, runner: &Arc<Runner<I, T, F, Fut>>) {
        if runner.map.exchange.spec.timeout.is_some() {
            for place in self.places.overdue(Instant::now()) {
                self.stop(runner, place, Outcome::TimedOut, Reason::Timeout);
            }
        }
    }

    fn stop<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        place: u32,
        how: Outcome,
        reason: Reason,
    ) {
        let (case, panicked) = self.places.clear(place);
        if let Some(case) = case {
            let index = case.index;
            let result = Err(runner.map.exchange.spec.stopped(case, how, reason));
            self.end(runner, place, (index, result), panicked, how);
        }
    }

    /// Has the task polled again when the next item is out of time.
    fn poll_sleep(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.places.next_deadline() else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        if sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Puts the runner behind all who wait for a slot.
    fn give_way<F: Fn(I) -> Fut + Send + Sync + 'static>(&mut self, runner: &Arc<Runner<I, T, F, Fut>>) -> Inputs {
        self.hand_out(runner);
        // Before the lane is told: from then on it may be started again.
        self.has_seat = false;
        runner.driven.rests();
        if runner.header.lane.give_way(&**runner) {
            return Inputs::GaveWay;
        }
        self.has_seat = true;
        runner.map.exchange.runner_lost(&runner.counted);
        Inputs::Left
    }

    /// Ends a runner that has nothing left. Its places are for others, unless it was answered: who answers may look at them.
    fn leave<F: Fn(I) -> Fut + Send + Sync + 'static>(&mut self, runner: &Arc<Runner<I, T, F, Fut>>) -> Poll<()> {
        self.end_runner(runner);
        if runner.header.status() == Some(TaskState::Ended(Outcome::Completed)) {
            let places = std::mem::replace(&mut self.places, Places::new(Inbox::new(0)));
            runner.map.spare.lock().push(places);
        }
        Poll::Ready(())
    }

    /// Drops all futures, answers for their items, and ends the runner.
    fn stop_all<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        reason: Reason,
    ) {
        runner.map.exchange.stop(reason);
        for place in self.places.occupied() {
            self.stop(runner, place, reason.outcome(), reason);
        }
        self.hand_out(runner);
        runner.map.exchange.runner_lost(&runner.counted);
        self.end_runner(runner);
    }

    fn end_runner<F: Fn(I) -> Fut + Send + Sync + 'static>(&mut self, runner: &Arc<Runner<I, T, F, Fut>>) {
        if std::mem::replace(&mut self.has_seat, false) {
            runner.header.span().put_back(std::mem::replace(&mut self.span, Span::none()));
            runner.driven.rests();
            runner.header.lane.end_runner(&**runner);
        }
    }
}

/// The `Drop` of a future has panicked.
#[cold]
fn note_drop_panic<I, T, F, Fut>(runner: &Runner<I, T, F, Fut>, payload: &Payload)
where
    Fut: Future,
{
    let exchange = &*runner.map.exchange;
    exchange.lane.unobserved.note_item_drop_panic(&exchange.lane, &exchange.spec.origin, payload);
}

/// What came of asking for inputs.
enum Inputs {
    /// There are some.
    Some,
    /// There are none, or no slots for them.
    None,
    /// There are none, and the runner has nothing to do before it is polled again, which is soon.
    Lingers,
    /// There are none, and the runner was uncounted.
    Left,
    /// Others wait for the slot, and the runner waits behind them.
    GaveWay,
}

/// The futures are pinned each in a box of its own.
impl<I, T, F, Fut> Unpin for Driver<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
{
}

impl<I, T, F, Fut> Future for Driver<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { runner, work } = self.get_mut();
        let header = &runner.header;
        // Register first, look second: see `task::cancel` and `inbox`.
        runner.wake_body.register(cx.waker());
        runner.inbox.begin_poll(cx.waker());
        if runner.driven.works() {
            work.has_seat = true;
        } else if !header.status().is_some_and(TaskState::is_ended) {
            // It waits for a slot. One that the lane has given it already is used once the lane says so: a driver that went ahead, and
            // came to its end, would be told to begin after that.
            return Poll::Pending;
        }
        // What began goes on if only the map was stopped.
        let asked = header.signal.asked();
        // Without a seat it was answered while it waited for one.
        if let Some(reason) = asked.or_else(|| (!work.has_seat).then_some(Reason::Dropped)) {
            let span = work.span.clone();
            inside(&span, || work.stop_all(runner, reason));
            return Poll::Ready(());
        }
        let is_seated = header.is_seated() || header.lane.reclaim(&**runner);
        let polled = {
            let _in_body = (current::enter(Arc::clone(runner) as _), in_poll(header));
            let span = work.span.clone();
            inside(&span, || if is_seated { work.work(runner, cx) } else { work.work_beside(runner, cx) })
        };
        let free = work.in_flight - work.places.waiting();
        runner.load.rests(free);
        if free == 0 && work.in_flight > 0 {
            header.lane.yard.waits.has_no_other_work(&**runner);
        }
        if polled.is_pending() && header.lane.yard.waits.has_to_lend(&**runner) {
            header.lane.lend(&**runner);
        }
        polled
    }
}

impl<I, T, F, Fut> Drop for Driver<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
{
    fn drop(&mut self) {
        let Self { runner, work } = self;
        if runner.driven.is_dropped() || work.has_seat {
            work.has_seat = true;
            work.stop_all(runner, Reason::Dropped);
        }
    }
}
