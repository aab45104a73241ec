//! Owns the consumer's side of a map or a pipeline: it pulls inputs as far as the window allows, waits for room in the lanes where
//! runners find none, and gives out what they made. Never calls a function of the map.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep};
use workyard_core::{Reason, Refusal, Ticket};

use crate::lane::{Executor, LaneShared, is_cpu_thread};
use crate::map::alarm::Alarm;
use crate::map::error::MapError;
use crate::map::shown::Shown;
use crate::map::source::Source;
use crate::map::spec::Numbered;
use crate::map::station::{Head, Outlet, Station};
use crate::task::cell::Task;
use crate::task::{Payload, TaskErrorKind, catch, current, wake_caught};
use crate::waits::{AnyWait, DirectWait, Next, Target};

/// How many inputs are pulled before runners get to see them.
const PULLED_AT_ONCE: usize = 64;

/// The consumer's side of a map or a pipeline, of whose last stage `I` are the inputs and `T` the values.
pub(super) struct Consumer<S: Source, I, T> {
    source: S,
    head: Arc<dyn Head<S::Item>>,
    outlet: Arc<dyn Outlet<I, T>>,
    posts: Vec<Post>,
    alarm: Arc<Alarm>,
    window: Window,
    /// How many items should have been at hand when inputs were last pulled.
    ahead: u64,
    /// Inputs that were pulled so far.
    pulled: u64,
    /// Results that were given out so far.
    given: u64,
    /// The number of results given out at which inputs are pulled next.
    refill_at: u64,
    taken: VecDeque<Numbered<I, T>>,
    fresh: VecDeque<(u64, S::Item)>,
    exhausted: bool,
    /// How the input failed, to be given out last.
    input_failure: Option<Box<dyn Any + Send>>,
    shown: Shown,
    wait: AnyWait,
    /// Until an item may be out of time.
    sleep: Option<Pin<Box<Sleep>>>,
    /// The lane's runtime is gone.
    has_no_timers: bool,
    /// Waiting any longer could never end.
    is_stuck: bool,
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
    /// How wide the window of a map on this lane is, if nothing or this is asked for.
    pub(super) fn of(lane: &LaneShared, asked: Option<usize>) -> Self {
        let twice = lane.limit.saturating_mul(2);
        let is_cpu = matches!(lane.executor, Executor::Cpu(_));
        let (items, by_cost) = if is_cpu { (4_096, true) } else { (twice, false) };
        Self { items: asked.unwrap_or(items).max(1), by_cost }
    }

    /// So many items, whatever they are.
    pub(super) const fn fixed(items: usize) -> Self {
        Self { items, by_cost: false }
    }

    pub(super) const fn items(self) -> usize {
        self.items
    }

    #[inline]
    fn now(self, ahead: u64) -> u64 {
        let items = self.items as u64;
        if self.by_cost { items.min(ahead) } else { items }
    }
}

/// The stages from where inputs go in to where results come out, and how they call for the consumer.
pub(super) struct Course<In, I, T> {
    pub(super) head: Arc<dyn Head<In>>,
    pub(super) stations: Vec<Arc<dyn Station>>,
    pub(super) outlet: Arc<dyn Outlet<I, T>>,
    pub(super) alarm: Arc<Alarm>,
}

/// A stage, and what the consumer does for it.
struct Post {
    station: Arc<dyn Station>,
    /// A runner for which the lane has no room, and its place in the line.
    in_line: Option<(Arc<dyn Task>, Ticket)>,
    wait: DirectWait,
}

impl<S: Source, I, T> Consumer<S, I, T> {
    pub(super) fn new(
        source: S,
        Course { head, stations, outlet, alarm }: Course<S::Item, I, T>,
        window: Window,
        shown: Shown,
    ) -> Self {
        shown.set_total(source.to_come());
        let ahead = head.ahead();
        let post = |station| Post { station, in_line: None, wait: DirectWait::default() };
        Self {
            source,
            head,
            outlet,
            posts: stations.into_iter().map(post).collect(),
            alarm,
            window,
            // The first pull is for whole batches already.
            ahead,
            pulled: 0,
            given: 0,
            refill_at: 0,
            taken: VecDeque::new(),
            fresh: VecDeque::new(),
            exhausted: false,
            input_failure: None,
            shown,
            wait: AnyWait::default(),
            sleep: None,
            has_no_timers: false,
            is_stuck: false,
        }
    }

