//! Owns the way into a lane of several tasks at once. Never waits: who finds no room is left where it was.

use std::collections::VecDeque;
use std::sync::Arc;

use workyard_core::{Moment, Refusal, mutant};

use crate::lane::LaneShared;
use crate::lane::effects::Effects;
use crate::task::cell::Task;

impl LaneShared {
    /// Lets in those that there is room for which is promised to nobody, from the first on, under one lock, and takes them out of the
    /// list. All of it is as if each had been offered by itself. Says why the first of the rest was not let in.
    ///
    /// For tasks that are no runners. A refusal is not counted.
    pub(crate) fn offer_all(self: &Arc<Self>, tasks: &mut VecDeque<Arc<dyn Task>>, now: Moment) -> Option<Refusal> {
        // The first look at each header, which may be far away in memory if it stood in line, is taken here and not under the lock.
        let is_watched = |task: &&Arc<dyn Task>| task.header().watched().is_some();
        let mut watched: Vec<Arc<dyn Task>> = tasks.iter().filter(is_watched).map(Arc::clone).collect();
        let mut effects = Effects::default();
        let (refusal, crowded) = {
            let mut state = self.state.lock();
            let refusal = loop {
                let Some(task) = tasks.pop_front() else { break None };
                match state.policy.offer(now, task.header().priority) {
                    Ok(slot) => {
                        task.header().accepted_into(slot);
                        state.policy.keep(slot, task);
                        state.hand_out(&self.executor, now, &mut effects);
                    }
                    Err(refusal) => {
                        if !mutant!("timer-without-room") {
                            tasks.push_front(task);
                        }
                        break Some(refusal);
                    }
                }
            };
            (refusal, state.policy.has_line())
        };
        self.yard.watchdog.something_runs();
        watched.retain(|task| task.header().status().is_some());
        for task in watched {
            self.yard.timers.set(&task, &self.yard.runtime);
            self.yard.timers.watch_token(&task, &self.yard.runtime);
        }
        effects.act(self);
        if crowded {
            self.yard.waits.crowded(self);
        }
        refusal
    }
}
