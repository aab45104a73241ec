//! A module that nobody has imported, and a function that somebody was going to write: found when such a line is reached,
//! elsewhere.

use workyard::Scheduler;
#[cfg(fixed)]
use workyard::queue;

#[cfg(fixed)]
fn consume(_item: u8) {}

pub async fn mistake(yard: &Scheduler) {
    let (_tx, rx) = queue::bounded::<u8>(10); //~ E0433
    let _consumer = yard.io().submit(async move {
        while let Some(item) = rx.get().await {
            consume(item); //~ E0425
        }
    });
}
