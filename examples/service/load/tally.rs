//! Owns what became of requests: how many of each kind were answered how, and how fast. Never asks.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::http::{Answer, Unanswered};
use super::route::Route;

/// What became of requests, kind by kind.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<Route, Outcomes>);

/// What became of the requests of one kind. `sent = answered + closed + lost`.
#[derive(Default)]
struct Outcomes {
    by_status: BTreeMap<u16, u64>,
    closed: u64,
    lost: u64,
    latencies: Vec<Duration>,
    /// What the first that was lost says.
    example: Option<String>,
}

/// All kinds together.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) answered: u64,
    /// Answered with 503, before the end because a lane is full.
    pub(crate) refused: u64,
    /// The connection ended before the answer began, so the service may say that it never had the request.
    pub(crate) closed: u64,
    pub(crate) lost: u64,
}

impl Tally {
    pub(super) fn note(&mut self, route: Route, took: Duration, answer: &Result<Answer, Unanswered>) {
        let outcomes = self.0.entry(route).or_default();
        match answer {
            Ok(answer) => {
                *outcomes.by_status.entry(answer.status).or_default() += 1;
                outcomes.latencies.push(took);
            }
            Err(Unanswered::Closed) => outcomes.closed += 1,
            Err(Unanswered::Lost(why)) => {
                outcomes.lost += 1;
                outcomes.example.get_or_insert_with(|| why.clone());
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (route, more) in other.0 {
            let outcomes = self.0.entry(route).or_default();
            for (status, count) in more.by_status {
                *outcomes.by_status.entry(status).or_default() += count;
            }
            outcomes.closed += more.closed;
            outcomes.lost += more.lost;
            outcomes.latencies.extend(more.latencies);
            outcomes.example = outcomes.example.take().or(more.example);
        }
    }

    pub(crate) fn sum(&self) -> Sum {
        self.0.values().fold(Sum::default(), |sum, outcomes| Sum {
            answered: sum.answered + outcomes.answered(),
            refused: sum.refused + outcomes.by_status.get(&503).unwrap_or(&0),
            closed: sum.closed + outcomes.closed,
            lost: sum.lost + outcomes.lost,
        })
    }

    /// The latency that `share` of the answers to this kind of request do not exceed; `None` without answers.
    pub(super) fn percentile(&self, route: Route, share: f64) -> Option<Duration> {
        let latencies = self.0.get(&route)?.sorted();
        percentile(&latencies, share)
    }
}

/// A line for each kind of request.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (route, outcomes) in &self.0 {
            writeln!(f, "{:<14} {outcomes}", route.name())?;
        }
        Ok(())
    }
}

impl Outcomes {
    fn answered(&self) -> u64 {
        self.by_status.values().sum()
    }

    fn sorted(&self) -> Vec<Duration> {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        sorted
    }
}

/// `sent 120 answered 120 (200: 98, 503: 22) no answer 0; p50 1.2ms, p99 3.4ms, max 5.6ms`
impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (answered, unanswered) = (self.answered(), self.closed + self.lost);
        let statuses: Vec<_> = self.by_status.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        write!(f, "sent {} answered {answered} ({})", answered + unanswered, statuses.join(", "))?;
        write!(f, " no answer {unanswered}")?;
        let latencies = self.sorted();
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| percentile(&latencies, share).unwrap_or_default());
        write!(f, "; p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?}")?;
        if let Some(example) = &self.example {
            write!(f, "; lost: {example}")?;
        }
        Ok(())
    }
}

/// `load: sent 120 answered 118 closed 2 lost 0`
impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered, closed, lost, .. } = self;
        write!(f, "load: sent {} answered {answered} closed {closed} lost {lost}", answered + closed + lost)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of a length is no longer than it, and no list here is long enough to lose a digit"
)]
fn percentile(sorted: &[Duration], share: f64) -> Option<Duration> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}
