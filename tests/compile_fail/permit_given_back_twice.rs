//! A permit that is given back more often than it was taken, after which a semaphore lets more in than it should.

use workyard::sync::OwnedSemaphorePermit;

pub fn mistake(permit: OwnedSemaphorePermit) {
    drop(permit);
    #[cfg(not(fixed))]
    drop(permit); //~ E0382
}
