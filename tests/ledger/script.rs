//! Owns what is drawn for one task: how it is submitted, what it does, what is done to it. Never does it.

use std::time::Duration;

use workyard::Priority;
use workyard_testkit::Rng;

/// What one task does and what is done to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) verb: Verb,
    pub(crate) body: Body,
    pub(crate) plan: Plan,
    pub(crate) priority: Priority,
    pub(crate) timeout: Option<Duration>,
    pub(crate) queue_timeout: Option<Duration>,
    /// From now.
    pub(crate) deadline: Option<Duration>,
}

/// How it is submitted. A number says after how many polls the future is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verb {
    Try,
    Submit(Option<usize>),
    SubmitWith,
    SubmitTimeout(Duration),
    Run(Option<usize>),
}

/// What its body does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Body {
    Returns,
    Yields(usize),
    Panics,
    Fails,
    /// Holds a value whose drop panics.
    DropsBadly,
    /// Ends only once it is stopped.
    Waits,
}

/// What is done with its handle, after so many yields or polls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    Await,
    Cancel(usize),
    Abort(usize),
    Token(usize),
    Detach,
    AbortOnDrop(usize),
}

impl Script {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let verb = match rng.below(10) {
            0 | 1 => Verb::Try,
            2 => Verb::Submit(Some(rng.below(4))),
            3 | 4 => Verb::SubmitWith,
            5 => Verb::SubmitTimeout(Duration::from_micros(rng.below(500) as u64)),
            6 => Verb::Run(None),
            7 => Verb::Run(Some(rng.below(40))),
            _ => Verb::Submit(None),
        };
        let plan = match rng.below(8) {
            0 => Plan::Cancel(rng.below(20)),
            1 => Plan::Abort(rng.below(100)),
            2 => Plan::Token(rng.below(20)),
            3 => Plan::Detach,
            4 => Plan::AbortOnDrop(rng.below(20)),
            _ => Plan::Await,
        };
        let limit = |rng: &mut Rng| rng.chance(0.1).then(|| Duration::from_micros(rng.below(4_000) as u64));
        let timeout = limit(rng);
        let is_stopped = match verb {
            Verb::Run(polls) => polls.is_some(),
            _ => timeout.is_some() || !matches!(plan, Plan::Await | Plan::Detach),
        };
        let body = match rng.below(8) {
            0 => Body::Yields(rng.below(30)),
            1 => Body::Panics,
            2 => Body::Fails,
            3 => Body::DropsBadly,
            4..=6 if is_stopped => Body::Waits,
            _ => Body::Returns,
        };
        let (queue_timeout, deadline, priority) = (limit(rng), limit(rng), *rng.pick(&Priority::ALL));
        Self { verb, body, plan, priority, timeout, queue_timeout, deadline }
    }
}
