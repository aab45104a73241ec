//! Owns who is in a group, which of them have ended, and who waits for that: plain data behind the group's lock. Never
//! wakes, stops or drops anything; what is to be done after the lock is handed out.
//!
//! # Protocol
//! *A member that ends*, after its result is in its cell: under the lock, puts its number behind the others that ended; takes
//! the first waker of the line, if there is a line, which gives that `join_next` a *turn*; takes the wakers of the `wait`s
//! that now have what they want; after the lock, wakes them.
//!
//! *`join_next`*: under the lock, takes the first result that is there, whether it has a turn or not. If there is none and the
//! group has members, it stands in line with its waker; else it says that the group is empty.
//!
//! No result lies unseen while somebody waits for it: at every release of the lock **the line is empty or
//! `ended <= turns`**. An end adds one to both (or finds the line empty). Whoever joins the line found `ended == 0`. A
//! turn is given up in three ways: with a result, which takes one off both; by a poll that finds nothing, so `ended` is 0;
//! by a drop (a woken waiter that is never polled again), which passes the turn on if `ended` then exceeds `turns`.
//!
//! Everybody is told when the group gets empty: that happens when the last result is taken or when a submission that was the last
//! member leaves, and each of them takes the whole line, and the `wait`s, with it.
//!
//! *`wait`*: has what it wants, or keeps its waker. It may come to have it only when a member ends or leaves, which is when
//! all of them are asked. Each of those that were woken looks again, so none has to pass anything on.
//!
//! *Inside of a task* a `wait` and a `join_next` look at each end, too, and when a member begins to wait for room, comes into its lane or leaves:
//! they keep an eye on a few of the members (see `AnyWait`), and have to choose others once those have ended, need something else, or are gone.
//!
//! *End of the group* against *submission*: a submitter puts its task in (under this lock), has it accepted (under the lane's),
//! and looks whether the group has ended (under this lock). Who ends the group says so (under this lock) and then stops each
//! task that was in (under the lane's). If the lane's lock saw the acceptance first, the task is stopped; if it saw the stop
//! first, which had no effect, the submitter's last look finds the end, and it stops the task itself. A submitter that waits
//! for room leaves its waker here in the same critical section in which it sees that the group goes on.
//!
//! Lock order: the group's lock is a leaf, as the lane's and the cells' are; no two are ever held together.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crate::group::join::Until;
use crate::task::cell::{Join, Task};
use crate::task::wake_caught;

/// How a group was ended. The harder way counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum End {
    Cancelled,
    Aborted,
}

/// The place of a waiter. Smaller numbers came first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Ticket(u64);

/// A task that was taken out of the group, its result with it.
pub(super) type Taken<T> = Arc<dyn Join<T>>;

pub(super) struct State<T> {
    /// By number.
    members: Vec<Option<Member<T>>>,
    free: Vec<u32>,
    /// Members that have not ended, those that wait for room included.
    live: usize,
    /// Members whose result is there to be taken, in order of their ends.
    ended: VecDeque<u32>,
    /// How many of `ended` neither completed nor were cancelled.
    failed: usize,
    pub(super) end: Option<End>,
    /// `join_next`s that wait, in order of their tickets.
    line: VecDeque<(Ticket, Waker)>,
    /// `join_next`s that hold a ticket and are not in line: woken, and not polled or dropped since.
    turns: usize,
    /// `wait`s that wait. One without an aim looks again whenever a member ends.
    waits: Vec<(Ticket, Option<Until>, Waker)>,
    next_ticket: u64,
    /// How often those who keep an eye on some of the members had to choose them anew, but for ends.
    changes: u64,
}

struct Member<T> {
    task: Arc<dyn Join<T>>,
    /// Who waits for room for it.
    submitter: Option<Waker>,
    /// Whether anybody did.
    has_waited: bool,
    failed: bool,
}

/// What is to be done after the lock: wakers to wake, and one to drop.
#[derive(Default)]
pub(super) struct After {
    /// The one whose turn it is: the usual case costs no allocation.
    next: Option<Waker>,
    all: Vec<Waker>,
    pub(super) unused: Option<Waker>,
}

impl After {
    pub(super) fn act(self) {
        let Self { next, all, unused } = self;
        drop(unused);
        for waker in next.into_iter().chain(all) {
            wake_caught(&waker);
        }
    }
}

