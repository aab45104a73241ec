//! Owns how the threads of a cpu lane are scheduled: what that is called, how such a lane is described, and whether a thread
//! really is scheduled so. Never builds a lane.

use std::fmt;
use std::str::FromStr;

use workyard::{BoxError, CpuLaneConfig, Lane};

use super::service::cpus;

/// How the threads of a cpu lane are scheduled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Policy {
    /// As those of the runtime.
    Usual,
    /// While nothing else wants the CPUs.
    Background,
}

impl Policy {
    pub(super) const ALL: [Self; 2] = [Self::Usual, Self::Background];

    /// A lane of one thread for each usable CPU.
    pub(super) fn lane(self) -> CpuLaneConfig {
        let lane = Lane::cpu().threads(cpus());
        match self {
            Self::Usual => lane,
            Self::Background => lane.background(),
        }
    }

    /// Refuses a sample that would not measure what its name says: what a process is started with, its threads keep.
    ///
    /// # Errors
    /// When the calling thread is scheduled in another way, where that can be known.
    pub(super) fn expect(self) -> Result<(), BoxError> {
        let Some((policy, nice)) = of_this_thread() else { return Ok(()) };
        let is_expected = match self {
            Self::Usual => policy == SCHED_OTHER && nice == 0,
            Self::Background => policy == SCHED_IDLE,
        };
        if is_expected {
            return Ok(());
        }
        Err(format!("a thread that should be {self} has policy {policy}, nice {nice}: start the bench as usual").into())
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usual => "lane",
            Self::Background => "background",
        })
    }
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|policy| policy.to_string() == word)
            .ok_or_else(|| format!("there is no lane {word:?}"))
    }
}

/// The policy and the nice value of the calling thread. `None` where the system does not tell.
fn of_this_thread() -> Option<(u32, i32)> {
    policy_and_nice(&std::fs::read_to_string("/proc/thread-self/stat").ok()?)
}

/// Fields 41 and 19 of Linux's `/proc/thread-self/stat`. The second is a name in parentheses and may have any characters.
fn policy_and_nice(stat: &str) -> Option<(u32, i32)> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split_whitespace().collect();
    Some((fields.get(41 - 3)?.parse().ok()?, fields.get(19 - 3)?.parse().ok()?))
}

/// Numbers of Linux's.
const SCHED_OTHER: u32 = 0;
const SCHED_IDLE: u32 = 5;

#[cfg(test)]
mod tests {
    use super::{Policy, policy_and_nice};

    #[test]
    fn a_policy_is_told_by_its_name() {
        for policy in Policy::ALL {
            assert_eq!(policy.to_string().parse(), Ok(policy));
        }
        assert_eq!("low".parse::<Policy>(), Err("there is no lane \"low\"".to_owned()));
    }

    #[test]
    fn the_fields_are_counted_after_the_name() {
        let stat = "7 (a) b c) R 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 -19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 \
                    38 39 40 41 42";
        assert_eq!(policy_and_nice(stat), Some((41, -19)));
        assert_eq!(policy_and_nice("7 (a) R 4"), None);
    }
}
