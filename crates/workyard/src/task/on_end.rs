//! Owns who is told that a task has ended. Never holds a result: that stays in the task's cell.

use std::fmt;
use std::sync::{Arc, OnceLock};

use workyard_core::mutant;

/// What wants to know when tasks end: a group.
pub(crate) trait Watcher: Send + Sync {
    /// A task has ended, and its result is there to be taken. `failed`: it neither completed nor was cancelled.
    ///
    /// Called once, by the thread that ended the task, with no lock held.
    fn ended(&self, member: u32, failed: bool);
}

/// Whom a task tells of its end; mostly nobody. Set at most once, before the task is offered to its lane.
#[derive(Default)]
pub(crate) struct OnEnd(OnceLock<(Arc<dyn Watcher>, u32)>);

impl OnEnd {
    /// Names who is to be told, and by which number it knows the task.
    pub(crate) fn tell(&self, watcher: Arc<dyn Watcher>, member: u32) {
        let first = self.0.set((watcher, member));
        debug_assert!(first.is_ok(), "a task is a member of one group, once");
    }

    pub(super) fn told(&self, failed: bool) {
        if let Some((watcher, member)) = self.0.get() {
            watcher.ended(*member, failed);
            if mutant!("member-told-twice") {
                watcher.ended(*member, failed);
            }
        }
    }
}

impl fmt::Debug for OnEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnEnd").field(&self.0.get().map(|(_, member)| member)).finish()
    }
}
