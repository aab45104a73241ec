//! Owns the account of a shutdown, as a value. Never asks a lane again.

use std::fmt;

use workyard_core::{Grouped, Ledger};

use crate::observe::{LaneSnapshot, TaskInfo};
use crate::yard::Yard;

/// What a yard did with every task it accepted.
///
/// Its `Display` begins with the account, in one line. If something was lost, lines follow that say what: each task that is
/// stuck, how many never started, how many ended while they waited for their next attempt, how many were not tried again since the
/// [budget](crate::RetryBudget) was used up, how many failures nobody looked at, how many callbacks have not returned, and how many timers were
/// cancelled. `{:#}` adds a line for each lane.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use std::time::Duration;
/// use workyard::{Lane, Scheduler};
///
/// let yard = Scheduler::builder().io(Lane::io().limit(1)).build()?;
/// let running = yard.io().submit(std::future::pending::<()>()).await?;
/// let queued = yard.io().submit(async {}).await?;
/// let report = yard.shutdown().drain_for(Duration::ZERO).await;
/// assert_eq!(
///     report.to_string(),
///     "accepted 2 = 0 completed + 2 cancelled; stuck: none\n  never started: 1 (io 1)"
/// );
/// assert!(report.balances() && report.is_clean());
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
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
    /// Callbacks ([`on_done`](crate::ClosureTask::on_done)) that have not returned; they go on. Those that await this report are not
    /// among them.
    pub pending_callbacks: usize,
    /// Timers that the shutdown cancelled, once and again and again. Those that fire once are tasks, so `total` has them among the
    /// cancelled, and `never_started` as well.
    pub cancelled_timers: u64,
}

impl Report {
    pub(crate) fn of(yard: &Yard) -> Self {
        let lanes = yard.snapshots();
        Self {
            total: lanes.iter().map(|lane| lane.counts.ledger).sum(),
            never_started: lanes.iter().map(|lane| lane.counts.never_started).sum(),
            stuck: yard.tasks(),
            pending_callbacks: yard.shared.callbacks.pending(),
            cancelled_timers: yard.schedule.cut(),
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

    /// Tasks that did not end well, and nobody took their result. Those whose handle is still held are not among them.
    pub fn unobserved_failures(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.unobserved_failures).sum()
    }

    /// `  what: 3 (cpu 1, db 2)` on a line of its own, unless it is zero.
    fn write_count(&self, f: &mut fmt::Formatter<'_>, what: &str, count: impl Fn(&LaneSnapshot) -> u64) -> fmt::Result {
        let total: u64 = self.lanes.iter().map(&count).sum();
        if total == 0 {
            return Ok(());
        }
        write!(f, "\n  {what}: {}", Grouped(total))?;
        let lanes = self.lanes.iter().map(|lane| (&lane.name, count(lane))).filter(|&(_, count)| count > 0);
        for (at, (lane, count)) in lanes.enumerate() {
            write!(f, "{}{lane} {}", if at == 0 { " (" } else { ", " }, Grouped(count))?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; stuck: ", self.total)?;
        if self.stuck.is_empty() {
            f.write_str("none")?;
        } else {
            write!(f, "{}", Grouped(self.stuck.len() as u64))?;
        }
        for task in &self.stuck {
            write!(f, "\n  {task}")?;
        }
        self.write_count(f, "never started", |lane| lane.counts.never_started)?;
        self.write_count(f, "ended between two attempts", |lane| lane.counts.ended_between_attempts)?;
        self.write_count(f, "not tried again, for lack of budget", |lane| lane.counts.over_budget)?;
        self.write_count(f, "failures that nobody looked at", |lane| lane.unobserved_failures)?;
        if self.pending_callbacks > 0 {
            write!(f, "\n  callbacks that have not returned: {}", Grouped(self.pending_callbacks as u64))?;
        }
        if self.cancelled_timers > 0 {
            write!(f, "\n  timers cancelled: {}", Grouped(self.cancelled_timers))?;
        }
        if f.alternate() {
            for lane in &self.lanes {
                write!(f, "\n  {lane}")?;
            }
        }
        Ok(())
    }
}
