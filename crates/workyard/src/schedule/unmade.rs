//! Owns a task that is not made before its time has come: what it will be made of. Never knows when.
//!
//! That is a fraction of a task, and stands in the list of the timers itself if it is small enough: very many timers are then neither
//! allocated one by one, nor fetched from all over the memory when they fire.

use std::panic::Location;
use std::sync::Arc;

use smallbox::{SmallBox, smallbox};

use crate::lane::LaneShared;
use crate::task::cell::Task;
use crate::task::header::Options;
use crate::task::{Name, drop_caught};

/// A timer's name, and where it was set.
pub(super) type About<'a> = (Option<&'a Name>, &'static Location<'static>);

/// A task that is to be made.
pub(super) struct Unmade(SmallBox<dyn Recipe, Space>);

/// Three words of options, and three of the user's.
type Space = [usize; 6];

/// In bytes, work of which the task is made when the timer is set.
const LARGE: usize = 1_024;

/// Nothing in here is polled.
impl Unpin for Unmade {}

impl Unmade {
    /// What `make` makes of these options, later.
    pub(super) fn new<M>(lane: &Arc<LaneShared>, options: Options, make: M) -> Self
    where
        M: FnOnce(&Arc<LaneShared>, Options) -> Arc<dyn Task> + Send + 'static,
    {
        // Large work is moved as seldom as can be, and by who sets the timer, whose stack has had room for it.
        if size_of::<M>() > LARGE {
            Self(smallbox!(Some(make(lane, options))))
        } else {
            Self(smallbox!(Some(Ingredients { options, make })))
        }
    }

    #[expect(clippy::expect_used, reason = "what is made is gone, since this takes it")]
    pub(super) fn make(mut self, lane: &Arc<LaneShared>) -> Arc<dyn Task> {
        self.0.make(lane).expect("a task is made once")
    }

    /// Drops it; a panic of the user's `Drop` is reported.
    pub(super) fn discard(mut self, lane: &Arc<LaneShared>) {
        self.0.discard(lane);
    }

    pub(super) fn about(&self) -> Option<About<'_>> {
        self.0.about()
    }
}

trait Recipe: Send {
    fn about(&self) -> Option<About<'_>>;
    fn make(&mut self, lane: &Arc<LaneShared>) -> Option<Arc<dyn Task>>;
    fn discard(&mut self, lane: &Arc<LaneShared>);
}

struct Ingredients<M> {
    options: Options,
    make: M,
}

impl<M> Recipe for Option<Ingredients<M>>
where
    M: FnOnce(&Arc<LaneShared>, Options) -> Arc<dyn Task> + Send,
{
    fn about(&self) -> Option<About<'_>> {
        self.as_ref().map(|Ingredients { options, .. }| (options.name(), options.site))
    }

    fn make(&mut self, lane: &Arc<LaneShared>) -> Option<Arc<dyn Task>> {
        self.take().map(|Ingredients { options, make }| make(lane, options))
    }

    fn discard(&mut self, lane: &Arc<LaneShared>) {
        let Some(Ingredients { options, make }) = self.take() else { return };
        if let Err(payload) = drop_caught(make) {
            lane.unobserved.note_timer_drop_panic(lane, options.name(), options.site, &payload);
        }
    }
}

/// It was made already.
impl Recipe for Option<Arc<dyn Task>> {
    fn about(&self) -> Option<About<'_>> {
        self.as_ref().map(|task| (task.header().name(), task.header().site))
    }

    fn make(&mut self, _: &Arc<LaneShared>) -> Option<Arc<dyn Task>> {
        self.take()
    }

    fn discard(&mut self, _: &Arc<LaneShared>) {
        if let Some(task) = self.take() {
            task.discard();
        }
    }
}
