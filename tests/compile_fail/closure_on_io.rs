//! The io lane takes futures: a closure would hold up its worker.

use workyard::Scheduler;

pub async fn mistake(yard: &Scheduler) {
    #[cfg(fixed)]
    let work = async { 6 * 7 };
    #[cfg(not(fixed))]
    let work = || 6 * 7;
    let _ran = yard.io().run(work).await; //~ E0277
}
