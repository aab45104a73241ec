//! A task may outlive who submitted it, so it borrows nothing from there.

use workyard::Scheduler;

pub async fn mistake(yard: &Scheduler) {
    let data = vec![1, 2, 3];
    #[cfg(fixed)]
    let work = move || data.len();
    #[cfg(not(fixed))]
    let work = || data.len(); //~ E0373
    let _ran = yard.cpu().run(work).await;
}
