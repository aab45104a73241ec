//! Owns what is done with a panic of user code: caught, kept, and dropped where it can hurt nobody.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use parking_lot::Mutex;

/// Runs user code and catches its panic. What the code leaves behind is never looked at after a panic, only dropped.
#[inline]
pub(crate) fn catch<T>(user_code: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(user_code))
}

/// Calls foreign code that nothing is awaited from: if it panics, that is all.
#[inline]
pub(crate) fn call_foreign(foreign: impl FnOnce()) {
    drop(catch(foreign).map_err(Payload::new));
}

/// Drops a user's value; `Err` if its `Drop` panicked.
pub(crate) fn drop_caught<T>(value: T) -> Result<(), Payload> {
    catch(|| drop(value)).map_err(Payload::new)
}

/// Wakes; a waker may be foreign code, and one that panics is not to take down who wakes it.
pub(crate) fn wake_caught(waker: &Waker) {
    call_foreign(|| waker.wake_by_ref());
}

/// As [`wake_caught`], with a waker that is used up: its `Drop` is foreign code, too.
pub(crate) fn use_up_caught(waker: Waker) {
    call_foreign(|| waker.wake());
}

/// The text of a panic.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "(a payload that is not text)".to_owned()
    }
}

/// A panic payload that may be dropped anywhere: a payload's own `Drop` may panic again, and then it must not do so in
/// whoever awaits the task. In a mutex, because an error should be `Sync` and a payload is not.
pub(crate) struct Payload(Mutex<Option<Box<dyn Any + Send>>>);

impl Payload {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        Self(Mutex::new(Some(payload)))
    }

    pub(crate) fn into_inner(self) -> Box<dyn Any + Send> {
        self.0.lock().take().unwrap_or_else(|| Box::new(()))
    }

    pub(crate) fn message(&self) -> String {
        self.0.lock().as_deref().map_or_else(String::new, message_of)
    }
}

impl Drop for Payload {
    #[expect(
        clippy::mem_forget,
        reason = "a payload whose drop panics with a payload whose drop panics is not worth more"
    )]
    fn drop(&mut self) {
        if let Some(payload) = self.0.get_mut().take()
            && let Err(second) = catch(|| drop(payload))
        {
            std::mem::forget(second);
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}
