//! Owns the account of a shutdown, as a value. Never asks a lane again.

use std::fmt;

use workyard_core::Ledger;

use crate::observe::{LaneSnapshot, TaskInfo};
use crate::scheduler::Yard;

/// What a yard did with every task it accepted.
///
/// Its `Display` is one line, and one more for each task that is stuck.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The sum over all lanes.
    pub total: Ledger,
    /// Lane by lane.
    pub lanes: Vec<LaneSnapshot>,
    /// Tasks that were accepted and never started; `total` has them among the cancelled and timed out.
    pub never_started: u64,
    /// Tasks whose body still runs. Their handles have been answered.
    pub stuck: Vec<TaskInfo>,
}

impl Report {
    pub(crate) fn of(yard: &Yard) -> Self {
        let lanes = yard.snapshots();
        Self {
            total: lanes.iter().map(|lane| lane.counts.ledger).sum(),
            never_started: lanes.iter().map(|lane| lane.counts.never_started).sum(),
            stuck: yard.tasks(),
            lanes,
        }
    }

    /// Whether every accepted task has ended in exactly one way, in each lane. It is a defect of this library if not.
    pub fn balances(&self) -> bool {
        self.lanes.iter().all(|lane| lane.counts.ledger.balances()) && self.total.live() == 0
    }

    /// Whether all bodies have ended.
    pub fn is_clean(&self) -> bool {
        self.stuck.is_empty()
    }

    /// The lane of that name.
    pub fn lane(&self, name: &str) -> Option<&LaneSnapshot> {
        self.lanes.iter().find(|lane| *lane.name == *name)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; stuck: ", self.total)?;
        if self.stuck.is_empty() {
            return f.write_str("none");
        }
        write!(f, "{}", self.stuck.len())?;
        for task in &self.stuck {
            write!(f, "\n  {task}")?;
        }
        Ok(())
    }
}
