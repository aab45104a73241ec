//! Owns the order in which samples are taken. Whatever else the machine does meanwhile falls on all variants alike, since
//! they take turns, and a ratio compares samples of the same round. Never knows what is measured.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use workyard::BoxError;

use super::meter::Meter;
use super::sample::Sample;
use super::statistics::quantile;

/// How much time a bench may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// Short samples: to see that a bench works, not to quote.
    pub(crate) quick: bool,
    /// For how long in all disturbed samples are taken again.
    pub(crate) patience: Duration,
}

/// One way to do what is measured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Variant {
    /// What the process that takes a sample is told.
    words: Vec<String>,
}

impl Variant {
    pub(crate) fn new(words: impl IntoIterator<Item = String>) -> Self {
        Self { words: words.into_iter().collect() }
    }
}

/// The samples of all variants: as many of each as there were rounds.
pub(crate) struct Rounds {
    variants: Vec<(Variant, Vec<Sample>)>,
    /// How many samples were given up because they were disturbed.
    retaken: usize,
}

impl Rounds {
    /// Takes one sample of each variant in every round, and tells `log` which round it is.
    ///
    /// # Errors
    /// When a sample fails; see [`Sample::take`].
    pub(crate) fn measure(variants: Vec<Variant>, effort: Effort, log: &mut impl Write) -> Result<Self, BoxError> {
        let rounds = effort.rounds;
        let mut variants: Vec<_> = variants.into_iter().map(|variant| (variant, Vec::with_capacity(rounds))).collect();
        let mut patience = Patience { left: effort.patience, retaken: 0 };
        for round in 0..rounds {
            // Progress that nobody reads is no reason to stop.
            writeln!(log, "round {} of {rounds}", round + 1).ok();
            for index in order(variants.len(), round) {
                let (variant, samples) = &mut variants[index];
                samples.push(patience.take(variant)?);
            }
        }
        Ok(Self { variants, retaken: patience.retaken })
    }

    /// How the samples were taken, in a sentence or two.
    pub(crate) fn conditions(&self) -> String {
        let rounds = self.variants.first().map_or(0, |(_, samples)| samples.len());
        let all = self.variants.iter().flat_map(|(_, samples)| samples);
        let how = format!("{rounds} rounds; each sample is a process of its own, and the variants take turns.");
        let numbers = |name| all.clone().filter_map(|sample| sample.get(name)).collect::<Vec<f64>>();
        let (others, stolen) = (numbers(Sample::OTHERS), numbers(Sample::STOLEN));
        if others.is_empty() || stolen.is_empty() {
            return how;
        }
        let half_and_most = |cpus: &[f64]| format!("{:.3} and {:.3}", quantile(cpus, 0.5), quantile(cpus, 1.0));
        format!(
            "{how} Meanwhile others used {} CPUs in the median sample and in the worst, of which a hypervisor took {}; {} \
             samples were disturbed and taken again.",
            half_and_most(&others),
            half_and_most(&stolen),
            self.retaken,
        )
    }

    /// A number of the variant's samples, round by round.
    ///
    /// # Errors
    /// When the variant was not measured, or its samples have no such number.
    pub(crate) fn values(&self, variant: &Variant, number: &str) -> Result<Vec<f64>, BoxError> {
        let samples = self.variants.iter().find(|(own, _)| own == variant).map(|(_, samples)| samples);
        let samples = samples.ok_or_else(|| format!("{variant:?} was not measured"))?;
        let values = samples.iter().map(|sample| sample.get(number)).collect::<Option<Vec<_>>>();
        values.ok_or_else(|| format!("{variant:?} has no number {number:?}").into())
    }

    /// The variant's number in parts of another variant's, round by round.
    ///
    /// # Errors
    /// As [`values`](Self::values), for either variant.
    pub(crate) fn ratios(&self, variant: &Variant, to: &Variant, number: &str) -> Result<Vec<f64>, BoxError> {
        let (values, units) = (self.values(variant, number)?, self.values(to, number)?);
        Ok(values.iter().zip(units).map(|(value, unit)| value / unit).collect())
    }
}

/// What is left of the time for disturbed samples.
struct Patience {
    left: Duration,
    retaken: usize,
}

impl Patience {
    fn take(&mut self, variant: &Variant) -> Result<Sample, BoxError> {
        loop {
            let since = Instant::now();
            let sample = Sample::take(&variant.words)?;
            if self.left.is_zero() || !is_disturbed(sample.get(Sample::OTHERS), sample.get(Sample::STOLEN)) {
                return Ok(sample);
            }
            self.retaken += 1;
            self.left = self.left.saturating_sub(since.elapsed());
            self.wait_for_quiet();
        }
    }

    fn wait_for_quiet(&mut self) {
        let mut is_quiet = false;
        while !is_quiet && !self.left.is_zero() {
            let meter = Meter::start();
            thread::sleep(LOOK);
            let used = meter.read();
            is_quiet = !is_disturbed(used.others(), used.stolen());
            self.left = self.left.saturating_sub(LOOK);
        }
    }
}

/// Whether this much CPU time of others, and of a hypervisor among them, changes what is measured.
fn is_disturbed(others: Option<f64>, stolen: Option<f64>) -> bool {
    others.is_some_and(|cpus| cpus > DISTURBING) || stolen.is_some_and(|cpus| cpus > STEALING)
}

/// In CPUs: a system at rest stays below it, and of a sample of 3 s it is 60 ms.
const DISTURBING: f64 = 0.02;

/// In CPUs. What a hypervisor takes, it takes for milliseconds on end, whatever the priority of the thread that it stops:
/// of a sample of 3 s, one step of 10 ms, the least that is told, is let pass.
const STEALING: f64 = 0.005;

/// How long others have to be quiet before a sample is taken again.
const LOOK: Duration = Duration::from_secs(1);

/// Each round begins one variant later and goes the other way round, so that none has always the same one before it.
fn order(count: usize, round: usize) -> impl Iterator<Item = usize> {
    let is_backwards = round % 2 == 1;
    (0..count).map(move |step| if is_backwards { count - 1 - step } else { step }).map(move |at| (at + round) % count)
}

#[cfg(test)]
mod tests {
    use super::{Rounds, Sample, Variant, is_disturbed, order};

    #[test]
    fn each_round_has_each_variant_once_in_another_order() {
        let rounds: Vec<Vec<usize>> = (0..4).map(|round| order(3, round).collect()).collect();
        assert_eq!(rounds, [[0, 1, 2], [0, 2, 1], [2, 0, 1], [2, 1, 0]]);
    }

    #[test]
    fn a_hypervisor_disturbs_sooner_than_a_program() {
        assert!(!is_disturbed(Some(0.02), Some(0.005)) && !is_disturbed(None, None));
        assert!(is_disturbed(Some(0.021), Some(0.0)) && is_disturbed(Some(0.006), Some(0.006)));
    }

    #[test]
    fn ratios_pair_the_samples_of_a_round() {
        let variant = |name: &str| Variant::new([name.to_owned()]);
        let samples = |values: [f64; 2]| values.map(|value| Sample::default().with("late", value)).to_vec();
        let rounds = Rounds {
            variants: vec![(variant("a"), samples([2.0, 3.0])), (variant("b"), samples([4.0, 12.0]))],
            retaken: 0,
        };
        assert_eq!(rounds.ratios(&variant("b"), &variant("a"), "late").unwrap(), [2.0, 4.0]);
        assert!(rounds.values(&variant("a"), "early").is_err() && rounds.values(&variant("c"), "late").is_err());
    }
}
