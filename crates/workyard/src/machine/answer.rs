//! Owns what this process may know of the machine it runs on. Never reads the environment, and keeps nothing between
//! calls.

use std::fmt;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// Looks at the machine, and at what of it the system lets this process use.
///
/// This reads a few small files on Linux (well below a millisecond on most machines); whoever asks often keeps the
/// answer. The answer is of this moment: affinity and quota may change while a program runs.
///
/// # Examples
/// ```
/// let machine = workyard::machine();
/// println!("{machine}"); // 2 usable CPUs (4 logical, 2 physical, affinity 4, quota 2.0)
/// assert!(machine.usable().get() >= 1);
/// ```
pub fn machine() -> Machine {
    let fallback = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    Machine::conclude(&Seen::now(), fallback)
}

/// What [`machine()`] saw: how many CPUs there are, and how many of them this process may use.
///
/// The numbers answer different questions. [`logical`](Self::logical) and [`physical`](Self::physical) describe the
/// hardware, [`affinity`](Self::affinity) and [`quota`](Self::quota) what this process is held to, and
/// [`usable`](Self::usable) is what to size a pool of computing threads by.
///
/// Linux answers all of them. Other systems know the hardware and how many CPUs are usable, not affinity and quota.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Machine {
    logical: NonZeroUsize,
    physical: Option<NonZeroUsize>,
    affinity: Option<NonZeroUsize>,
    quota: Option<f64>,
    usable: NonZeroUsize,
}

impl Machine {
    fn conclude(seen: &Seen, fallback: NonZeroUsize) -> Self {
        // A container may be shown fewer CPUs than it is allowed to use, and the cores of CPUs that it is not shown.
        let logical = seen.logical.max(seen.affinity).unwrap_or(fallback);
        let physical = seen.physical.map(|cores| cores.min(logical));
        let usable = usable(seen.affinity.unwrap_or(fallback), seen.quota);
        Self { logical, physical, affinity: seen.affinity, quota: seen.quota, usable }
    }

    /// The machine's logical CPUs that are online: what the system schedules on, hyper-threads counted one by one.
    pub fn logical(&self) -> usize {
        self.logical.get()
    }

    /// The machine's physical cores, or `None` where the system does not say.
    pub fn physical(&self) -> Option<usize> {
        self.physical.map(NonZeroUsize::get)
    }

    /// The CPUs that the calling thread, and so each thread that it starts, is allowed to run on; `None` where this is
    /// unknown, as it is outside Linux.
    pub fn affinity(&self) -> Option<usize> {
        self.affinity.map(NonZeroUsize::get)
    }

    /// How much CPU time this process's cgroup may use, in CPUs: `1.5` is one and a half CPUs' worth. `None` when no
    /// limit is in sight.
    ///
    /// It is the tightest limit from the process's own cgroup up to the top of what is mounted, for cgroup v1 and v2. A
    /// container with a cgroup namespace of its own does not see the limits above its root, and neither does this.
    pub fn quota(&self) -> Option<f64> {
        self.quota
    }

    /// How many computing threads this process can keep busy: the smaller of affinity and quota, at least 1.
    ///
    /// A quota is rounded down, as [`std::thread::available_parallelism`] does: the second thread on 1.5 CPUs would
    /// have both stopped for a quarter of each period.
    pub fn usable(&self) -> NonZeroUsize {
        self.usable
    }
}

/// One line that a person understands, such as `2 usable CPUs (4 logical, 2 physical, affinity 4, quota 2.0)`.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpus = if self.usable == NonZeroUsize::MIN { "CPU" } else { "CPUs" };
        write!(f, "{} usable {cpus} ({} logical, ", self.usable, self.logical)?;
        match self.physical {
            Some(cores) => write!(f, "{cores} physical, ")?,
            None => f.write_str("physical unknown, ")?,
        }
        match self.affinity {
            Some(cpus) => write!(f, "affinity {cpus}, ")?,
            None => f.write_str("affinity unknown, ")?,
        }
        match self.quota {
            // At least one decimal, and all of those that it has: a quota of 0.25 is not one of 0.2.
            Some(quota) => write!(f, "quota {quota:?})"),
            None => f.write_str("no quota)"),
        }
    }
}

