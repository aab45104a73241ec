//! Owns what the library's waiting protocols are made of: a mutex, a condition, atomics, the place of a waker. In a model they are loom's, which
//! tries every order of steps, or shuttle's, which draws orders of whole yards.

#[cfg(not(any(workyard_loom, workyard_shuttle)))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};

#[cfg(not(workyard_loom))]
pub(crate) use futures_util::task::AtomicWaker;
#[cfg(not(any(workyard_loom, workyard_shuttle)))]
pub(crate) use parking_lot::MutexGuard;

#[cfg(not(any(workyard_loom, workyard_shuttle, workyard_mutants)))]
pub(crate) use parking_lot::Mutex;

#[cfg(all(workyard_mutants, not(any(workyard_loom, workyard_shuttle))))]
pub(crate) use counted::Mutex;

#[cfg(workyard_loom)]
pub(crate) use modelled::{AtomicBool, AtomicU8, AtomicU64, AtomicWaker, Condvar, Mutex, MutexGuard};

#[cfg(workyard_shuttle)]
pub(crate) use shuffled::{AtomicBool, AtomicU8, AtomicU64, Condvar, LocalKey, Mutex, MutexGuard};

#[cfg(not(any(workyard_loom, workyard_shuttle)))]
pub(crate) use usual::Condvar;

#[cfg(all(test, workyard_loom))]
pub(crate) use modelled::model;

/// What is shuttle's in its models, and in those of loom what it always is: they are of parts that do not have it.
pub(crate) mod whole {
    #[cfg(not(any(workyard_shuttle, workyard_mutants)))]
    pub(crate) use parking_lot::Mutex;
    #[cfg(not(workyard_shuttle))]
    pub(crate) use std::thread_local;

    #[cfg(all(workyard_mutants, not(workyard_shuttle)))]
    pub(crate) use super::counted::Mutex;

    #[cfg(workyard_shuttle)]
    pub(crate) use super::shuffled::{Mutex, thread_local};
}

#[cfg(not(any(workyard_loom, workyard_shuttle)))]
mod usual {
    use std::time::Instant;

    use parking_lot::MutexGuard;

    /// `parking_lot`'s condition; it takes and gives guards, as loom's does.
    #[derive(Default)]
    pub(crate) struct Condvar(parking_lot::Condvar);

    impl Condvar {
        pub(crate) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(&mut guard);
            guard
        }

        /// The second is whether the time is up.
        pub(crate) fn wait_until<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            deadline: Instant,
        ) -> (MutexGuard<'a, T>, bool) {
            let is_up = self.0.wait_until(&mut guard, deadline).timed_out();
            (guard, is_up)
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }
    }
}

/// Mutexes that count how often they are locked, in the build that has planted faults: whether a task locks no more often than it should
/// is asked there, so that neither the usual build nor one of its own pays for it.
#[cfg(workyard_mutants)]
pub(crate) mod counted {
    use std::sync::atomic::{AtomicU64, Ordering};

    use parking_lot::MutexGuard;
    use workyard_core::mutant;

    static LOCKED: AtomicU64 = AtomicU64::new(0);

    /// How often any of them was locked so far.
    pub(crate) fn locked() -> u64 {
        LOCKED.load(Ordering::Relaxed)
    }

    #[derive(Default, Debug)]
    pub(crate) struct Mutex<T>(parking_lot::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(parking_lot::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            LOCKED.fetch_add(if mutant!("locked-twice") { 2 } else { 1 }, Ordering::Relaxed);
            self.0.lock()
        }

        /// Counts where it succeeds: who is refused locks in another way, or not at all.
        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            let guard = self.0.try_lock();
            LOCKED.fetch_add(u64::from(guard.is_some()), Ordering::Relaxed);
            guard
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0.get_mut()
        }

        pub(crate) fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }
}

#[cfg(workyard_loom)]
mod modelled {
    use std::task::Waker;
    use std::time::Instant;

