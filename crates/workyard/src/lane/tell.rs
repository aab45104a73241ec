//! Owns how the end of a task gets to its callbacks: noted under the lane's lock, told after it. Never calls one.
//!
//! Most tasks have none, and pay a branch for each of the steps; what follows from it is kept out of their way.

use std::sync::Arc;

use workyard_core::{Outcome, Reason, TaskState};

use crate::callbacks::Turn;
use crate::lane::LaneShared;
use crate::lane::shared::LaneState;
use crate::task::header::Header;
use crate::task::{Call, Callback, End, Retrying, TaskEnded, Told};

impl LaneState {
    /// Notes the end of a task, which is about to be counted and is its only one, for those who want to know.
    pub(super) fn note_end(&self, header: &Header, outcome: Outcome, reason: Option<Reason>) {
        if let Some(told) = header.on_done() {
            self.note(told, header, outcome, reason);
        }
    }

    /// As [`note_end`](Self::note_end), for the end of a body. Nothing if the task had ended before.
    pub(super) fn note_body_end(&self, header: &Header, how: Outcome) {
        if let Some(told) = header.on_done() {
            self.note_body(told, header, how);
        }
    }

    #[cold]
    fn note_body(&self, told: &Told<dyn Callback>, header: &Header, how: Outcome) {
        if header.status().is_some_and(TaskState::is_ended) {
            return;
        }
        let reason = match how {
            Outcome::Cancelled | Outcome::TimedOut => Some(header.signal.stopped().unwrap_or(Reason::Dropped)),
            Outcome::Completed | Outcome::Failed | Outcome::Panicked | Outcome::Abandoned => header.signal.asked(),
        };
        self.note(told, header, how, reason);
    }

    #[cold]
    fn note(&self, told: &Told<dyn Callback>, header: &Header, outcome: Outcome, reason: Option<Reason>) {
        let yard = &header.lane.yard;
        let times = self.policy.times_of(header.slot(), yard.clock.now());
        debug_assert!(times.is_some(), "the lane holds what is about to end");
        let (waited, ran) = times.unwrap_or_default();
        if told.end.set(End { outcome, reason, waited, ran }).is_ok() {
            yard.callbacks.owe();
        }
    }
}

impl LaneShared {
    /// Has the callbacks of a task called whose end was noted. Once, before the handle is answered; the turn is to be sent after all
    /// else.
    pub(super) fn tell(self: &Arc<Self>, header: &Header) -> Option<Turn> {
        header.on_done().and_then(|told| self.queue_call(told, header))
    }

    #[cold]
    fn queue_call(self: &Arc<Self>, told: &Arc<Told<dyn Callback>>, header: &Header) -> Option<Turn> {
        let &End { outcome, reason, waited, ran } = told.end.get()?;
        let (id, name, site) = (header.id, header.name().cloned(), header.site);
        let attempts = header.retrying().map(Retrying::attempts);
        let ended = TaskEnded { id, name, lane: Arc::clone(&self.name), outcome, reason, waited, ran, attempts, site };
        self.yard.queue_call(Call { callback: Arc::clone(told), ended, lane: Arc::clone(self) })
    }
}