/// What the system told, before any conclusion.
pub(super) struct Seen {
    pub(super) logical: Option<NonZeroUsize>,
    pub(super) physical: Option<NonZeroUsize>,
    pub(super) affinity: Option<NonZeroUsize>,
    pub(super) quota: Option<f64>,
}

#[cfg(not(target_os = "linux"))]
impl Seen {
    fn now() -> Self {
        Self {
            logical: NonZeroUsize::new(num_cpus::get()),
            physical: NonZeroUsize::new(num_cpus::get_physical()),
            affinity: None,
            quota: None,
        }
    }
}

fn usable(allowed: NonZeroUsize, quota: Option<f64>) -> NonZeroUsize {
    let Some(quota) = quota else { return allowed };
    // `as` saturates, and takes NaN for 0: no quota is too odd for it.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounding down is the rule, and it saturates"
    )]
    let whole = quota as usize;
    NonZeroUsize::new(whole).unwrap_or(NonZeroUsize::MIN).min(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).unwrap()
    }

    #[test]
    fn a_quota_is_rounded_down_but_never_to_zero() {
        let usable_of_8 = |quota| usable(count(8), quota).get();
        assert_eq!(usable_of_8(None), 8);
        assert_eq!(usable_of_8(Some(0.2)), 1);
        assert_eq!(usable_of_8(Some(1.99)), 1);
        assert_eq!(usable_of_8(Some(2.0)), 2);
        assert_eq!(usable_of_8(Some(3.5)), 3);
    }

    #[test]
    fn affinity_wins_where_it_is_tighter_and_odd_quotas_do_no_harm() {
        assert_eq!(usable(count(2), Some(7.5)).get(), 2);
        assert_eq!(usable(count(2), Some(f64::INFINITY)).get(), 2);
        assert_eq!(usable(count(2), Some(f64::NAN)).get(), 1);
        assert_eq!(usable(count(2), Some(-1.0)).get(), 1);
    }

    #[test]
    fn what_is_seen_need_not_add_up() {
        let seen = |logical, physical, affinity| {
            let count = |n: Option<usize>| n.map(count);
            let seen =
                Seen { logical: count(logical), physical: count(physical), affinity: count(affinity), quota: None };
            let machine = Machine::conclude(&seen, NonZeroUsize::new(3).unwrap());
            (machine.logical(), machine.physical(), machine.affinity(), machine.usable().get())
        };
        assert_eq!(seen(Some(8), Some(4), Some(6)), (8, Some(4), Some(6), 6));
        assert_eq!(seen(Some(2), Some(16), Some(8)), (8, Some(8), Some(8), 8), "shown less than it may use");
        assert_eq!(seen(Some(8), Some(4), None), (8, Some(4), None, 3), "an affinity that only std knows");
        assert_eq!(seen(None, None, None), (3, None, None, 3));
    }

    #[test]
    fn one_line_says_it_all() {
        let full = Machine {
            logical: count(4),
            physical: Some(count(2)),
            affinity: Some(count(4)),
            quota: Some(2.0),
            usable: count(2),
        };
        assert_eq!(full.to_string(), "2 usable CPUs (4 logical, 2 physical, affinity 4, quota 2.0)");
        let quarter = Machine { quota: Some(0.25), usable: count(1), ..full };
        assert_eq!(quarter.to_string(), "1 usable CPU (4 logical, 2 physical, affinity 4, quota 0.25)");
        let little = Machine { physical: None, affinity: None, quota: None, usable: count(4), ..full };
        assert_eq!(little.to_string(), "4 usable CPUs (4 logical, physical unknown, affinity unknown, no quota)");
    }
}
