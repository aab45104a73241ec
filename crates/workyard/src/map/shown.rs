//! Owns the progress of a map, if somebody wants to see it. Without the feature `progress` there is nothing to it.

use crate::map::spec::Numbered;
#[cfg(feature = "progress")]
use crate::progress::Progress;

/// The progress of a map; mostly none. Clones are one progress.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    #[cfg(feature = "progress")]
    progress: Option<Progress>,
}

#[cfg(feature = "progress")]
impl Shown {
    pub(super) const fn new(progress: Progress) -> Self {
        Self { progress: Some(progress) }
    }

    /// Counts and shows results; it may write to stderr. What was cancelled or refused is neither done nor failed.
    pub(super) fn add<I, T>(&self, results: &[Numbered<I, T>]) {
        let Some(progress) = &self.progress else { return };
        let (mut done, mut failed) = (0, 0);
        for (_, result) in results {
            match result {
                Ok(_) => done += 1,
                Err(error) => failed += u64::from(error.is_failure()),
            }
        }
        if done + failed > 0 {
            progress.add(done, failed);
        }
    }

    pub(super) fn set_total(&self, total: Option<u64>) {
        if let Some(progress) = &self.progress {
            progress.set_total(total);
        }
    }

    /// The map is over. It is done if all inputs were pulled, since their number is then the total, and all of them ended well or
    /// failed; otherwise it stopped where it is.
    pub(super) fn end(&self) {
        if let Some(progress) = &self.progress {
            progress.end();
        }
    }
}

#[cfg(not(feature = "progress"))]
#[expect(clippy::unused_self, reason = "as with the feature")]
impl Shown {
    pub(super) const fn add<I, T>(&self, _: &[Numbered<I, T>]) {}

    pub(super) const fn set_total(&self, _: Option<u64>) {}

    pub(super) const fn end(&self) {}
}
