//! Owns what a lane shows to who looks whether it goes on. Never decides whether it does.

use crate::lane::LaneShared;

/// A lane at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneLook {
    /// How many tasks were accepted so far, and how many submitters refused.
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    /// How many submitters wait, and how many of them may take the room that they were promised.
    pub(crate) submitters: usize,
    pub(crate) promised: usize,
    /// How many tasks were started so far.
    pub(crate) started: u64,
    /// How many tasks ended so far, and results came too late.
    pub(crate) ended: u64,
    /// How many bodies hold a slot.
    pub(crate) occupied: usize,
    /// How many of them were answered.
    pub(crate) overrunning: usize,
    /// Whether a task could be given a slot now. Of a lane of closures, that waits for a worker.
    pub(crate) is_startable: bool,
    /// Whether anybody wants a slot or a place.
    pub(crate) is_wanted: bool,
}

impl LaneShared {
    /// What there is to see now; a short lock.
    pub(crate) fn look(&self) -> LaneLook {
        let state = self.state.lock();
        let counts = state.policy.counts();
        let ledger = counts.ledger;
        LaneLook {
            accepted: ledger.accepted,
            refused: counts.refused,
            submitters: counts.submitters,
            promised: counts.promised,
            // Who waits for another attempt in the queue has not begun that.
            started: ledger.accepted + counts.retries - ledger.queued - counts.never_started,
            ended: ledger.all_ended() + counts.late_results,
            occupied: counts.occupied,
            overrunning: counts.overrunning,
            is_startable: state.policy.is_startable(),
            is_wanted: state.policy.is_wanted(),
        }
    }
}