    pub(crate) use loom::sync::MutexGuard;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};

    /// Runs a model in every order of steps that three preemptions can make.
    #[cfg(test)]
    pub(crate) fn model(body: impl Fn() + Send + Sync + 'static) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(body);
    }

    /// Loom's mutex with the face of `parking_lot`'s.
    #[derive(Default)]
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

    /// Loom's condition.
    #[derive(Default)]
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(guard).expect("a model ends with the first panic")
        }

        /// In a model the time is never up.
        pub(crate) fn wait_until<'a, T>(&self, guard: MutexGuard<'a, T>, _: Instant) -> (MutexGuard<'a, T>, bool) {
            (self.wait(guard), false)
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }
    }

    /// A place of a waker with the face of that of `futures-util`, whose own steps are not what is modelled: each call is one.
    #[derive(Default, Debug)]
    pub(crate) struct AtomicWaker(loom::sync::Mutex<Option<Waker>>);

    impl AtomicWaker {
        pub(crate) fn new() -> Self {
            Self::default()
        }

        pub(crate) fn register(&self, waker: &Waker) {
            let old = self.0.lock().expect("a model ends with the first panic").replace(waker.clone());
            drop(old);
        }

        pub(crate) fn take(&self) -> Option<Waker> {
            self.0.lock().expect("a model ends with the first panic").take()
        }

        pub(crate) fn wake(&self) {
            if let Some(waker) = self.take() {
                waker.wake();
            }
        }
    }
}

#[cfg(workyard_shuttle)]
mod shuffled {
    use std::cell::{Cell, RefCell};
    use std::sync::PoisonError;
    use std::time::Instant;

    pub(crate) use shuttle::sync::MutexGuard;
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};

    /// Shuttle's mutex with the face of `parking_lot`'s.
    #[derive(Default, Debug)]
    pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(shuttle::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }
    }

    /// Shuttle's condition.
    #[derive(Default)]
    pub(crate) struct Condvar(shuttle::sync::Condvar);

    impl Condvar {
        pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
        }

        /// In a model the time is never up.
        pub(crate) fn wait_until<'a, T>(&self, guard: MutexGuard<'a, T>, _: Instant) -> (MutexGuard<'a, T>, bool) {
            (self.wait(guard), false)
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }
    }

    /// What each of shuttle's threads and futures has for itself, which all are on one thread of the system's, with the face of std's.
    pub(crate) struct LocalKey<T: 'static>(pub(crate) &'static shuttle::thread::LocalKey<T>);

    impl<T> LocalKey<T> {
        pub(crate) fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, Gone> {
            self.0.try_with(f).map_err(|_| Gone)
        }
    }

    impl<T> LocalKey<Cell<T>> {
        pub(crate) fn get(&'static self) -> T
        where
            T: Copy,
        {
            self.0.with(Cell::get)
        }

        pub(crate) fn set(&'static self, value: T) {
            self.0.with(|cell| cell.set(value));
        }

        pub(crate) fn replace(&'static self, value: T) -> T {
            self.0.with(|cell| cell.replace(value))
        }
    }

    impl<T> LocalKey<RefCell<T>> {
        pub(crate) fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
            self.0.with(|cell| f(&mut cell.borrow_mut()))
        }

        pub(crate) fn replace(&'static self, value: T) -> T {
            self.0.with(|cell| cell.replace(value))
        }
    }

    /// The thread is about to end.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) struct Gone;

    macro_rules! per_thread {
        ($(#[$attribute:meta])* static $name:ident: $type:ty = const { $init:expr };) => {
            $(#[$attribute])*
            static $name: crate::primitives::LocalKey<$type> = {
                shuttle::thread_local! {
                    static KEY: $type = $init;
                }
                crate::primitives::LocalKey(&KEY)
            };
        };
    }
    pub(crate) use per_thread as thread_local;
}
