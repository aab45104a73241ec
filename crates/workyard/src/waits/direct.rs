//! Owns what a future that may be polled inside of a body keeps of its wait. Never decides how a wait goes on: the
//! [`registry`](super::registry) does.

use std::sync::Arc;
use std::task::Context;

use workyard_core::Awaited;

use crate::ground::YardShared;
use crate::lane::LaneShared;
use crate::task::cell::Task;
use crate::task::{current, wake_caught};

/// What is awaited.
pub(crate) enum Target<'a> {
    /// The end of a task.
    Task(&'a Arc<dyn Task>),
    /// Room in a lane.
    Room(&'a Arc<LaneShared>),
}

impl Target<'_> {
    fn lane(&self) -> &Arc<LaneShared> {
        match self {
            Self::Task(task) => &task.header().lane,
            Self::Room(lane) => lane,
        }
    }

    /// As a task of `yard` sees it. Waits between yards are not followed.
    fn seen_from(&self, yard: &Arc<YardShared>) -> Awaited {
        match self {
            _ if !Arc::ptr_eq(yard, &self.lane().yard) => Awaited::Other,
            Self::Task(task) => Awaited::Task(task.header().id.0),
            Self::Room(lane) => Awaited::Room(lane.number),
        }
    }

    fn is_room_of(&self, lane: &Arc<LaneShared>) -> bool {
        matches!(self, Self::Room(wanted) if Arc::ptr_eq(wanted, lane))
    }

    /// Of a task that was not accepted, the room that it waits for.
    fn of_any(task: &Arc<dyn Task>, yard: &Arc<YardShared>) -> Awaited {
        match task.header().status() {
            None => Target::Room(&task.header().lane).seen_from(yard),
            Some(_) => Target::Task(task).seen_from(yard),
        }
    }

    fn task(&self) -> Option<&Arc<dyn Task>> {
        match self {
            Self::Task(task) => Some(task),
            Self::Room(_) => None,
        }
    }
}

/// How a pending wait goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// Return `Pending`: the waker is registered.
    Wait,
    /// Something was run meanwhile: look again.
    Again,
    /// What is awaited can never come.
    Stuck,
    /// A closure would have to run others to have room in its own lane, and its stack is used up.
    NoStack,
}

/// One wait of a future that may be polled inside of a body; it leaves the graph when dropped.
///
/// Most waits are outside of bodies, so what one inside needs is boxed: handles stay small.
#[derive(Default)]
pub(crate) struct DirectWait {
    entered: Option<Box<Entered>>,
}

/// A wait that stands in the graph.
struct Entered {
    waiter: Arc<dyn Task>,
    awaited: Awaited,
    /// Tells it from the other waits of the yard.
    number: u64,
}

impl DirectWait {
    /// The future was polled and is not ready.
    pub(crate) fn pending(&mut self, target: &Target<'_>, cx: &Context<'_>) -> Next {
        let Some(waiter) = current::task() else {
            self.end();
            return after_run(target.lane().run_beside(target.task()), cx);
        };
        let header = waiter.header();
        let waits = &header.lane.yard.waits;
        let awaited = target.seen_from(&header.lane.yard);
        let is_known = match &self.entered {
            Some(old) if old.waiter.header().id == header.id && old.awaited == awaited => {
                waits.keep_waker(&waiter, old.number, cx.waker());
                true
            }
            _ => {
                self.end();
                let number = waits.enter(&waiter, &[(awaited, target.task())], Some(cx.waker()), true);
                self.entered = Some(Box::new(Entered { waiter: Arc::clone(&waiter), awaited, number }));
                false
            }
        };
        match (waits.is_stuck(&waiter), is_known) {
            (true, true) => {
                self.end();
                Next::Stuck
            }
            (true, false) => judged_later(cx),
            (false, _) => help(&waiter, target.is_room_of(&header.lane), cx),
        }
    }

    /// The future is ready or will not be polled again.
    #[inline]
    pub(crate) fn end(&mut self) {
        if self.entered.is_some() {
            self.leave();
        }
    }

    #[cold]
    fn leave(&mut self) {
        if let Some(entered) = self.entered.take() {
            let Entered { waiter, awaited, number } = *entered;
            waiter.header().lane.yard.waits.leave(&waiter, std::iter::once((awaited, number)));
        }
    }
}

impl Drop for DirectWait {
    #[inline]
    fn drop(&mut self) {
        self.end();
    }
}

fn help(waiter: &Arc<dyn Task>, for_own_room: bool, cx: &Context<'_>) -> Next {
    match waiter.header().lane.yard.waits.help(waiter, for_own_room) {
        Next::Again => after_run(true, cx),
        next @ (Next::Wait | Next::Stuck | Next::NoStack) => next,
    }
}

/// A wait that a closure has just entered finds that nothing it waits for can come. The same poll may enter others, as those of a `select!` are
/// polled one after the other; so it is polled again after that, and then it is told. A future looks at the end of its poll.
fn judged_later(cx: &Context<'_>) -> Next {
    wake_caught(cx.waker());
    Next::Wait
}

/// A task may have been run in this thread's stack. If it blocked the thread, it may have used up a wake-up that was meant for
/// another future which is polled below (tokio has one parker a thread), so that is polled once more.
pub(crate) fn after_run(something_ran: bool, cx: &Context<'_>) -> Next {
    if !something_ran {
        return Next::Wait;
    }
    wake_caught(cx.waker());
    Next::Again
}

