//! Owns what is drawn for one seed, and for one task of it. Never does it.

use std::time::Duration;

use workyard::{Order, Priority};
use workyard_testkit::Rng;

/// How many lanes there are: io, cpu, blocking, and the named ones `db` (io) and `bulk` (cpu).
pub(super) const LANES: usize = 5;

/// What a search is for: which yards it draws.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Focus {
    /// Whole lives.
    Lives,
    /// Short ones that are shut down in their midst.
    Ends,
    /// Tasks that wait for one another, on lanes with little room.
    Circles,
}

/// What one seed has switched on, and how large it is.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each switches one kind of thing on")]
pub(super) struct Swarm {
    pub(super) lanes: [LaneShape; LANES],
    pub(super) clients: usize,
    pub(super) tasks_each: usize,
    pub(super) ending: Ending,
    /// How often each kind of disturbance comes, of a hundred tasks.
    cancels: usize,
    aborts: usize,
    limits: usize,
    panics: usize,
    bad_drops: usize,
    callbacks: usize,
    waits: usize,
    /// Whether some callbacks take their time.
    slow_callbacks: bool,
    /// Of so many tasks, one comes with something else: a group, a map and so on.
    pub(super) others: usize,
    /// Whether tasks submit tasks and wait for them.
    pub(super) nested: bool,
    pub(super) groups: bool,
    pub(super) maps: bool,
    pub(super) timers: bool,
    pub(super) queues: bool,
    pub(super) retries: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LaneShape {
    pub(super) limit: usize,
    pub(super) queue: usize,
    pub(super) order: Order,
    pub(super) ageing: Duration,
}

/// How the yard ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    /// When all clients are done.
    AtRest,
    /// In their midst.
    Shutdown(Shutdown),
    /// In their midst, without a shutdown.
    Dropped { at: Duration },
}

/// When and how a yard is shut down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shutdown {
    pub(super) at: Duration,
    pub(super) drain: Duration,
    pub(super) grace: Duration,
    pub(super) call: Call,
}

/// Who calls it, and how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Call {
    Once,
    /// A second call, a moment later, leaves so much time.
    Again(When, Duration),
    /// The first is dropped when it was polled.
    Dropped(When),
    /// A task of the yard calls it first.
    Within,
    ByThree,
}

impl Swarm {
    pub(super) fn draw(rng: &mut Rng, focus: Focus) -> Self {
        let drawn = Self::draw_life(rng);
        match focus {
            Focus::Lives => drawn,
            Focus::Ends => drawn.shut_down_early(rng),
            Focus::Circles => drawn.in_circles(rng),
        }
    }

    /// A short life, of everything a little, and its end in the midst.
    fn shut_down_early(self, rng: &mut Rng) -> Self {
        let often = |rng: &mut Rng| rng.chance(0.4);
        Self {
            clients: 1 + rng.below(4),
            tasks_each: 1 + rng.below(10),
            ending: Ending::Shutdown(Shutdown { at: millis(rng, 15), ..Shutdown::draw(rng) }),
            slow_callbacks: rng.chance(0.2),
            others: 8,
            nested: often(rng),
            groups: often(rng),
            maps: often(rng),
            timers: often(rng),
            queues: often(rng),
            retries: often(rng),
            ..self
        }
    }

    /// Little room, and few tasks that do not wait for others.
    fn in_circles(mut self, rng: &mut Rng) -> Self {
        for lane in &mut self.lanes {
            lane.limit = 1 + rng.below(2);
            lane.queue = rng.below(4);
        }
        let ending = if rng.chance(0.8) { Ending::AtRest } else { self.ending };
        Self { clients: 1 + rng.below(3), tasks_each: 3 + rng.below(10), ending, others: 0, nested: true, ..self }
    }

    pub(super) const fn has_callbacks(&self) -> bool {
        self.callbacks > 0
    }

