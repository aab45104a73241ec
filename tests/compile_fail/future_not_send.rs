//! A future that stays on its thread cannot go to a worker.

use workyard::Scheduler;

#[cfg(fixed)]
use std::sync::Arc as Shared;

#[cfg(not(fixed))]
use std::rc::Rc as Shared;

pub async fn mistake(yard: &Scheduler) {
    let shared = Shared::new(6);
    let work = async move { *shared };
    let _ran = yard.io().run(work).await; //~ future
}
