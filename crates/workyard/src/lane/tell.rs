//! Owns how the end of a task gets to its callbacks: noted under the lane's lock, told after it. Never calls one.

use std::sync::Arc;
use std::time::Duration;

use workyard_core::{Outcome, Reason, TaskState};

use crate::callbacks::Turn;
use crate::lane::LaneShared;
use crate::lane::shared::LaneState;
use crate::task::header::Header;
use crate::task::{Call, Callback, TaskEnded};

/// What callbacks are to be told.
pub(super) struct Note {
    callback: Arc<dyn Callback>,
    outcome: Outcome,
    reason: Option<Reason>,
    waited: Duration,
    ran: Option<Duration>,
}

impl LaneState {
    /// Notes the end of a task, which is about to be counted. Nothing if nobody wants to know, or the task has ended before.
    pub(super) fn note_end(&self, header: &Header, outcome: Outcome, reason: Option<Reason>) -> Option<Note> {
        let callback = header.on_done.callback()?;
        if header.status().is_none_or(TaskState::is_ended) {
            return None;
        }
        let yard = &header.lane.yard;
        let (waited, ran) = self.policy.times_of(header.slot(), yard.clock.now())?;
        yard.callbacks.owe();
        Some(Note { callback: Arc::clone(callback), outcome, reason, waited, ran })
    }

    /// As [`note_end`](Self::note_end), for the end of a body.
    pub(super) fn note_body_end(&self, header: &Header, how: Outcome) -> Option<Note> {
        let reason = match how {
            Outcome::Cancelled | Outcome::TimedOut => Some(header.signal.stopped().unwrap_or(Reason::Dropped)),
            Outcome::Completed | Outcome::Failed | Outcome::Panicked | Outcome::Abandoned => header.signal.asked(),
        };
        self.note_end(header, how, reason)
    }
}

impl LaneShared {
    /// Has the callbacks called. Before the handle is answered; the turn is to be sent after all else.
    pub(super) fn tell(self: &Arc<Self>, header: &Header, note: Option<Note>) -> Option<Turn> {
        let Note { callback, outcome, reason, waited, ran } = note?;
        let (id, name, site) = (header.id, header.name.clone(), header.site);
        let ended = TaskEnded { id, name, lane: Arc::clone(&self.name), outcome, reason, waited, ran, site };
        self.yard.queue_call(Call { callback, ended, lane: Arc::clone(self) })
    }
}
