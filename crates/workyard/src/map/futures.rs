//! Owns the runners of futures, on io lanes. Each is one tokio task, its *driver*, which polls the futures of many items in places
//! that it uses again, so an item costs neither a task nor an allocation. Never waits with inputs in its hands.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::coop;
use tokio::time::{Instant, Sleep};
use tracing::Span;
use workyard_core::{Ending, Outcome, Reason, Tally, TaskState};

use crate::map::error::Case;
use crate::map::exchange::{Counted, Exchange, Next, Take};
use crate::map::inbox::Inbox;
use crate::map::places::Places;
use crate::map::spec::{Numbered, Settled};
use crate::task::cell::Task;
use crate::task::header::{Header, Options};
use crate::task::{BoxError, Payload, TaskError, catch, current};

/// How many inputs a runner takes at once.
const BATCH: usize = 64;

/// How many polls of futures make one poll of their driver, before other tasks of the runtime have their turn.
const POLLS: u32 = 512;

/// For how long a driver polls futures before others have their turn, looked at now and then.
const TURN: Duration = Duration::from_micros(200);

/// How many polls there are between two looks at the clock.
const LOOK_EVERY: u32 = 16;

/// What all runners of a map have in common.
pub(super) struct Futures<I, T, F, Fut: Future> {
    pub(super) exchange: Arc<Exchange<I, T>>,
    pub(super) function: F,
    pub(super) conclude: fn(Fut::Output) -> Result<T, BoxError>,
    /// How many futures a runner polls at most.
    places: usize,
    /// Empty ones that runners left behind, for those that come later; so never more than there were runners at once.
    spare: Mutex<Vec<Places<Fut, I>>>,
}

impl<I, T, F, Fut> Futures<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
{
    /// With so many places for each runner.
    pub(super) fn new(
        exchange: Arc<Exchange<I, T>>,
        function: F,
        conclude: fn(Fut::Output) -> Result<T, BoxError>,
        places: usize,
    ) -> Self {
        Self { exchange, function, conclude, places, spare: Mutex::default() }
    }

    /// A further runner.
    pub(super) fn runner(self: &Arc<Self>) -> Arc<dyn Task> {
        let spare = self.spare.lock().pop();
        let places = spare.unwrap_or_else(|| Places::new(Inbox::new(self.places)));
        let spec = &self.exchange.spec;
        let (name, site) = (spec.name().cloned(), spec.origin.site);
        let options = Options { name, priority: spec.priority, ..Options::at(site) };
        Arc::new(Runner {
            header: Header::new(&self.exchange.lane, options, true),
            map: Arc::clone(self),
            inbox: Arc::clone(places.inbox()),
            places: Mutex::new(Some(places)),
            counted: Counted::new(),
            is_driven: AtomicBool::new(false),
            gives_way: AtomicBool::new(false),
        })
    }
}

struct Runner<I, T, F, Fut: Future> {
    header: Header,
    map: Arc<Futures<I, T, F, Fut>>,
    inbox: Arc<Inbox>,
    /// Until there is a driver.
    places: Mutex<Option<Places<Fut, I>>>,
    counted: Counted,
    /// Whether there is a driver.
    is_driven: AtomicBool,
    gives_way: AtomicBool,
}

impl<I, T, F, Fut> Task for Runner<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn start(self: Arc<Self>) -> Option<Outcome> {
        self.gives_way.store(false, Ordering::Relaxed);
        if self.is_driven.swap(true, Ordering::AcqRel) {
            self.header.signal.body.wake();
            return None;
        }
        let places = self.places.lock().take();
        if let Some(places) = places {
            let lane = Arc::clone(&self.header.lane);
            let work = Work::new(places, self.header.span.take());
            lane.drive(Driver { runner: self, work });
        }
        None
    }

    fn publish(&self, _: Ending) {
        // Not if it gave way: it may be at work again by now.
        if self.header.status().is_some_and(TaskState::is_ended) {
            self.map.exchange.runner_lost(&self.counted);
            drop(self.header.span.ended(Outcome::Completed));
        }
    }

    fn discard(&self) {
        drop(self.header.span.ended(Outcome::Cancelled));
    }

    fn answer(&self, error: TaskError) {
        let exchange = &*self.map.exchange;
        let reason = error.reason().unwrap_or(Reason::Dropped);
        exchange.stop(reason);
        let (mut tally, mut done) = (Tally::NONE, Vec::new());
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
        self.header.signal.body.wake();
    }

    fn is_runner(&self) -> bool {
        true
    }

    fn gives_way(&self) -> bool {
        self.gives_way.load(Ordering::Relaxed)
    }
}