impl<T> State<T> {
    pub(super) const fn new() -> Self {
        Self {
            members: Vec::new(),
            free: Vec::new(),
            live: 0,
            ended: VecDeque::new(),
            failed: 0,
            end: None,
            line: VecDeque::new(),
            turns: 0,
            waits: Vec::new(),
            next_ticket: 0,
            changes: 0,
        }
    }

    /// Takes a task in that is about to be offered to its lane. `None` if the group has ended.
    pub(super) fn enter(&mut self, task: Arc<dyn Join<T>>) -> Option<u32> {
        if self.end.is_some() {
            return None;
        }
        let member = Some(Member { task, submitter: None, has_waited: false, failed: false });
        self.live += 1;
        if let Some(free) = self.free.pop() {
            self.members[free as usize] = member;
            return Some(free);
        }
        self.members.push(member);
        // More than there are numbers for do not fit into memory.
        u32::try_from(self.members.len() - 1).ok()
    }

    /// A task that was never accepted leaves again.
    #[must_use]
    pub(super) fn leave(&mut self, member: u32, after: &mut After) -> Option<Taken<T>> {
        let left = self.remove(member)?;
        self.live -= 1;
        after.unused = left.submitter;
        self.changes += 1;
        self.tell_waiters(after);
        Some(left.task)
    }

    /// Keeps the waker of who waits for room, or takes it out.
    pub(super) fn keep_submitter(&mut self, member: u32, waker: Option<Waker>, after: &mut After) {
        let Some(Some(member)) = self.members.get_mut(member as usize) else { return };
        let is_first = waker.is_some() && !std::mem::replace(&mut member.has_waited, true);
        after.unused = std::mem::replace(&mut member.submitter, waker);
        if is_first {
            self.tell_lookers(after);
        }
    }

    /// The result of a member is there. Nothing happens if the group was dropped before.
    pub(super) fn ended(&mut self, number: u32, failed: bool, after: &mut After) {
        let Some(Some(member)) = self.members.get_mut(number as usize) else { return };
        member.failed = failed;
        self.failed += usize::from(failed);
        self.live -= 1;
        self.ended.push_back(number);
        self.give_turn(after);
        self.tell_waiters(after);
    }

    /// Ends the group: what is to be stopped, and who is to be told that there is no waiting for room any more.
    pub(super) fn end(&mut self, how: End) -> (Vec<Arc<dyn Task>>, Vec<Waker>) {
        self.end = self.end.max(Some(how));
        let submitters = self.members.iter_mut().flatten().filter_map(|member| member.submitter.take()).collect();
        let tasks = self.members.iter().flatten().map(|member| Arc::clone(&member.task) as Arc<dyn Task>).collect();
        (tasks, submitters)
    }

    /// Lets go of all members.
    #[must_use]
    pub(super) fn clear(&mut self) -> Vec<Taken<T>> {
        self.live = 0;
        self.failed = 0;
        self.ended.clear();
        self.free.clear();
        self.members.drain(..).flatten().map(|member| member.task).collect()
    }

    /// The first result that is there.
    pub(super) fn take_next(&mut self, after: &mut After) -> Option<Taken<T>> {
        let taken = self.ended.pop_front().and_then(|number| self.remove(number))?;
        self.failed -= usize::from(taken.failed);
        if self.is_empty() {
            self.tell_waiters(after);
        }
        Some(taken.task)
    }

    /// All results that are there.
    pub(super) fn take_all(&mut self, after: &mut After) -> Vec<Taken<T>> {
        let taken = (0..self.ended.len()).filter_map(|_| self.take_next(after)).collect();
        debug_assert!(self.failed == 0, "failures are counted while their results are there");
        taken
    }

    /// Some of the members that have not ended, those that wait for room included, the urgent ones first.
    pub(super) fn some_live(&self, most: usize, is_urgent: impl Fn(&dyn Join<T>) -> bool) -> Vec<Arc<dyn Task>> {
        let is_live = |task: &&Arc<dyn Join<T>>| task.header().status().is_none_or(|status| !status.is_ended());
        let live = || self.members.iter().flatten().map(|member| &member.task).filter(is_live);
        let urgent = live().filter(|task| is_urgent(&***task)).take(most);
        let others = live().filter(|task| !is_urgent(&***task)).take(most);
        urgent.chain(others).take(most).map(|task| Arc::clone(task) as Arc<dyn Task>).collect()
    }

