//! Owns the consumer's side of a map: it pulls inputs as far as the window allows, sees that runners are at work, and gives
//! out what they made. Never calls the map's function.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};
use workyard_core::{Reason, Refusal, Ticket};

use crate::map::closures::Swept;
use crate::map::error::MapError;
use crate::map::exchange::{Counted, Exchange, View};
use crate::map::source::Source;
use crate::map::spec::{Numbered, Settled};
use crate::task::cell::Task;
use crate::task::{Payload, TaskErrorKind};
use crate::waits::{AnyWait, DirectWait, Next, Target};

/// Who works for a map.
pub(super) struct Crew {
    /// Makes a further runner.
    pub(super) recruit: Box<dyn Fn() -> Arc<dyn Task> + Send + Sync>,
    /// Answers closures whose time is up; futures are dropped by their runners.
    pub(super) sweep: Option<Box<dyn Fn(Duration, Instant) -> Swept + Send + Sync>>,
}

/// How many inputs are pulled before runners get to see them.
const PULLED_AT_ONCE: usize = 64;

/// The consumer's side of a map.
pub(super) struct Consumer<S: Source, T> {
    source: S,
    exchange: Arc<Exchange<S::Item, T>>,
    crew: Crew,
    window: Window,
    most_runners: usize,
    /// Inputs that were pulled so far.
    pulled: u64,
    /// Results that were given out so far.
    given: u64,
    /// `given` when inputs were last pulled.
    refilled_at: u64,
    taken: VecDeque<Numbered<S::Item, T>>,
    fresh: VecDeque<(u64, S::Item)>,
    exhausted: bool,
    /// How the input failed, to be given out last.
    input_failure: Option<Box<dyn Any + Send>>,
    /// What was known when the exchange was last looked at.
    seen: Option<View>,
    runners: Vec<Arc<dyn Task>>,
    /// Until an item may be out of time.
    sleep: Option<Pin<Box<Sleep>>>,
    in_line: Option<(Arc<dyn Task>, Ticket)>,
    wait: AnyWait,
    wait_for_room: DirectWait,
}

/// How far inputs are pulled ahead of the results that were given out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// In items, at most.
    pub(super) items: usize,
    /// No more than should be at hand for runners that take batches.
    pub(super) by_cost: bool,
}

impl Window {
    #[inline]
    fn now(self, ahead: u64) -> u64 {
        let items = self.items as u64;
        if self.by_cost { items.min(ahead) } else { items }
    }
}

impl<S: Source, T> Consumer<S, T> {
    pub(super) fn new(
        source: S,
        exchange: Arc<Exchange<S::Item, T>>,
        crew: Crew,
        window: Window,
        most_runners: usize,
    ) -> Self {
        Self {
            source,
            exchange,
            crew,
            window,
            most_runners,
            pulled: 0,
            given: 0,
            refilled_at: 0,
            taken: VecDeque::new(),
            fresh: VecDeque::new(),
            exhausted: false,
            input_failure: None,
            seen: None,
            runners: Vec::new(),
            sleep: None,
            in_line: None,
            wait: AnyWait::default(),
            wait_for_room: DirectWait::default(),
        }
    }

