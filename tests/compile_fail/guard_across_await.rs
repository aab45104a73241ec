//! A guard of a lock that blocks is not held across an `.await`: whoever else wants the lock would block the threads that the holder
//! needs to go on.

use std::sync::Arc;

use workyard::Scheduler;

#[cfg(fixed)]
use workyard::sync::Mutex;

#[cfg(not(fixed))]
use workyard::sync::blocking::Mutex;

pub async fn mistake(yard: &Scheduler, count: Arc<Mutex<u32>>) {
    let work = async move {
        #[cfg(fixed)]
        let mut count = count.lock().await;
        #[cfg(not(fixed))]
        let mut count = count.lock();
        std::future::ready(()).await;
        *count += 1;
    };
    let _ran = yard.io().run(work).await; //~ future
}
