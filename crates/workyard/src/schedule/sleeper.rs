//! Owns the one task that waits for timers, and lets what is due into its lane. Never decides what is due: the state does.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Sleep, sleep_until};
use workyard_core::{Due, DueKey, Moment, Refusal};

use crate::lane::LaneShared;
use crate::schedule::entry::{Batch, Entry, InLine, Left};
use crate::schedule::shared::Schedule;
use crate::schedule::state::{Answer, Step};
use crate::schedule::tick::{EndOfTick, Seed};
use crate::task::call_foreign;

/// How many steps are taken, or timers let into their lanes, and for how long, before others on the thread get their turn.
const AT_ONCE: usize = 512;
const TURN: Duration = Duration::from_micros(100);

/// After one of so many turns the runtime looks for what else is ready, sockets above all.
const LOOKS: u32 = 4;

/// Sleeps until a timer is due, while there is one.
pub(super) struct Sleeper {
    schedule: Arc<Schedule>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Empty between its steps: it keeps its room.
    batch: Batch,
    turns: u32,
    is_done: bool,
}

impl Sleeper {
    pub(super) fn start(schedule: &Arc<Schedule>) {
        let sleeper =
            Self { schedule: Arc::clone(schedule), sleep: None, batch: Batch::default(), turns: 0, is_done: false };
        drop(schedule.yard.runtime.spawn(sleeper));
    }

    /// Offers a batch to its lane. Whether one of it stands in line there now.
    fn offer(&mut self, lane: &Arc<LaneShared>, now: Moment, cx: &Context<'_>) -> bool {
        self.batch.make(lane);
        for task in &self.batch.tasks {
            // The subscriber is foreign code.
            call_foreign(|| task.header().open_span());
        }
        // The lane may be another yard's, which has a time of its own.
        let is_own = Arc::ptr_eq(&lane.yard, &self.schedule.yard);
        let now = if is_own { now } else { lane.yard.clock.now() };
        let answer = match lane.offer_all(&mut self.batch.tasks, now) {
            None => Answer::In,
            Some(Refusal::Full) => Answer::Full(lane.line_up(cx)),
            Some(Refusal::Closed) => Answer::Closed,
        };
        self.settle(lane, answer)
    }

    /// Asks for the room that the first of a line was promised. Whether it stands in line still.
    fn redeem(&mut self, key: DueKey, in_line: InLine, cx: &Context<'_>) -> bool {
        let InLine { made, ticket } = in_line;
        let (task, lane) = (Arc::clone(&made.task), Arc::clone(&made.task.header().lane));
        self.batch.push(key, Entry::Made(made));
        self.batch.make(&lane);
        let answer = match lane.poll_redeem(task, ticket, cx) {
            Poll::Pending => Answer::Full(ticket),
            Poll::Ready(Err(_)) => Answer::Closed,
            Poll::Ready(Ok(())) => {
                self.batch.tasks.clear();
                Answer::In
            }
        };
        self.settle(&lane, answer)
    }

    /// Says what became of the batch. Whether the lane is to be left alone until it has room: if nobody stands in its line, since a tick that
    /// found none was cancelled meanwhile, nothing would tell of it, and those behind the tick have to be looked at now.
    fn settle(&mut self, lane: &Arc<LaneShared>, answer: Answer) -> bool {
        if matches!(answer, Answer::Closed) {
            self.batch.tasks.iter().for_each(|_| lane.count_refusal());
        }
        let (left, is_in_line) = {
            let mut state = self.schedule.state.lock();
            (state.settle(lane, &mut self.batch, answer), state.stands_in_line(lane))
        };
        left.into_iter().for_each(Left::clear);
        self.schedule.yard.task_ended();
        is_in_line
    }

    /// Makes a tick. Gives what to do with it.
    fn make_tick(&mut self, key: DueKey, due: Due) -> Step {
        let found = self.schedule.state.lock().series(key.number()).map(|s| (s.about.clone(), Arc::clone(&s.make)));
        let Some((about, make)) = found else { return Step::Again };
        let seed = Seed::new(due, self.schedule.yard.clock);
        let end = EndOfTick::new(Arc::clone(&self.schedule), key.number());
        let task = make(about.options(), seed, end);
        // The series may have been cancelled meanwhile, and this be the last of the user's function.
        about.drop_value(make);
        let made = self.schedule.state.lock().insert_tick(key, task, &mut self.batch);
        made.unwrap_or_else(|left| {
            left.clear();
            Step::Again
        })
    }

    /// Whether the time has come already.
    fn poll_sleep(&mut self, due: Option<Moment>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(until) = due.and_then(|due| self.schedule.yard.clock.instant(due)) else {
            self.sleep = None;
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() != until {
            sleep.as_mut().reset(until);
        }
        sleep.as_mut().poll(cx)
    }
}

impl Future for Sleeper {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        // Register first, look second.
        this.schedule.sleeper.register(cx.waker());
        let mut blocked: Vec<Arc<LaneShared>> = Vec::new();
        let began = this.schedule.yard.clock.now();
        let (mut now, mut steps) = (began, 0);
        while steps < AT_ONCE && now.since(began) < TURN {
            let is_blocked = |lane: &Arc<LaneShared>| blocked.iter().any(|blocked| Arc::ptr_eq(blocked, lane));
            let mut step = this.schedule.state.lock().next_step(now, &mut this.batch, is_blocked);
            if let Step::Make(key, due) = step {
                step = this.make_tick(key, due);
            }
            steps += 1.max(this.batch.keys.len());
            match step {
                Step::Offer(lane) => {
                    if this.offer(&lane, now, cx) {
                        blocked.push(lane);
                    }
                }
                Step::Redeem(key, in_line) => {
                    let lane = Arc::clone(&in_line.made.task.header().lane);
                    if this.redeem(key, in_line, cx) {
                        blocked.push(lane);
                    }
                }
                Step::Make(..) | Step::Again => {}
                Step::Sleep(due) => {
                    if this.poll_sleep(due, cx).is_pending() {
                        return Poll::Pending;
                    }
                }
                Step::End => {
                    this.is_done = true;
                    return Poll::Ready(());
                }
            }
            now = this.schedule.yard.clock.now();
        }
        this.turns = this.turns.wrapping_add(1);
        if this.turns.is_multiple_of(LOOKS) {
            return pin!(yield_now()).poll(cx);
        }
        // So it goes on before the runtime has looked, and on another worker if one is idle, while what it has let in runs here.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Sleeper {
    /// The runtime has ended, and with it all time.
    fn drop(&mut self) {
        if !self.is_done {
            let _count = self.schedule.close();
        }
    }
}
