//! Owns which mutex the library locks: `parking_lot`'s, and in a model loom's, which tries every order of steps.

#[cfg(not(workyard_loom))]
pub(crate) use parking_lot::{Mutex, MutexGuard};

#[cfg(workyard_loom)]
pub(crate) use modelled::{Mutex, MutexGuard};

#[cfg(workyard_loom)]
mod modelled {
    pub(crate) use loom::sync::MutexGuard;

    /// Loom's mutex with the face of `parking_lot`'s.
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("a model ends with the first panic")
        }

        /// Waits, since loom takes a `try_lock` in each of two threads for a deadlock. To whom it then gives the lock, and when, are
        /// the same orders.
        #[expect(clippy::unnecessary_wraps, reason = "parking_lot's does not wait")]
        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            Some(self.lock())
        }
    }
}