    /// How many items were pulled and not given out, at least, and all in all, if that is known.
    pub(super) fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.pulled - self.given;
        let all = if self.exhausted { Some(0) } else { self.source.to_come() };
        let all = all.and_then(|to_come| usize::try_from(left.checked_add(to_come)?).ok());
        (usize::try_from(left).unwrap_or(usize::MAX), all)
    }

    /// How many inputs are in the window, at present.
    pub(super) fn window(&self) -> usize {
        usize::try_from(self.window.now(self.ahead)).unwrap_or(usize::MAX)
    }

    /// Takes no further inputs, and has those answered that did not begin.
    pub(super) fn stop(&mut self, reason: Reason) {
        self.exhausted = true;
        for post in &self.posts {
            post.station.stop(reason);
            post.station.dismiss(self.is_stuck);
        }
    }

    /// The next result; `None` is the end. It is woken when `least` results are there, or when it has to do something itself.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>, least: usize) -> Poll<Option<Numbered<I, T>>> {
        loop {
            if let Some(next) = self.next_taken() {
                return Poll::Ready(Some(next));
            }
            // Registered before anything is looked at: who rings later wakes.
            self.alarm.register(cx.waker());
            self.heed_end(cx);
            let source_pending = self.refill(cx);
            self.attend(cx);
            // Not only when there is nothing to give: a slow consumer always finds something.
            let _answered = self.sweep(cx);
            if !self.taken.is_empty() {
                return Poll::Ready(self.give());
            }
            let to_come = self.pulled - self.given;
            if to_come == 0 && self.exhausted {
                self.wait.end();
                self.posts.iter_mut().for_each(Post::leave_line);
                self.shown.end();
                return Poll::Ready(self.input_failure());
            }
            if to_come == 0 && source_pending {
                return Poll::Pending;
            }
            // An input that comes meanwhile is to be pulled, also with few results.
            let least = if source_pending { 1 } else { least.min(usize::try_from(to_come).unwrap_or(usize::MAX)) };
            let taken = to_come == 0 || self.outlet.poll_take(cx, least, &mut self.taken).is_ready();
            if taken || self.sweep(cx) {
                continue;
            }
            match self.keep_waiting(cx) {
                Next::Again => {}
                Next::Stuck | Next::NoStack if !self.is_stuck => {
                    self.is_stuck = true;
                    self.stop(Reason::Group);
                }
                Next::Stuck | Next::NoStack | Next::Wait => return Poll::Pending,
            }
        }
    }

    /// A result that was taken already, if inputs need not be pulled first.
    #[inline]
    pub(super) fn next_taken(&mut self) -> Option<Numbered<I, T>> {
        if self.given < self.refill_at { self.give() } else { None }
    }

    /// How the input failed, once.
    fn input_failure(&mut self) -> Option<Numbered<I, T>> {
        let payload = self.input_failure.take()?;
        let error = self.head.error(TaskErrorKind::Panicked).with_panic(payload);
        Some((self.pulled, Err(MapError::input_failed(self.pulled, error))))
    }

    #[inline]
    fn give(&mut self) -> Option<Numbered<I, T>> {
        let given = self.taken.pop_front()?;
        self.given += 1;
        Some(given)
    }

    /// Pulls inputs as far as the window allows, and sees that runners work on them. `true` if the source has none at present.
    fn refill(&mut self, cx: &mut Context<'_>) -> bool {
        self.ahead = self.head.ahead();
        self.refill_at = self.given + (self.window() as u64).div_ceil(4);
        let mut source_pending = false;
        while !self.exhausted && !source_pending {
            let room = (self.window() as u64).saturating_sub(self.pulled - self.given);
            let room = usize::try_from(room).unwrap_or(usize::MAX).min(PULLED_AT_ONCE);
            if room == 0 {
                break;
            }
            while self.fresh.len() < room && !self.exhausted && !source_pending {
                source_pending = self.pull(cx).is_pending();
            }
            if !self.fresh.is_empty() {
                let to_come = if self.exhausted { Some(0) } else { self.source.to_come() };
                self.head.put(&mut self.fresh, to_come);
                self.staff(cx);
                self.heed_end(cx);
            }
        }
        source_pending
    }

    /// Pulls an input, if there is one.
    fn pull(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(self.source.poll_pull(cx)) {
            Ok(Some(input)) => {
                self.fresh.push_back((self.pulled, input));
                self.pulled += 1;
            }
            Ok(None) => {
                self.exhausted = true;
                self.shown.set_total(Some(self.pulled));
            }
            Err(payload) => {
                self.exhausted = true;
                self.input_failure = Some(payload);
            }
        }
        Poll::Ready(())
    }

    /// Sees that there are runners for what is pending, in each stage.
    fn staff(&mut self, cx: &Context<'_>) {
        for post in &mut self.posts {
            if post.in_line.is_none() {
                post.line_up(post.station.staff(), cx);
            }
        }
    }

    /// Does for the stages what their runners cannot do themselves.
    fn attend(&mut self, cx: &mut Context<'_>) {
        for post in &mut self.posts {
            post.poll_line(cx);
        }
        self.staff(cx);
        self.heed_end(cx);
    }

    /// If a stage takes nothing in any more, the input is at its end, and what no runner will take is answered. If one was
    /// stopped, then so are all.
    fn heed_end(&mut self, cx: &mut Context<'_>) {
        if !self.posts.iter().any(|post| post.station.takes_nothing()) {
            return;
        }
        // Were it not for one more input, a map that was cut short between two could look as if it had come to its end.
        if !self.exhausted && self.pull(cx).is_ready() && !self.fresh.is_empty() {
            self.head.put(&mut self.fresh, None);
            self.exhausted = true;
        }
        let stopped = self.posts.iter().find_map(|post| post.station.stopped());
        for post in &self.posts {
            if let Some(reason) = stopped.filter(|_| post.station.stopped().is_none()) {
                post.station.stop(reason);
            }
            post.station.dismiss(self.is_stuck);
        }
    }

    /// Answers the closures whose time is up. `true` if this has to look again.
    fn sweep(&mut self, cx: &mut Context<'_>) -> bool {
        let now = Instant::now();
        let (mut answered, mut next) = (false, None);
        for post in &mut self.posts {
            let Some(swept) = post.station.sweep(now) else { continue };
            if swept.inputs_left && post.in_line.is_none() && !post.station.takes_nothing() {
                post.line_up(post.station.staff_one_more(), cx);
            }
            answered |= swept.answered;
            next = next.into_iter().chain(swept.next).min();
        }
        answered || next.is_some_and(|next| self.sleep_until(next, cx))
    }

    /// Has this polled again at that time. `true` if it has come.
    fn sleep_until(&mut self, at: Instant, cx: &mut Context<'_>) -> bool {
        if self.has_no_timers {
            return false;
        }
        let (sleep, head) = (&mut self.sleep, &self.head);
        let slept = catch(|| {
            let sleep = sleep.get_or_insert_with(|| {
                let _inside = head.enter_runtime();
                Box::pin(tokio::time::sleep_until(at))
            });
            if sleep.deadline() != at {
                sleep.as_mut().reset(at);
            }
            sleep.as_mut().poll(cx).is_ready()
        });
        // Tokio's timers panic once their runtime has shut down. What runs ends all the same, out of time or not.
        slept.map_err(Payload::new).unwrap_or_else(|_| {
            self.has_no_timers = true;
            false
        })
    }

    /// Inside of a task, what this waits for may need that task's slot.
    fn keep_waiting(&mut self, cx: &Context<'_>) -> Next {
        for post in &mut self.posts {
            if post.in_line.is_some() {
                match post.wait.pending(&Target::Room(post.station.lane()), cx) {
                    Next::Wait => {}
                    next @ (Next::Again | Next::Stuck | Next::NoStack) => return next,
                }
            }
        }
        if current::task().is_none() && self.run_beside() {
            wake_caught(cx.waker());
            return Next::Again;
        }
        let posts = &self.posts;
        self.wait.pending(
            |most, lane| {
                let crew: Vec<_> = posts.iter().flat_map(|post| post.station.crew()).collect();
                let is_live = |task: &&Arc<dyn Task>| task.header().status().is_some_and(|status| !status.is_ended());
                let is_urgent =
                    |task: &&Arc<dyn Task>| Arc::ptr_eq(&task.header().lane, lane) && task.header().needs_slot();
                let urgent = crew.iter().filter(is_live).filter(is_urgent);
                let others = crew.iter().filter(is_live).filter(|task| !is_urgent(task));
                urgent.chain(others).take(most).map(Arc::clone).collect()
            },
            cx,
        )
    }

    /// Runs a queued runner on this thread, if it is one of the runner's lane that is in no task's body: see
    /// [`LaneShared::run_beside`].
    fn run_beside(&self) -> bool {
        self.posts.iter().any(|post| {
            let queued = || post.station.crew().into_iter().find(|runner| runner.header().is_queued());
            is_cpu_thread() && queued().is_some_and(|runner| post.station.lane().run_beside(Some(&runner)))
        })
    }
}