/// The tokio task of a runner.
struct Driver<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
{
    runner: Arc<Runner<I, T, F, Fut>>,
    work: Work<I, T, Fut>,
}

/// What a driver holds.
struct Work<I, T, Fut> {
    places: Places<Fut, I>,
    /// Items that were accepted and have not ended.
    in_flight: usize,
    woken: Vec<u32>,
    fresh: VecDeque<(u64, I)>,
    /// Results that the lane has not counted.
    ended: Vec<Numbered<I, T>>,
    tally: Tally,
    /// Results that it has.
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
    Fut: Future + Send + 'static,
{
    fn new(places: Places<Fut, I>, span: Span) -> Self {
        Self {
            places,
            in_flight: 0,
            woken: Vec::new(),
            fresh: VecDeque::new(),
            ended: Vec::new(),
            tally: Tally::NONE,
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
        loop {
            runner.inbox.take_woken(&mut self.woken);
            while let Some(place) = self.woken.pop() {
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
            while let Some((index, input)) = self.fresh.pop_front() {
                self.start(runner, index, input);
            }
            if self.is_over(began) == Turn::Over {
                return self.yield_now(runner, cx);
            }
        }
        self.hand_out(runner);
        self.poll_sleep(cx)
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
        for place in self.woken.drain(..) {
            runner.inbox.wake(place);
        }
        self.hand_out(runner);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Counts what ended, then takes inputs, as many as there are slots for.
    fn next_inputs<F: Fn(I) -> Fut + Send + Sync + 'static>(&mut self, runner: &Arc<Runner<I, T, F, Fut>>) -> Inputs {
        let exchange = &*runner.map.exchange;
        let most = BATCH.min(self.places.room());
        if !self.count_ended(runner, 0) {
            // Others wait for the slot.
            if self.in_flight == 0 {
                return self.give_way(runner);
            }
        }
        // Mostly the consumer, which was just woken, has more at once: so a runner that has nothing to do stays until others had their
        // turn. To leave and send another costs more.
        let is_idle = self.in_flight == 0;
        let idle = (is_idle && self.lingers).then_some(&runner.counted);
        let task: Arc<dyn Task> = Arc::clone(runner) as _;
        let next = exchange.turn(&mut self.done, &Take::Share { most, runner: &task, idle }, &mut self.fresh);
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
            exchange.refuse();
            let spec = &exchange.spec;
            self.done.extend(self.fresh.drain(..).map(|(index, input)| (index, Err(spec.refused(index, input)))));
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
        Inputs::Some
    }

    /// Has the lane count what ended. `false` if others wait for a slot.
    fn count_ended<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        want: usize,
    ) -> bool {
        if self.tally.total() == 0 {
            return true;
        }
        let tally = std::mem::take(&mut self.tally);
        let granted = runner.map.exchange.lane.turn(&**runner, &tally, self.in_flight, want);
        self.done.append(&mut self.ended);
        !granted.contended
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
        index: u64,
        input: I,
    ) {
        let place = self.places.reserve(index);
        let exchange = &*runner.map.exchange;
        let spec = &exchange.spec;
        if let Some(reason) = exchange.stopped() {
            self.places.release(place);
            return self.end(runner, place, Err(spec.never_ran(index, input, reason)), None, reason.outcome());
        }
        if spec.timeout == Some(Duration::ZERO) {
            self.places.release(place);
            let error = spec.never_ran(index, input, Reason::Timeout);
            return self.end(runner, place, Err(error), None, Outcome::TimedOut);
        }
        let case = match spec.case(index, &input) {
            Ok(case) => case,
            Err(error) => {
                self.places.release(place);
                return self.end(runner, place, Err(error), None, Outcome::Panicked);
            }
        };
        if runner.inbox.begin(place, index).is_none() {
            // It was answered meanwhile.
            self.places.release(place);
            self.in_flight -= 1;
            return exchange.drop_value(input);
        }
        match catch(|| (runner.map.function)(input)) {
            Ok(future) => {
                self.places.put(place, future, case, spec.timeout);
                self.poll_place(runner, place);
            }
            Err(payload) => {
                let (result, how) = spec.conclude(case, Err(payload));
                self.places.release(place);
                self.end(runner, place, result, None, how);
            }
        }
        self.polls += 1;
    }

    #[inline]
    fn poll_place<F: Fn(I) -> Fut + Send + Sync + 'static>(&mut self, runner: &Arc<Runner<I, T, F, Fut>>, place: u32) {
        let Some(Poll::Ready(output)) = self.places.poll(place) else { return };
        let conclude = runner.map.conclude;
        let (case, panicked) = self.places.clear(place);
        let Some(case) = case else { return };
        let returned = output.and_then(|output| catch(|| conclude(output)));
        let (result, how) = runner.map.exchange.spec.conclude(case, returned);
        self.end(runner, place, result, panicked, how);
    }

    /// An item has ended, and its place is free.
    #[inline]
    fn end<F: Fn(I) -> Fut + Send + Sync + 'static>(
        &mut self,
        runner: &Arc<Runner<I, T, F, Fut>>,
        place: u32,
        result: Settled<I, T>,
        panicked: Option<Payload>,
        how: Outcome,
    ) {
        let exchange = &*runner.map.exchange;
        if let Some(payload) = panicked {
            exchange.lane.unobserved.note_item_drop_panic(&exchange.lane, &exchange.spec.origin, &payload);
        }
        self.in_flight -= 1;
        let Some(held) = runner.inbox.take(place) else {
            exchange.drop_value(result);
            return;
        };
        if held.began {
            self.tally.count(how);
        } else {
            self.tally.count_never_started(how);
        }
        self.ended.push((held.index, result));
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
            self.end(runner, place, Err(runner.map.exchange.spec.stopped(case, how, reason)), panicked, how);
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
        runner.gives_way.store(true, Ordering::Relaxed);
        self.has_seat = false;
        runner.header.lane.end_runner(&**runner);
        Inputs::GaveWay
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
            runner.header.span.put_back(std::mem::replace(&mut self.span, Span::none()));
            runner.header.lane.end_runner(&**runner);
        }
    }
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
    Fut: Future + Send + 'static,
{
}