    /// Whether a `wait` has what it wants.
    pub(super) fn is_met(&self, until: Until) -> bool {
        self.live == 0
            || match until {
                Until::First => !self.ended.is_empty(),
                Until::FirstFailure => self.failed > 0,
                Until::All => false,
            }
    }

    /// A `join_next` waits.
    pub(super) fn stand_in_line(&mut self, ticket: &mut Option<Ticket>, waker: Waker, after: &mut After) {
        debug_assert!(self.ended.is_empty(), "nobody waits while there is a result");
        let held = *ticket.get_or_insert_with(|| {
            self.turns += 1;
            self.next_ticket()
        });
        match self.line.binary_search_by_key(&held, |&(ticket, _)| ticket) {
            Ok(at) => after.unused = Some(std::mem::replace(&mut self.line[at].1, waker)),
            Err(at) => {
                self.turns -= 1;
                self.line.insert(at, (held, waker));
            }
        }
    }

    /// A `join_next` is over. If it had a turn and did not use it, the turn goes to the next.
    pub(super) fn leave_line(&mut self, ticket: Option<Ticket>, after: &mut After) {
        let Some(held) = ticket else { return };
        if let Ok(at) = self.line.binary_search_by_key(&held, |&(ticket, _)| ticket) {
            after.unused = self.line.remove(at).map(|(_, waker)| waker);
            return;
        }
        self.turns -= 1;
        if self.ended.len() > self.turns {
            self.give_turn(after);
        }
    }

    /// A `wait` waits.
    pub(super) fn keep_wait(
        &mut self,
        ticket: &mut Option<Ticket>,
        until: Option<Until>,
        waker: Waker,
        after: &mut After,
    ) {
        self.leave_waits(*ticket, after);
        let held = self.next_ticket();
        *ticket = Some(held);
        self.waits.push((held, until, waker));
    }

    /// A `wait` is over.
    pub(super) fn leave_waits(&mut self, ticket: Option<Ticket>, after: &mut After) {
        if let Some(at) = self.waits.iter().position(|&(held, ..)| Some(held) == ticket) {
            after.unused = Some(self.waits.swap_remove(at).2);
        }
    }

    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.live + self.ended.len()
    }

    fn next_ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    fn remove(&mut self, member: u32) -> Option<Member<T>> {
        let removed = self.members.get_mut(member as usize)?.take();
        self.free.extend(removed.is_some().then_some(member));
        removed
    }

    fn give_turn(&mut self, after: &mut After) {
        if let Some((_, waker)) = self.line.pop_front() {
            self.turns += 1;
            debug_assert!(after.next.is_none(), "one turn for one result");
            after.next = Some(waker);
        }
    }

    /// The queued members.
    pub(super) fn queued(&self) -> Vec<Arc<dyn Task>> {
        let tasks = self.members.iter().flatten().map(|member| &member.task);
        tasks.filter(|task| task.header().is_queued()).map(|task| Arc::clone(task) as Arc<dyn Task>).collect()
    }

    /// Wakes those that keep an eye on some of the members, to choose them anew.
    pub(super) fn tell_lookers(&mut self, after: &mut After) {
        self.changes += 1;
        let lookers = self.waits.extract_if(.., |(_, until, _)| until.is_none());
        after.all.extend(lookers.map(|(.., waker)| waker));
    }

    /// Wakes the `wait`s that have what they want, and everybody once the group is empty.
    fn tell_waiters(&mut self, after: &mut After) {
        if !self.waits.is_empty() {
            let (met, others) = std::mem::take(&mut self.waits)
                .into_iter()
                .partition(|&(_, until, _)| until.is_none_or(|until| self.is_met(until)));
            self.waits = others;
            let met: Vec<_> = met;
            after.all.extend(met.into_iter().map(|(.., waker)| waker));
        }
        if self.is_empty() {
            self.turns += self.line.len();
            after.all.extend(self.line.drain(..).map(|(_, waker)| waker));
        }
    }
}
