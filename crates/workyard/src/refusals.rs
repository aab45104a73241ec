//! Owns what follows when the system gives tokio no thread for a closure that may block: it is asked again until it gives one. Never
//! holds the closure, which tokio keeps.
//!
//! # Protocol
//! Tokio puts a closure into its queue before it asks for a thread. If it gets none and has none, it panics, and the closure stays
//! there for any thread that comes later; but nobody asks for that one unless another closure comes. *Who is refused* counts one refusal
//! and, if it is the first, starts who asks. *Who asks* offers tokio a closure that does nothing, again and again; each time that it is
//! not refused there is one refusal less, and with the last it ends.
//!
//! As many as were refused, since each may wait for what another one does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::observe::record;
use crate::task::{Payload, catch};

/// How long it takes until the system is asked again, at first: twice as long each time, up to [`AT_MOST`].
const AT_FIRST: Duration = Duration::from_millis(10);

/// Each time leaves a message of the panic hook, and a closure that does nothing in tokio's queue.
const AT_MOST: Duration = Duration::from_secs(1);

/// How many closures of a yard were refused a thread and have not been given one.
#[derive(Clone, Default)]
pub(crate) struct Refusals(Arc<AtomicUsize>);

impl Refusals {
    /// Hands a closure to tokio's blocking threads, also if there is none for it yet.
    pub(crate) fn spawn_blocking(&self, handle: &Handle, closure: impl FnOnce() + Send + 'static) {
        let Err(refusal) = catch(|| drop(handle.spawn_blocking(closure))).map_err(Payload::new) else { return };
        // AcqRel, as where it is counted down: whoever finds none comes after the last who asked.
        if self.0.fetch_add(1, Ordering::AcqRel) == 0 {
            drop(handle.spawn(self.clone().ask_again(handle.clone())));
            record(|| {
                tracing::warn!(
                    target: "workyard",
                    error = refusal.message(),
                    "the system gives no thread for what blocks: it is asked again until it does"
                );
            });
        }
    }

    async fn ask_again(self, handle: Handle) {
        let mut pause = AT_FIRST;
        loop {
            tokio::time::sleep(pause).await;
            while catch(|| drop(handle.spawn_blocking(|| ()))).map_err(Payload::new).is_ok() {
                if self.0.fetch_sub(1, Ordering::AcqRel) == 1 {
                    return;
                }
            }
            pause = (pause * 2).min(AT_MOST);
        }
    }
}