/// A wait for any of several tasks, only some of which are looked at.
#[derive(Default)]
pub(crate) struct AnyWait {
    entered: Option<EnteredAny>,
    /// Whether others are to be looked at, though those that are have not ended.
    is_stale: bool,
}

/// Waits of one task that stand in the graph.
struct EnteredAny {
    waiter: Arc<dyn Task>,
    looked_at: Vec<(Arc<dyn Task>, Awaited)>,
    /// Of the first wait. Those of the others follow.
    number: u64,
}

impl EnteredAny {
    fn numbers(&self) -> impl Iterator<Item = (Awaited, u64)> + Clone {
        self.looked_at.iter().zip(self.number..).map(|(&(_, awaited), number)| (awaited, number))
    }
}

impl Drop for EnteredAny {
    #[inline]
    fn drop(&mut self) {
        self.waiter.header().lane.yard.waits.leave(&self.waiter, self.numbers());
    }
}

impl AnyWait {
    /// How many of the tasks are looked at. One of them that goes on is enough: when the last of them has ended, others are
    /// looked at.
    const LOOKED_AT: usize = 8;

    /// The future was polled and is not ready. `tasks` gives some of those that have not ended, or wait for room, first those that need a slot
    /// of the lane that it is given.
    ///
    /// It is never told that it is stuck; who waits for the waiter in turn is told.
    pub(crate) fn pending(
        &mut self,
        tasks: impl FnOnce(usize, &Arc<LaneShared>) -> Vec<Arc<dyn Task>>,
        cx: &Context<'_>,
    ) -> Next {
        let Some(waiter) = current::task() else {
            self.end();
            return Next::Wait;
        };
        if !self.goes_on(&waiter, cx) {
            self.enter(&waiter, tasks(Self::LOOKED_AT + 1, &waiter.header().lane), cx, false);
        }
        waiter.header().lane.yard.waits.tell_if_stuck(&waiter);
        help(&waiter, false, cx)
    }

    /// As [`pending`](Self::pending), for who ends this wait with each task that comes, and waits for the `left` that have not
    /// come. It is told that it is stuck if all of them were looked at.
    pub(crate) fn pending_all(
        &mut self,
        left: usize,
        tasks: impl FnOnce(usize, &Arc<LaneShared>) -> Vec<Arc<dyn Task>>,
        cx: &Context<'_>,
    ) -> Next {
        let Some(waiter) = current::task() else {
            self.end();
            return Next::Wait;
        };
        let is_known = self.goes_on(&waiter, cx);
        if !is_known {
            self.enter(&waiter, tasks(Self::LOOKED_AT + 1, &waiter.header().lane), cx, true);
        }
        let looked_at = self.entered.as_ref().map_or(0, |entered| entered.looked_at.len());
        let is_stuck = looked_at == left && waiter.header().lane.yard.waits.is_stuck(&waiter);
        match (is_stuck, is_known) {
            (true, true) => Next::Stuck,
            (true, false) => judged_later(cx),
            (false, _) => help(&waiter, false, cx),
        }
    }

    /// Whether none of the tasks that `waiter` looks at has ended. Its waker is then kept.
    fn goes_on(&self, waiter: &Arc<dyn Task>, cx: &Context<'_>) -> bool {
        let Some(entered) = self.entered.as_ref().filter(|_| !self.is_stale) else { return false };
        // Of a map's runners one may end and the wait goes on: then it is for the others only. And a member of a group that waited for room may
        // have come into its lane.
        let runs = |(task, awaited): &(Arc<dyn Task>, Awaited)| match task.header().status() {
            None => !matches!(awaited, Awaited::Task(_)),
            Some(status) => !status.is_ended() && !matches!(awaited, Awaited::Room(_)),
        };
        let is_own = entered.waiter.header().id == waiter.header().id && !entered.looked_at.is_empty();
        let goes_on = is_own && entered.looked_at.iter().all(runs);
        if goes_on {
            for (_, number) in entered.numbers() {
                waiter.header().lane.yard.waits.keep_waker(waiter, number, cx.waker());
            }
        }
        goes_on
    }

    fn enter(&mut self, waiter: &Arc<dyn Task>, mut tasks: Vec<Arc<dyn Task>>, cx: &Context<'_>, can_be_told: bool) {
        let yard = &waiter.header().lane.yard;
        let mut looked_at = Vec::with_capacity(tasks.len());
        if tasks.len() > Self::LOOKED_AT {
            tasks.truncate(Self::LOOKED_AT);
            // Those that are not looked at may come as well.
            looked_at.push((Arc::clone(&tasks[0]), Awaited::Other));
        }
        looked_at.extend(tasks.into_iter().map(|task| {
            let awaited = Target::of_any(&task, yard);
            (task, awaited)
        }));
        let all: Vec<_> = looked_at.iter().map(|(task, awaited)| (*awaited, Some(task))).collect();
        let number = yard.waits.enter(waiter, &all, Some(cx.waker()), can_be_told);
        // The old ones leave only now, so that nobody finds the waiter without a wait in between.
        self.entered = Some(EnteredAny { waiter: Arc::clone(waiter), looked_at, number });
        self.is_stale = false;
    }

    /// Others have come, or some are gone: the next poll looks at others.
    pub(crate) const fn choose_anew(&mut self) {
        self.is_stale = true;
    }

    /// The future is ready or will not be polled again.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.entered = None;
    }
}
