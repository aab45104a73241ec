//! Owns what a user holds of a progress. Never decides what is shown, or when.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use workyard_core::progress::Tally;

use super::counted::Counted;
use super::screen::Screen;

/// The progress of one piece of work, counted in items and shown on stderr. (Feature `progress`.)
///
/// It is shown as the environment says: see the [module](crate::progress) for the forms, the words and what it costs.
/// Several may go on at once, one inside of another or on many threads.
///
/// # Drop
/// Clones are one progress. When the last is dropped it ends, as [`finish`](Self::finish) would end it; but if its total is
/// unknown or more than what has ended, the last line says that it stopped there.
///
/// # Examples
/// ```
/// use workyard::Progress;
///
/// let progress = Progress::new("checksums");
/// progress.set_total(Some(300));
/// std::thread::scope(|scope| {
///     for _ in 0..3 {
///         let progress = progress.clone();
///         scope.spawn(move || (0..100).for_each(|_| progress.add(1, 0)));
///     }
/// });
/// assert_eq!(progress.done(), 300);
/// drop(progress); // checksums: done, 300 of 300, 0 failed, in 10ms, 30_000/s
/// ```
#[derive(Clone)]
#[must_use = "dropping it ends it"]
pub struct Progress {
    work: Arc<Counted>,
    /// Shared by the clones, and by nobody else: it ends with the last of them.
    owner: Arc<Owner>,
}

impl Progress {
    /// Begins a progress. Its total is unknown; nothing is shown before a total is set or an item has ended.
    ///
    /// The name stands before its counts; control characters in it are replaced.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let screen = Screen::of_process();
        let work = Arc::new(Counted::new(name.into(), screen.now()));
        Self { owner: Arc::new(Owner { work: Arc::clone(&work), screen }), work }
    }

    /// Says how many items there will be. `None`, and [`u64::MAX`], is unknown.
    ///
    /// It may be said at any time, and again. While it is unknown there is no percentage and no ETA.
    pub fn set_total(&self, total: Option<u64>) {
        self.work.set_total(total);
        self.look_if_due();
    }

    /// Counts items that have ended: `done` well, `failed` otherwise.
    ///
    /// What is added after the end is counted, and not shown.
    ///
    /// # Blocking
    /// Every 100 ms, or at a tenth of the total, one of the threads that add writes to stderr, which may be slow. Those who
    /// add while it writes go on.
    pub fn add(&self, done: u64, failed: u64) {
        self.work.add(done, failed);
        self.look_if_due();
    }

    /// Ends it: the last line is written at once, and says *done*, however many items have ended. Only the first call does
    /// anything.
    pub fn finish(&self) {
        self.owner.end(true);
    }

    /// Ends it as dropping the last clone would.
    pub(crate) fn end(&self) {
        self.owner.end(false);
    }

    /// The items that ended well.
    pub fn done(&self) -> u64 {
        self.work.tally().done
    }

    /// The items that ended, and not well.
    pub fn failed(&self) -> u64 {
        self.work.tally().failed
    }

    /// How many items there will be, if that is known.
    pub fn total(&self) -> Option<u64> {
        self.work.tally().total
    }

    fn look_if_due(&self) {
        let screen = self.owner.screen;
        if screen.is_on() && self.work.may_be_due(|| screen.now()) {
            screen.look(&self.work);
        }
    }
}

/// A progress of this name.
impl From<&'static str> for Progress {
    fn from(name: &'static str) -> Self {
        Self::new(name)
    }
}

/// A progress of this name.
impl From<String> for Progress {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { done, failed, total } = self.work.tally();
        let mut out = f.debug_struct("Progress");
        out.field("name", &self.work.name).field("done", &done).field("failed", &failed).field("total", &total);
        out.finish_non_exhaustive()
    }
}

/// What ends a progress.
struct Owner {
    work: Arc<Counted>,
    screen: &'static Screen,
}

impl Owner {
    fn end(&self, is_finished: bool) {
        if self.work.end() {
            self.screen.end(&self.work, is_finished);
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.end(false);
    }
}
