//! Owns what the storm itself saw, and holds the yard's account against it. Never asks the yard how it came about.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use workyard::{Outcome, Report, Scheduler, SubmitError, TaskError, TaskErrorKind, TaskRef, TaskStatus};
use workyard_testkit::{DropCounter, Gauge, Payload};

use crate::LIMITS;

/// What one storm saw.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) payloads: DropCounter,
    /// Every accepted task, but those of `run`, which give no handle.
    pub(crate) refs: Mutex<Vec<TaskRef>>,
    pub(crate) launched: AtomicUsize,
    pub(crate) starts: AtomicUsize,
    pub(crate) dropped_submits: AtomicUsize,
    /// How many bodies of a lane are inside at once.
    pub(crate) inside: [Gauge; LIMITS.len()],
    /// How often a handle or a `run` gave each outcome.
    given: [AtomicUsize; Outcome::ALL.len()],
    dropped_runs: AtomicUsize,
    awaited_runs: AtomicUsize,
    full: AtomicUsize,
    closed: AtomicUsize,
    late: AtomicUsize,
}

impl Books {
    pub(crate) fn see(&self, outcome: Outcome) {
        count(&self.given[Outcome::ALL.iter().position(|&o| o == outcome).unwrap()]);
    }

    pub(crate) fn refused<F>(&self, refused: SubmitError<F>) {
        count(match (refused.is_full(), refused.is_timeout()) {
            (true, _) => &self.full,
            (_, true) => &self.late,
            _ => &self.closed,
        });
        drop(refused.into_inner());
    }

    pub(crate) fn ran(&self, result: Option<Result<Payload, TaskError>>) {
        match result.map(|result| outcome_of(&result)) {
            None => count(&self.dropped_runs),
            Some(None) => count(&self.closed),
            Some(Some(outcome)) => {
                count(&self.awaited_runs);
                self.see(outcome);
            }
        }
    }

    /// After the end: the handles, the bodies, the report and the snapshot tell one story.
    pub(crate) fn settle(&self, yard: &Scheduler, report: &Report, seen: &mut Seen) {
        assert!(report.balances() && report.is_clean(), "{report}");
        assert_eq!(yard.snapshot().ledger(), report.total, "nothing happened after the report");
        let unexplained = self.outcomes_agree(report);
        // Only the tasks of `run` have no handle that could be asked.
        let runs = get(&self.awaited_runs)..=get(&self.awaited_runs) + get(&self.dropped_runs);
        assert!(runs.contains(&unexplained), "{unexplained} tasks are unexplained, {runs:?} were run");

        let accepted = as_usize(report.total.accepted);
        let refused = get(&self.full) + get(&self.closed) + get(&self.late);
        let counted = yard.snapshot().lanes.iter().map(|lane| lane.counts.refused).sum();
        assert_eq!(refused, as_usize(counted), "each refusal is counted once");
        let without_runs = accepted - unexplained + refused + get(&self.dropped_submits);
        let of_runs = get(&self.awaited_runs) + get(&self.dropped_runs);
        assert_eq!(get(&self.launched), without_runs + of_runs, "each is accepted, refused, or was never offered");
        assert!(get(&self.starts) <= accepted - as_usize(report.never_started), "{report}");
        for (gauge, limit) in self.inside.iter().zip(LIMITS) {
            assert!(gauge.now() == 0 && gauge.max() <= limit, "{} of {limit}", gauge.max());
        }
        self.cover(report, seen);
    }

    /// The number of tasks that ended and are not among those with a handle.
    fn outcomes_agree(&self, report: &Report) -> usize {
        let refs = self.refs.lock().unwrap();
        assert!(refs.iter().all(|task| task.status().is_ended()));
        let unexplained = Outcome::ALL.into_iter().zip(&self.given).map(|(outcome, given)| {
            let ended = as_usize(report.total.ended(outcome));
            let known = refs.iter().filter(|task| task.status() == TaskStatus::Ended(outcome)).count();
            assert!(known <= ended && get(given) <= ended, "{outcome}: {known}, {} of {ended}", get(given));
            ended - known
        });
        unexplained.sum()
    }

    fn cover(&self, report: &Report, seen: &mut Seen) {
        let late_results = report.lanes.iter().map(|lane| lane.counts.late_results).sum();
        let unobserved = report.lanes.iter().map(|lane| lane.unobserved_failures).sum();
        let mut add = |what, times| seen.add(what, times);
        for (outcome, given) in Outcome::ALL.into_iter().zip(&self.given) {
            add(outcome.word(), get(given));
        }
        add("never started", as_usize(report.never_started));
        add("late results", as_usize(late_results));
        add("unobserved failures", as_usize(unobserved));
        add("refused: full", get(&self.full));
        add("refused: closed", get(&self.closed));
        add("refused: no room in time", get(&self.late));
        add("submit futures dropped", get(&self.dropped_submits));
        add("run futures dropped", get(&self.dropped_runs));
    }
}

/// How often each kind of event was seen in all storms: a storm that misses one kind proves nothing about it.
#[derive(Default, Debug)]
pub(crate) struct Seen(Vec<(&'static str, usize)>);

impl Seen {
    fn add(&mut self, what: &'static str, times: usize) {
        match self.0.iter_mut().find(|(kind, _)| *kind == what) {
            Some((_, seen)) => *seen += times,
            None => self.0.push((what, times)),
        }
    }

    pub(crate) fn assert_at_least(&self, times: usize) {
        println!("{:?}", self.0);
        assert!(!self.0.is_empty() && self.0.iter().all(|&(_, seen)| seen >= times), "less than {times}: {:?}", self.0);
    }
}

pub(crate) fn outcome_of(result: &Result<Payload, TaskError>) -> Option<Outcome> {
    match result.as_ref().map_err(TaskError::kind) {
        Ok(_) => Some(Outcome::Completed),
        Err(TaskErrorKind::Failed) => Some(Outcome::Failed),
        Err(TaskErrorKind::Panicked) => Some(Outcome::Panicked),
        Err(TaskErrorKind::Cancelled) => Some(Outcome::Cancelled),
        Err(TaskErrorKind::TimedOut) => Some(Outcome::TimedOut),
        Err(TaskErrorKind::Abandoned) => Some(Outcome::Abandoned),
        Err(_) => None,
    }
}

pub(crate) fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::SeqCst);
}

fn get(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap()
}
