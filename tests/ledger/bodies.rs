//! Owns what the tasks of the storm do, and that they do it once. Never submits one.

use std::future::pending;
use std::panic::{resume_unwind, set_hook, take_hook};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use workyard::{BoxError, TaskContext};
use workyard_testkit::Payload;

use crate::books::{Books, count};
use crate::script::Body;

/// Keeps the panics of values that panic when they are dropped off the screen.
pub(crate) fn quiet() {
    let before = take_hook();
    set_hook(Box::new(move |info| {
        if !info.payload_as_str().is_some_and(|text| text.contains("panics when it is dropped")) {
            before(info);
        }
    }));
}

/// What a body holds.
pub(crate) struct Inside {
    pub(crate) books: Arc<Books>,
    /// The number of its lane.
    lane: usize,
    payload: Payload,
    begun: Arc<AtomicU8>,
}

impl Inside {
    pub(crate) fn new(books: &Arc<Books>, lane: usize) -> Self {
        Self { payload: books.payloads.payload(), books: Arc::clone(books), lane, begun: Arc::default() }
    }

    /// Tells, also once the body is gone, how often it began.
    pub(crate) fn begun(&self) -> Arc<AtomicU8> {
        Arc::clone(&self.begun)
    }

    fn begin(&self) {
        assert_eq!(self.begun.fetch_add(1, Ordering::SeqCst), 0, "a body begins once");
        count(&self.books.starts);
    }
}

pub(crate) async fn future(inside: Inside, body: Body, context: Option<TaskContext>) -> Result<Payload, BoxError> {
    inside.begin();
    let _here = inside.books.inside[inside.lane].enter();
    match body {
        Body::Returns => {}
        Body::Yields(times) => yield_for(times).await,
        Body::Panics => resume_unwind(Box::new("on purpose")),
        Body::Fails => return Err("on purpose".into()),
        Body::DropsBadly => {
            let bad = inside.books.payloads.panicking_payload();
            yield_for(5).await;
            drop(bad);
        }
        Body::Waits => match context {
            Some(context) => context.cancelled().await,
            None => pending().await,
        },
    }
    Ok(inside.payload)
}

pub(crate) fn closure(inside: Inside, body: Body, context: Option<&TaskContext>) -> Result<Payload, BoxError> {
    inside.begin();
    let _here = inside.books.inside[inside.lane].enter();
    match body {
        Body::Returns => {}
        Body::Yields(times) => (0..times).for_each(|_| thread::yield_now()),
        Body::Panics => resume_unwind(Box::new("on purpose")),
        Body::Fails => return Err("on purpose".into()),
        Body::DropsBadly => drop(inside.books.payloads.panicking_payload()),
        Body::Waits => {
            // A plain closure cannot see that it is stopped, and returns.
            while context.is_some_and(|context| !context.is_cancelled()) {
                thread::yield_now();
            }
        }
    }
    Ok(inside.payload)
}

pub(crate) async fn yield_for(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}