    /// How many items were pulled and not given out, at least, and all in all, if that is known.
    pub(super) fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.pulled - self.given;
        let all = if self.exhausted { Some(0) } else { self.source.to_come() };
        let all = all.and_then(|to_come| usize::try_from(left + to_come).ok());
        (usize::try_from(left).unwrap_or(usize::MAX), all)
    }

    /// How many inputs are in the window, at present.
    pub(super) fn window(&self) -> usize {
        let ahead = self.seen.map_or_else(|| self.exchange.view().ahead, |seen| seen.ahead);
        usize::try_from(self.window.now(ahead)).unwrap_or(usize::MAX)
    }

    /// Takes no further inputs, and has those answered that did not begin.
    pub(super) fn stop(&mut self, reason: Reason) {
        self.exhausted = true;
        self.exchange.stop(reason);
        self.dismiss();
    }

    /// The next result; `None` is the end. It is woken when `least` results are there, or nothing more can be done without it.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>, least: usize) -> Poll<Option<Numbered<S::Item, T>>> {
        loop {
            if !self.taken.is_empty() && self.given - self.refilled_at < (self.window() as u64).div_ceil(4) {
                return Poll::Ready(self.give());
            }
            self.dismiss_if_stopped();
            let source_pending = self.refill(cx);
            self.poll_line(cx);
            if !self.taken.is_empty() {
                return Poll::Ready(self.give());
            }
            let least = if source_pending { 1 } else { least };
            match self.exchange.poll_take(cx, least, &mut self.taken) {
                Poll::Ready(view) => {
                    self.seen = Some(view);
                    if !self.taken.is_empty() {
                        return Poll::Ready(self.give());
                    }
                    if view.unfinished == 0 && source_pending {
                        return Poll::Pending;
                    }
                    if view.unfinished == 0 && self.exhausted {
                        self.wait.end();
                        return Poll::Ready(self.input_failure());
                    }
                    // The window has room again, or no runner is there for what is pending.
                    debug_assert!(view.unfinished == 0 || view.pending > 0, "each input is pending or with a runner");
                }
                Poll::Pending if self.sweep(cx) || self.keep_waiting(cx) == Next::Again => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// How the input failed, once.
    fn input_failure(&mut self) -> Option<Numbered<S::Item, T>> {
        let payload = self.input_failure.take()?;
        let error = self.exchange.spec.error(TaskErrorKind::Panicked, None).with_panic(payload);
        Some((self.pulled, Err(MapError::input_failed(self.pulled, error))))
    }

    #[inline]
    fn give(&mut self) -> Option<Numbered<S::Item, T>> {
        let given = self.taken.pop_front();
        self.given += 1;
        given
    }

    /// Pulls inputs as far as the window allows, and sees that runners work on them. `true` if the source has none at present.
    fn refill(&mut self, cx: &mut Context<'_>) -> bool {
        self.refilled_at = self.given;
        let mut source_pending = false;
        loop {
            let in_window = self.pulled - self.given;
            let room = (self.window() as u64).saturating_sub(in_window);
            let mut room = room.min(PULLED_AT_ONCE as u64);
            while room > 0 && !self.exhausted && !source_pending {
                match self.source.poll_pull(cx) {
                    Poll::Pending => source_pending = true,
                    Poll::Ready(Ok(Some(input))) => {
                        self.fresh.push_back((self.pulled, input));
                        self.pulled += 1;
                        room -= 1;
                    }
                    Poll::Ready(Ok(None)) => self.exhausted = true,
                    Poll::Ready(Err(payload)) => {
                        self.exhausted = true;
                        self.input_failure = Some(payload);
                    }
                }
            }
            let pulled_some = !self.fresh.is_empty();
            let view = if pulled_some {
                let to_come = if self.exhausted { Some(0) } else { self.source.to_come() };
                self.exchange.put(&mut self.fresh, to_come)
            } else {
                self.exchange.view()
            };
            self.seen = Some(view);
            self.recruit(view, cx);
            self.dismiss_if_stopped();
            if !pulled_some || self.exhausted || source_pending {
                return source_pending;
            }
        }
    }

    /// Sees that there are runners for what is pending.
    fn recruit(&mut self, view: View, cx: &Context<'_>) {
        let most = self.most_runners.min(view.runners + view.pending);
        for _ in view.runners..most {
            if self.in_line.is_some() || self.exchange.is_stopped() {
                return;
            }
            self.recruit_one(cx);
        }
    }

    fn recruit_one(&mut self, cx: &Context<'_>) {
        let runner = (self.crew.recruit)();
        self.exchange.count_runner();
        match self.exchange.lane.offer(Arc::clone(&runner)) {
            Ok(()) => self.joined(runner),
            Err(Refusal::Full) => {
                let ticket = self.exchange.lane.line_up(cx);
                self.in_line = Some((runner, ticket));
            }
            Err(Refusal::Closed) => self.turned_away(),
        }
    }

    /// Answers the closures whose time is up. `true` if there were some.
    fn sweep(&mut self, cx: &mut Context<'_>) -> bool {
        let (Some(sweep), Some(timeout)) = (&self.crew.sweep, self.exchange.spec.timeout) else { return false };
        let now = Instant::now();
        let swept = sweep(timeout, now);
        if swept.inputs_left && self.in_line.is_none() && self.exchange.view().runners < self.most_runners {
            self.recruit_one(cx);
        }
        // What begins after this is out of time no sooner than a timeout from now.
        let Some(next) = now.checked_add(timeout).into_iter().chain(swept.next).min() else { return swept.answered };
        let sleep = self.sleep.get_or_insert_with(|| {
            let _inside = self.exchange.lane.yard.runtime.enter();
            Box::pin(tokio::time::sleep_until(next))
        });
        if sleep.deadline() != next {
            sleep.as_mut().reset(next);
        }
        sleep.as_mut().poll(cx).is_ready() || swept.answered
    }

    fn joined(&mut self, runner: Arc<dyn Task>) {
        self.runners.retain(|runner| runner.header().status().is_some_and(|status| !status.is_ended()));
        self.runners.push(runner);
    }

    fn turned_away(&mut self) {
        // As the one that was counted for it.
        self.exchange.runner_lost(&Counted::new());
        self.exchange.refuse();
    }

    /// Looks whether a runner in the line for room may go in.
    fn poll_line(&mut self, cx: &Context<'_>) {
        let Some((runner, ticket)) = self.in_line.take() else { return };
        match self.exchange.lane.poll_redeem(Arc::clone(&runner), ticket, cx) {
            Poll::Pending | Poll::Ready(Err(Refusal::Full)) => self.in_line = Some((runner, ticket)),
            Poll::Ready(Ok(())) => {
                self.wait_for_room.end();
                self.joined(runner);
            }
            Poll::Ready(Err(Refusal::Closed)) => {
                self.wait_for_room.end();
                self.turned_away();
                self.dismiss_if_stopped();
            }
        }
    }

    fn dismiss_if_stopped(&mut self) {
        if self.exchange.is_stopped() {
            self.exhausted = true;
            self.dismiss();
        }
    }

    /// Answers the inputs that no runner will take.
    fn dismiss(&mut self) {
        let Some(reason) = self.exchange.stopped() else { return };
        let refused = self.exchange.is_refused();
        let pending = self.exchange.take_pending();
        if pending.is_empty() {
            return;
        }
        let spec = &self.exchange.spec;
        let mut dismissed: Vec<(u64, Settled<S::Item, T>)> = Vec::with_capacity(pending.len());
        dismissed.extend(pending.into_iter().map(|(index, input)| {
            let error = if refused { spec.refused(index, input) } else { spec.never_ran(index, input, reason) };
            (index, Err(error))
        }));
        self.exchange.settle(&mut dismissed);
    }

    /// Inside of a task, what this waits for may need that task's slot.
    fn keep_waiting(&mut self, cx: &Context<'_>) -> Next {
        if self.in_line.is_some() {
            let lane = Arc::clone(&self.exchange.lane);
            if self.wait_for_room.pending(&Target::Room(&lane), cx) == Next::Again {
                return Next::Again;
            }
        }
        let runners = &self.runners;
        let unfinished = |most: usize, lane: &Arc<crate::lane::LaneShared>| {
            let live = || runners.iter().filter(|task| task.header().status().is_some_and(|status| !status.is_ended()));
            let is_urgent =
                |task: &&Arc<dyn Task>| Arc::ptr_eq(&task.header().lane, lane) && task.header().needs_slot();
            let urgent = live().filter(is_urgent);
            let others = live().filter(|task| !is_urgent(task));
            urgent.chain(others).take(most).map(Arc::clone).collect()
        };
        self.wait.pending(unfinished, cx)
    }
}

impl<S: Source, T> Drop for Consumer<S, T> {
    fn drop(&mut self) {
        self.exchange.give_up();
        if let Some((_, ticket)) = self.in_line.take() {
            self.exchange.lane.leave_line(ticket);
        }
        for runner in self.runners.drain(..) {
            runner.header().lane.cancel(&runner, Reason::Dropped);
        }
        drop(self.input_failure.take().map(Payload::new));
        let unseen = std::mem::take(&mut self.taken);
        self.exchange.drop_unseen(unseen.into());
    }
}

impl<S: Source, T> fmt::Debug for Consumer<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pulled, given, exhausted, .. } = self;
        f.debug_struct("Consumer")
            .field("lane", &self.exchange.lane.name)
            .field("pulled", pulled)
            .field("given", given)
            .field("exhausted", exhausted)
            .finish_non_exhaustive()
    }
}