    fn draw_life(rng: &mut Rng) -> Self {
        let lanes = std::array::from_fn(|_| LaneShape {
            limit: 1 + rng.below(4),
            queue: rng.below(9),
            order: *rng.pick(&[Order::Fifo, Order::Lifo, Order::Priority]),
            ageing: Duration::from_millis(1 + rng.below(1_000) as u64),
        });
        let mut often = |most: usize| if rng.chance(0.5) { 1 + rng.below(most) } else { 0 };
        let (cancels, aborts, limits) = (often(50), often(40), often(40));
        let (panics, bad_drops, callbacks, waits) = (often(20), often(20), often(60), often(30));
        let ending = match rng.below(4) {
            0 | 1 => Ending::AtRest,
            2 => Ending::Shutdown(Shutdown::draw(rng)),
            _ => Ending::Dropped { at: millis(rng, 200) },
        };
        Self {
            lanes,
            clients: 1 + rng.below(8),
            tasks_each: 20 + rng.below(60),
            ending,
            cancels,
            aborts,
            limits,
            panics,
            bad_drops,
            callbacks,
            waits,
            slow_callbacks: false,
            others: 24,
            nested: rng.chance(0.3),
            groups: rng.chance(0.3),
            maps: rng.chance(0.2),
            timers: rng.chance(0.3),
            queues: rng.chance(0.2),
            retries: rng.chance(0.3),
        }
    }
}

impl Shutdown {
    fn draw(rng: &mut Rng) -> Self {
        let call = match rng.below(8) {
            0 => Call::Again(When::draw(rng), millis(rng, 60)),
            1 => Call::Dropped(When::draw(rng)),
            2 => Call::Within,
            3 => Call::ByThree,
            _ => Call::Once,
        };
        // None at all is a time, too.
        let limit = |rng: &mut Rng| if rng.chance(0.2) { Duration::ZERO } else { millis(rng, 60) };
        Self { at: millis(rng, 200), drain: limit(rng), grace: limit(rng), call }
    }
}

/// What one task does and what is done to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    pub(super) lane: usize,
    pub(super) verb: Verb,
    pub(super) body: Body,
    pub(super) plan: Plan,
    pub(super) priority: Priority,
    pub(super) timeout: Option<Duration>,
    pub(super) queue_timeout: Option<Duration>,
    /// From now.
    pub(super) deadline: Option<Duration>,
    pub(super) callback: Option<Callback>,
    /// Which of its values panic when they are dropped.
    pub(super) bad_captures: bool,
    pub(super) bad_output: bool,
}

/// How it is submitted. A number says after how many polls the future is dropped.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verb {
    Try,
    TryWith,
    Submit(Option<usize>),
    SubmitWith,
    SubmitTimeout(Duration),
    Run(Option<usize>),
}

/// What its body does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Body {
    Returns,
    Yields(usize),
    Sleeps(Duration),
    Panics,
    Fails,
    /// Holds a value whose drop panics over an await.
    DropsBadly,
    /// Ends only once it is stopped; a body without a context soon.
    Waits,
    /// Does not heed that it is stopped.
    Ignores(Duration),
    /// Submits a task to this lane and waits for it.
    Nests(usize),
}

/// What is done with its handle, after so many yields or milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    Await,
    Cancel(When),
    Abort(When),
    Token(When),
    Detach,
    CancelOnDrop(usize),
    AbortOnDrop(usize),
    JoinTimeout(Duration),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum When {
    Yields(usize),
    Millis(u64),
}

/// What a callback does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Callback {
    Counts,
    Panics,
    Submits,
    Takes(Duration),
}

