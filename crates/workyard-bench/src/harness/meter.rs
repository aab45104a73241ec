//! Owns how much CPU time was used between two moments: by this process, by all others on the machine, and by other machines
//! of the same hypervisor. Never says what for.

use std::fs;
use std::time::{Duration, Instant};

use super::sample::Sample;

/// A moment to measure from.
pub(crate) struct Meter {
    since: Instant,
    own: Option<Duration>,
    all: Option<System>,
}

/// What was used since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) wall: Duration,
    own: Option<Duration>,
    all: Option<System>,
}

/// CPU time of the whole system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct System {
    /// Not idle; what was stolen is part of it.
    busy: Duration,
    /// That a hypervisor gave to other machines while this one wanted it.
    stolen: Duration,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { since: Instant::now(), own: own_time(), all: System::now() }
    }

    pub(crate) fn read(&self) -> Used {
        let own = own_time().zip(self.own).map(|(now, then)| now.saturating_sub(then));
        let all = System::now().zip(self.all).map(|(now, then)| now.since(then));
        Used { wall: self.since.elapsed(), own, all }
    }
}

impl Used {
    /// How many times a second something happened which happened so many times.
    pub(crate) fn rate(&self, count: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2^53")]
        let count = count as f64;
        count / self.wall.as_secs_f64()
    }

    /// What was used then and in another stretch of time.
    pub(crate) fn and(self, other: Self) -> Self {
        let own = self.own.zip(other.own).map(|(own, others)| own + others);
        let all = self
            .all
            .zip(other.all)
            .map(|(one, two)| System { busy: one.busy + two.busy, stolen: one.stolen + two.stolen });
        Self { wall: self.wall + other.wall, own, all }
    }

    /// The same, but for so much wall time at its beginning, in which nothing was done.
    pub(crate) fn after_waiting(self, waited: Duration) -> Self {
        Self { wall: self.wall.saturating_sub(waited), ..self }
    }

    /// CPU time of this process, where the system tells it.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        self.own
    }

    /// CPU time of all other processes per wall time; what a hypervisor took for other machines counts as well.
    pub(crate) fn others(&self) -> Option<f64> {
        Some(self.per_wall(self.all?.busy.saturating_sub(self.own?)))
    }

    /// CPU time per wall time that a hypervisor gave to other machines while this one wanted it.
    pub(crate) fn stolen(&self) -> Option<f64> {
        Some(self.per_wall(self.all?.stolen))
    }

    /// Adds [`Sample::CPUS`], [`Sample::OTHERS`] and [`Sample::STOLEN`], where the system tells them.
    pub(crate) fn add_to(&self, sample: Sample) -> Sample {
        let cpus = self.own.map(|own| self.per_wall(own));
        let known = [(Sample::CPUS, cpus), (Sample::OTHERS, self.others()), (Sample::STOLEN, self.stolen())];
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

impl System {
    /// So far, in steps of 10 ms.
    fn now() -> Option<Self> {
        Self::read(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line of Linux's `/proc/stat`: user, nice, system, idle, iowait, irq, softirq and steal time, in hundredths of a
    /// second on every architecture that Rust has.
    fn read(stat: &str) -> Option<Self> {
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let times: Vec<u64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        let idle = times.get(3)? + times.get(4)?;
        let all: u64 = times.iter().take(8).sum();
        let time = |hundredths: u64| Duration::from_millis(hundredths * 10);
        Some(Self { busy: time(all - idle), stolen: time(*times.get(7)?) })
    }

    fn since(self, then: Self) -> Self {
        Self { busy: self.busy.saturating_sub(then.busy), stolen: self.stolen.saturating_sub(then.stolen) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Meter, System, Used};

    #[test]
    fn waiting_is_not_busy() {
        let stat = "cpu  100 20 30 4000 500 6 7 8 90 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        let read = System { busy: Duration::from_millis(1_710), stolen: Duration::from_millis(80) };
        assert_eq!(System::read(stat), Some(read));
        assert_eq!(System::read("cpu0 1 2 3"), None);
    }

    #[test]
    fn what_is_not_ours_is_that_of_others() {
        let used = |own, all| Used {
            wall: Duration::from_secs(2),
            own: Some(Duration::from_secs(own)),
            all: Some(System { busy: Duration::from_secs(all), stolen: Duration::from_secs(1) }),
        };
        assert_eq!((used(1, 4).others(), used(1, 4).stolen()), (Some(1.5), Some(0.5)));
        let (both, later) = (used(1, 4).and(used(2, 3)), used(1, 4).after_waiting(Duration::from_secs(1)));
        assert_eq!(
            (both.wall, both.own, both.others()),
            (Duration::from_secs(4), Some(Duration::from_secs(3)), Some(1.0))
        );
        assert_eq!((later.wall, later.others()), (Duration::from_secs(1), Some(3.0)));
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
