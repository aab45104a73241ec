//! Two threads that count in one variable: only one of them may change it, and then nobody else may look.

use std::thread;

#[cfg(fixed)]
use workyard::sync::blocking::Mutex;

pub fn mistake() -> u32 {
    #[cfg(fixed)]
    let count = Mutex::new(0);
    #[cfg(not(fixed))]
    let mut count = 0;

    thread::scope(|scope| {
        #[cfg(fixed)]
        scope.spawn(|| *count.lock() += 1);
        #[cfg(fixed)]
        scope.spawn(|| *count.lock() += 1);

        #[cfg(not(fixed))]
        scope.spawn(|| count += 1);
        #[cfg(not(fixed))]
        scope.spawn(|| count += 1); //~ E0499
    });

    #[cfg(fixed)]
    let count = count.into_inner();
    count
}
