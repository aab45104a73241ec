//! A handle that is dropped at once detaches its task: say so.
#![deny(unused_must_use)]

use workyard::Scheduler;

pub fn mistake(yard: &Scheduler) -> Option<()> {
    #[cfg(fixed)]
    drop(yard.cpu().try_submit(|| ()).ok()?);
    #[cfg(not(fixed))]
    yard.cpu().try_submit(|| ()).ok()?; //~ unused
    Some(())
}
