//! Owns what a priority is and how waiting raises it. Never holds a queue.

use std::time::Duration;

/// How urgent a task is: five levels, from [`LOWEST`](Self::LOWEST) to [`HIGHEST`](Self::HIGHEST).
///
/// Only a lane with [`Order::Priority`] looks at it. Equal priorities keep the order in which they were submitted.
///
/// # Examples
/// ```
/// use workyard_core::Priority;
///
/// assert!(Priority::HIGH > Priority::NORMAL);
/// assert_eq!(Priority::default(), Priority::NORMAL);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Priority(u8);

impl Priority {
    /// Work that may wait for everything else.
    pub const LOWEST: Self = Self(0);
    /// Less urgent than usual.
    pub const LOW: Self = Self(1);
    /// The priority of a task that names none.
    pub const NORMAL: Self = Self(2);
    /// More urgent than usual.
    pub const HIGH: Self = Self(3);
    /// Work that goes before everything else.
    pub const HIGHEST: Self = Self(4);

    /// How many levels there are.
    pub const LEVELS: usize = 5;

    /// All levels, from the least to the most urgent.
    pub const ALL: [Self; Self::LEVELS] = [Self::LOWEST, Self::LOW, Self::NORMAL, Self::HIGH, Self::HIGHEST];

    /// The level as a number, `0` being the least urgent.
    pub const fn level(self) -> usize {
        self.0 as usize
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

/// Which of the waiting tasks starts next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Order {
    /// The one that has waited longest.
    #[default]
    Fifo,
    /// The one that came last. What came first may wait for ever under load.
    Lifo,
    /// The most urgent one; waiting makes a task more urgent ([`Ageing`]), so nothing waits for ever.
    Priority,
}

/// How long a task waits to gain one level of [`Priority`].
///
/// Urgency grows linearly, so of two tasks the same one is ahead for as long as both wait, and the order needs no
/// sweep: a task ranks as if it had been submitted `level × step` earlier than it was. A task is therefore overtaken only by
/// tasks that are `n` levels more urgent and were submitted at most `n × step` after it.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use workyard_core::{Ageing, Priority};
///
/// let ageing = Ageing::new(Duration::from_secs(1));
/// let waited = ageing.rank(Priority::NORMAL, Duration::from_secs(10));
/// let urgent = ageing.rank(Priority::HIGH, Duration::from_millis(10_999));
/// let too_late = ageing.rank(Priority::HIGH, Duration::from_millis(11_001));
/// assert!(urgent < waited && waited < too_late, "the smaller rank goes first");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ageing {
    step: Duration,
}

impl Ageing {
    /// A task gains one level for each `step` that it waits. [`Duration::MAX`] means that waiting never helps.
    pub const fn new(step: Duration) -> Self {
        Self { step }
    }

    /// The place of a task submitted at `submitted_at` in the order: the smaller goes first. Equal ranks go by level, then by order of
    /// submission.
    pub fn rank(self, priority: Priority, submitted_at: Duration) -> Duration {
        let levels_below_top = Priority::HIGHEST.0 - priority.0;
        submitted_at.saturating_add(self.step.saturating_mul(u32::from(levels_below_top)))
    }
}

impl Default for Ageing {
    /// One level a second.
    fn default() -> Self {
        Self::new(Duration::from_secs(1))
    }
}
