//! Owns how much CPU time was used between two moments: by this process, and by all others on the machine. Never says what
//! for.

use std::fs;
use std::time::{Duration, Instant};

use super::sample::Sample;

/// A moment to measure from.
pub(crate) struct Meter {
    since: Instant,
    own: Option<Duration>,
    all: Option<Duration>,
}

/// What was used since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) wall: Duration,
    own: Option<Duration>,
    all: Option<Duration>,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { since: Instant::now(), own: own_time(), all: time_of_all() }
    }

    pub(crate) fn read(&self) -> Used {
        let since = |now: Option<Duration>, then: Option<Duration>| Some(now?.saturating_sub(then?));
        Used { wall: self.since.elapsed(), own: since(own_time(), self.own), all: since(time_of_all(), self.all) }
    }
}

impl Used {
    /// How many times a second something happened which happened so many times.
    pub(crate) fn rate(&self, count: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2^53")]
        let count = count as f64;
        count / self.wall.as_secs_f64()
    }

    /// CPU time of this process, where the system tells it.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        self.own
    }

    /// CPU time of all other processes per wall time; what a hypervisor took for other machines counts as well.
    pub(crate) fn others(&self) -> Option<f64> {
        Some(self.per_wall(self.all?.saturating_sub(self.own?)))
    }

    /// Adds [`Sample::CPUS`] and [`Sample::OTHERS`], where the system tells them.
    pub(crate) fn add_to(&self, sample: Sample) -> Sample {
        let known = [(Sample::CPUS, self.own.map(|own| self.per_wall(own))), (Sample::OTHERS, self.others())];
        let known = known.into_iter().filter_map(|(name, value)| Some((name, value?)));
        known.fold(sample, |sample, (name, value)| sample.with(name, value))
    }

    fn per_wall(&self, time: Duration) -> f64 {
        time.as_secs_f64() / self.wall.as_secs_f64()
    }
}

/// The CPU time of all threads of this process so far.
#[cfg(unix)]
fn own_time() -> Option<Duration> {
    rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).try_into().ok()
}

#[cfg(not(unix))]
fn own_time() -> Option<Duration> {
    None
}

/// The CPU time of all processes so far, in steps of 10 ms.
fn time_of_all() -> Option<Duration> {
    busy(&fs::read_to_string("/proc/stat").ok()?)
}

/// The first line of Linux's `/proc/stat`: user, nice, system, idle, iowait, irq, softirq and steal time, in hundredths of a
/// second on every architecture that Rust has.
fn busy(stat: &str) -> Option<Duration> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let times: Vec<u64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let idle = times.get(3)? + times.get(4)?;
    let all: u64 = times.iter().take(8).sum();
    Some(Duration::from_millis((all - idle) * 10))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Meter, Used, busy};

    #[test]
    fn waiting_is_not_busy() {
        let stat = "cpu  100 20 30 4000 500 6 7 8 90 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(busy(stat), Some(Duration::from_millis(1_710)));
        assert_eq!(busy("cpu0 1 2 3"), None);
    }

    #[test]
    fn what_is_not_ours_is_that_of_others() {
        let used = |own, all| Used {
            wall: Duration::from_secs(2),
            own: Some(Duration::from_secs(own)),
            all: Some(Duration::from_secs(all)),
        };
        assert_eq!(used(1, 4).others(), Some(1.5));
        // The system counts coarsely.
        assert_eq!(used(1, 0).others(), Some(0.0));
        assert_eq!(Used { own: None, ..used(0, 4) }.others(), None);
    }

    #[cfg(unix)]
    #[test]
    fn work_uses_cpu_time() {
        let meter = Meter::start();
        crate::work::spin(1_000_000);
        assert!(meter.read().own > Some(Duration::from_micros(100)));
    }
}
