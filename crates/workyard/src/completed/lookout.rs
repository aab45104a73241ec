//! Owns which of many awaited tasks a waiting task keeps an eye on. Never waits.
//!
//! Those that need a slot of the waiter's lane come first, since they may need the very slot that the waiter holds. Only tasks of
//! that lane can, so these are apart from the others. Of them no more than the lane's limit run on a slot of their own at once, and
//! tasks that have ended are never looked at again: a look costs O(limit), however many tasks there are.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::lane::LaneShared;
use crate::task::Handle;
use crate::task::cell::Task;

/// The tasks that may not have ended, by index.
#[derive(Default)]
pub(super) struct Lookout {
    /// The lane of the task that waits.
    lane: Option<Arc<LaneShared>>,
    /// Those of that lane.
    own: VecDeque<usize>,
    others: VecDeque<usize>,
}

impl Lookout {
    /// Some of the tasks that have not ended, first those that need a slot of `lane`.
    pub(super) fn some_live<T>(
        &mut self,
        most: usize,
        lane: &Arc<LaneShared>,
        handles: &[Option<Handle<T>>],
    ) -> Vec<Arc<dyn Task>> {
        self.look_from(lane, handles);
        let (mut urgent, mut seated) = (Vec::with_capacity(most), Vec::new());
        scan(&mut self.own, handles, |task| {
            let found = if task.header().needs_slot() { &mut urgent } else { &mut seated };
            if found.len() < most {
                found.push(task);
            }
            urgent.len() < most
        });
        urgent.extend(seated);
        scan(&mut self.others, handles, |task| {
            urgent.push(task);
            urgent.len() < most
        });
        urgent.truncate(most);
        urgent
    }

    /// The index of the first task that has not ended, among those that were looked at last.
    pub(super) fn first_live<T>(&self, handles: &[Option<Handle<T>>]) -> Option<usize> {
        self.own.iter().chain(&self.others).copied().find(|&index| live(handles, index).is_some())
    }

    /// The index of the first task of the waiter's lane that waits for its slot.
    pub(super) fn first_queued<T>(&self, handles: &[Option<Handle<T>>]) -> Option<usize> {
        let is_queued = |&index: &usize| live(handles, index).is_some_and(|task| task.header().is_queued());
        self.own.iter().copied().find(is_queued)
    }

    fn look_from<T>(&mut self, lane: &Arc<LaneShared>, handles: &[Option<Handle<T>>]) {
        if self.lane.as_ref().is_some_and(|known| Arc::ptr_eq(known, lane)) {
            return;
        }
        self.lane = Some(Arc::clone(lane));
        let is_own = |&index: &usize| live(handles, index).is_some_and(|task| Arc::ptr_eq(&task.header().lane, lane));
        let (own, others): (Vec<_>, Vec<_>) = (0..handles.len()).partition(is_own);
        (self.own, self.others) = (own.into(), others.into());
    }
}

/// Shows the tasks that have not ended, until `look` has seen enough, and forgets those that have.
fn scan<T>(line: &mut VecDeque<usize>, handles: &[Option<Handle<T>>], mut look: impl FnMut(Arc<dyn Task>) -> bool) {
    let mut seen = Vec::new();
    let mut goes_on = true;
    while goes_on && let Some(index) = line.pop_front() {
        if let Some(task) = live(handles, index) {
            seen.push(index);
            goes_on = look(task);
        }
    }
    for index in seen.into_iter().rev() {
        line.push_front(index);
    }
}

fn live<T>(handles: &[Option<Handle<T>>], index: usize) -> Option<Arc<dyn Task>> {
    let handle = handles.get(index)?.as_ref()?;
    (!handle.is_finished()).then(|| handle.erased())
}