impl<I, T, F, Fut> Future for Driver<I, T, F, Fut>
where
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { runner, work } = self.get_mut();
        let header = &runner.header;
        // Register first, look second: see `task::cancel` and `inbox`.
        header.signal.body.register(cx.waker());
        runner.inbox.begin_poll(cx.waker());
        match header.status() {
            Some(TaskState::Queued) => return Poll::Pending,
            Some(TaskState::Running) => work.has_seat = true,
            // It was answered, while it waited for a slot or while it ran.
            _ => {}
        }
        if let Some(reason) = header.signal.asked().or_else(|| runner.map.exchange.stopped()) {
            let _entered = work.span.clone().entered();
            work.stop_all(runner, reason);
            return Poll::Ready(());
        }
        if !header.is_seated() && !header.lane.reclaim(&**runner) {
            return Poll::Pending;
        }
        let polled = {
            let _in_body = current::enter(Arc::clone(runner) as _);
            let _entered = work.span.clone().entered();
            work.work(runner, cx)
        };
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
    Fut: Future + Send + 'static,
{
    fn drop(&mut self) {
        let Self { runner, work } = self;
        if work.has_seat || runner.header.status() == Some(TaskState::Running) {
            work.has_seat = true;
            work.stop_all(runner, Reason::Dropped);
        }
    }
}