impl Script {
    pub(super) fn draw(rng: &mut Rng, swarm: &Swarm) -> Self {
        let verb = match rng.below(12) {
            0 | 1 => Verb::Try,
            2 => Verb::TryWith,
            3 => Verb::Submit(Some(rng.below(4))),
            4 | 5 => Verb::SubmitWith,
            6 => Verb::SubmitTimeout(millis(rng, 8)),
            7 => Verb::Run(None),
            8 => Verb::Run(Some(rng.below(10))),
            _ => Verb::Submit(None),
        };
        let drawn = rng.below(100);
        let plan = if drawn < swarm.cancels {
            match rng.below(4) {
                0 => Plan::Token(When::draw(rng)),
                1 => Plan::CancelOnDrop(rng.below(6)),
                _ => Plan::Cancel(When::draw(rng)),
            }
        } else if rng.below(100) < swarm.aborts {
            if rng.chance(0.3) { Plan::AbortOnDrop(rng.below(6)) } else { Plan::Abort(When::draw(rng)) }
        } else {
            match rng.below(8) {
                0 => Plan::Detach,
                1 => Plan::JoinTimeout(millis(rng, 20)),
                _ => Plan::Await,
            }
        };
        let is_limited = |rng: &mut Rng| rng.below(100) < swarm.limits;
        let limit = |rng: &mut Rng| is_limited(rng).then(|| millis(rng, 30));
        let timeout = limit(rng);
        let is_stopped = match verb {
            Verb::Run(polls) => polls.is_some() || timeout.is_some(),
            _ => timeout.is_some() || !matches!(plan, Plan::Await | Plan::Detach | Plan::JoinTimeout(_)),
        };
        let body = Body::draw(rng, swarm, is_stopped);
        // Whether such a one was accepted is nobody's to know.
        let may_vanish = matches!(verb, Verb::Run(_) | Verb::Submit(Some(_)));
        let callback = (!may_vanish && rng.below(100) < swarm.callbacks).then(|| match rng.below(4) {
            0 => Callback::Panics,
            1 => Callback::Submits,
            2 if swarm.slow_callbacks => Callback::Takes(millis(rng, 40)),
            _ => Callback::Counts,
        });
        Self {
            lane: rng.below(LANES),
            verb,
            body,
            plan,
            priority: *rng.pick(&Priority::ALL),
            timeout,
            queue_timeout: limit(rng),
            deadline: limit(rng),
            callback,
            // Dropped with the future of the submission they would panic in the test.
            bad_captures: !may_vanish && rng.below(100) < swarm.bad_drops,
            bad_output: rng.below(100) < swarm.bad_drops,
        }
    }

    /// A task that nothing disturbs.
    pub(super) fn plain(lane: usize) -> Self {
        Self {
            lane,
            verb: Verb::Submit(None),
            body: Body::Returns,
            plan: Plan::Await,
            priority: Priority::NORMAL,
            timeout: None,
            queue_timeout: None,
            deadline: None,
            callback: None,
            bad_captures: false,
            bad_output: false,
        }
    }
}

impl Body {
    fn draw(rng: &mut Rng, swarm: &Swarm, is_stopped: bool) -> Self {
        if rng.below(100) < swarm.panics {
            return *rng.pick(&[Self::Panics, Self::Panics, Self::Fails, Self::DropsBadly]);
        }
        if swarm.nested && rng.chance(0.2) {
            return Self::Nests(rng.below(LANES));
        }
        if rng.below(100) < swarm.waits {
            return if is_stopped { Self::Waits } else { Self::Ignores(millis(rng, 100)) };
        }
        match rng.below(8) {
            0 => Self::Fails,
            1 | 2 => Self::Yields(rng.below(6)),
            3 => Self::Sleeps(millis(rng, 20)),
            _ => Self::Returns,
        }
    }
}

impl When {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        if rng.chance(0.7) { Self::Yields(rng.below(8)) } else { Self::Millis(rng.below(20) as u64) }
    }

    pub(super) async fn come(self) {
        match self {
            Self::Yields(times) => yield_for(times).await,
            Self::Millis(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
        }
    }
}

pub(super) async fn yield_for(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// Less than so many milliseconds.
pub(super) fn millis(rng: &mut Rng, below: usize) -> Duration {
    Duration::from_millis(rng.below(below) as u64)
}
