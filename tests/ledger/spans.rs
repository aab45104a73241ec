//! Owns the count of the spans of tasks that were opened and are not closed. A span is closed when nothing refers to its
//! task any more, so this also tells that no task is kept in memory.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

static OPEN: AtomicI64 = AtomicI64::new(0);
static OPENED: AtomicUsize = AtomicUsize::new(0);

struct Count;

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Count {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        OPEN.fetch_add(1, Ordering::SeqCst);
        OPENED.fetch_add(1, Ordering::SeqCst);
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        OPEN.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Counts from now on, in this process.
pub(crate) fn watch() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Count)).unwrap();
}

/// How many tasks are in memory.
pub(crate) fn open() -> i64 {
    OPEN.load(Ordering::SeqCst)
}

/// How many tasks there ever were.
pub(crate) fn opened() -> usize {
    OPENED.load(Ordering::SeqCst)
}
