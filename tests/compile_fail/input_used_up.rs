//! What is tried again is called for each attempt, so it cannot use up what it was given: it makes it anew, or has a copy each time.

use workyard::{Retry, Scheduler};

async fn send(parcel: Box<str>) -> Result<usize, std::io::Error> {
    Ok(parcel.len())
}

pub async fn mistake(yard: &Scheduler, retry: Retry, parcel: Box<str>) {
    #[cfg(fixed)]
    let work = move || send(parcel.clone());
    #[cfg(not(fixed))]
    let work = move || send(parcel); //~ E0525
    let _sent = yard.io().task("send").retry(retry).run(work).await;
}
