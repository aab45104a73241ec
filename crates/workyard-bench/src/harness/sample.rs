//! Owns one sample: its numbers by name, how they travel from the process that took them, and how that one is started.
//! Never repeats a sample: one that fails ends the bench.

use std::env;
use std::process::{Command, Stdio};

use workyard::BoxError;

/// The numbers of one sample.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Sample(Vec<(String, f64)>);

impl Sample {
    /// CPU time of the process per wall time, while it was measured.
    pub(crate) const CPUS: &str = "cpus";
    /// CPU time of all other processes per wall time, and of other machines.
    pub(crate) const OTHERS: &str = "others";
    /// The part of that which a hypervisor gave to other machines.
    pub(crate) const STOLEN: &str = "stolen";

    /// Adds a number. The name has neither spaces nor `=`.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: f64) -> Self {
        self.0.push((name.to_owned(), value));
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(own, _)| own == name).map(|&(_, value)| value)
    }

    /// One line, which [`decoded`](Self::decoded) reads without loss.
    pub(crate) fn encoded(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value:?}")).collect::<Vec<_>>().join(" ")
    }

    fn decoded(line: &str) -> Option<Self> {
        let number = |word: &str| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        line.split_whitespace().map(number).collect::<Option<_>>().map(Self)
    }

    /// Takes a sample in a process of its own, which is this program with other arguments.
    ///
    /// # Errors
    /// When the process says that its result is wrong, or ends in any other way than with a sample.
    pub(super) fn take(words: &[String]) -> Result<Self, BoxError> {
        let finished = Command::new(env::current_exe()?).arg("sample").args(words).stdin(Stdio::null()).output()?;
        let (stdout, stderr) = (String::from_utf8_lossy(&finished.stdout), String::from_utf8_lossy(&finished.stderr));
        if !finished.status.success() {
            return Err(format!("sample {}: {}: {}", words.join(" "), finished.status, stderr.trim()).into());
        }
        Self::decoded(&stdout).ok_or_else(|| format!("sample {}: not a sample: {stdout:?}", words.join(" ")).into())
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn a_sample_survives_its_journey() {
        let sample = Sample::default().with("late", 0.1 + 0.2).with("count", 3e9).with("max", f64::INFINITY);
        assert_eq!(Sample::decoded(&sample.encoded()), Some(sample.clone()));
        assert_eq!(sample.get("count"), Some(3e9));
        assert_eq!(sample.get("counts"), None);
    }

    #[test]
    fn other_text_is_not_a_sample() {
        assert_eq!(Sample::decoded("late=0.1 hello"), None);
        assert_eq!(Sample::decoded("late=soon"), None);
    }
}