impl Post {
    /// Lines up for a runner that the lane has no room for.
    fn line_up(&mut self, staffed: Result<(), Arc<dyn Task>>, cx: &Context<'_>) {
        if let Err(runner) = staffed {
            let ticket = self.station.lane().line_up(cx);
            self.in_line = Some((runner, ticket));
        }
    }

    /// Wants no room any more.
    fn leave_line(&mut self) {
        if let Some((_, ticket)) = self.in_line.take() {
            self.station.lane().leave_line(ticket);
            self.wait.end();
        }
    }

    /// Looks whether a runner in the line for room may go in.
    fn poll_line(&mut self, cx: &Context<'_>) {
        let Some((runner, ticket)) = self.in_line.take() else { return };
        match self.station.lane().poll_redeem(Arc::clone(&runner), ticket, cx) {
            Poll::Pending | Poll::Ready(Err(Refusal::Full)) => {
                self.in_line = Some((runner, ticket));
                return;
            }
            Poll::Ready(Ok(())) => self.station.joined(&runner),
            Poll::Ready(Err(Refusal::Closed)) => self.station.turned_away(),
        }
        self.wait.end();
    }
}

impl<S: Source, I, T> Drop for Consumer<S, I, T> {
    fn drop(&mut self) {
        for post in &mut self.posts {
            post.leave_line();
            post.station.give_up();
        }
        self.shown.end();
        drop(self.input_failure.take().map(Payload::new));
        self.outlet.drop_unseen(std::mem::take(&mut self.taken).into());
    }
}

impl<S: Source, I, T> fmt::Debug for Consumer<S, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pulled, given, exhausted, .. } = self;
        f.debug_struct("Consumer")
            .field("stages", &self.posts.len())
            .field("pulled", pulled)
            .field("given", given)
            .field("exhausted", exhausted)
            .finish_non_exhaustive()
    }
}
