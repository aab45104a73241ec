//! Owns a task that is not made before its time has come: what it will be made of, which takes a third of its room. Never knows when.

use std::panic::Location;
use std::sync::Arc;

use crate::lane::LaneShared;
use crate::task::cell::Task;
use crate::task::header::Options;
use crate::task::{Name, drop_caught};

/// A task that is to be made.
pub(super) trait Unmade: Send {
    fn make(self: Box<Self>, lane: &Arc<LaneShared>) -> Arc<dyn Task>;

    /// Drops it; a panic of the user's `Drop` is reported.
    fn discard(self: Box<Self>, lane: &Arc<LaneShared>);

    fn name(&self) -> Option<&Name>;

    fn site(&self) -> &'static Location<'static>;
}

/// How to make it, and what of.
struct Recipe<M> {
    options: Options,
    make: M,
}

/// What `make` makes of these options, later.
pub(super) fn unmade<M>(options: Options, make: M) -> Box<dyn Unmade>
where
    M: FnOnce(&Arc<LaneShared>, Options) -> Arc<dyn Task> + Send + 'static,
{
    Box::new(Recipe { options, make })
}

impl<M> Unmade for Recipe<M>
where
    M: FnOnce(&Arc<LaneShared>, Options) -> Arc<dyn Task> + Send,
{
    fn make(self: Box<Self>, lane: &Arc<LaneShared>) -> Arc<dyn Task> {
        let Self { options, make } = *self;
        make(lane, options)
    }

    fn discard(self: Box<Self>, lane: &Arc<LaneShared>) {
        let Self { options, make } = *self;
        if let Err(payload) = drop_caught(make) {
            lane.unobserved.note_timer_drop_panic(lane, options.name(), options.site, &payload);
        }
    }

    fn name(&self) -> Option<&Name> {
        self.options.name()
    }

    fn site(&self) -> &'static Location<'static> {
        self.options.site
    }
}
