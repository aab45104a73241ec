//! Owns the account of requests, accepted = answered + gone + in flight, and that none is begun once the service is closing.
//! Never looks at what a request asks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::refusal::Refusal;

/// The requests of one service. Clones are the same account.
#[derive(Clone, Default)]
pub(super) struct Requests(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Those whose head has come.
    accepted: AtomicU64,
    answered: AtomicU64,
    /// Those whose client did not wait for the answer.
    gone: AtomicU64,
    in_flight: TaskTracker,
    closing: CancellationToken,
}

impl Requests {
    /// From here on a request that comes is answered with 503, and each answer ends its connection.
    pub(super) fn close(&self) {
        self.0.closing.cancel();
        self.0.in_flight.close();
    }

    /// Fires when the service begins to close.
    pub(super) fn closing(&self) -> CancellationToken {
        self.0.closing.clone()
    }

    /// Waits until the service is closing and none is in flight.
    ///
    /// # Cancel safety
    /// May be dropped and repeated at will.
    pub(super) async fn all_answered(&self) {
        self.0.closing.cancelled().await;
        self.0.in_flight.wait().await;
    }

    pub(super) fn in_flight(&self) -> usize {
        self.0.in_flight.len()
    }

    fn accept(&self) -> InFlight<'_> {
        self.0.accepted.fetch_add(1, Ordering::Relaxed);
        InFlight { requests: &self.0, _token: self.0.in_flight.token(), answered: false }
    }
}

/// `service: accepted 10 answered 9 gone 1`
impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The ends first, so that they are never more than what was accepted.
        let [gone, answered, accepted] =
            [&self.0.gone, &self.0.answered, &self.0.accepted].map(|count| count.load(Ordering::Relaxed));
        write!(f, "service: accepted {accepted} answered {answered} gone {gone}")
    }
}

/// A request without an answer yet. It is dropped without one when its client goes.
struct InFlight<'a> {
    requests: &'a Inner,
    _token: TaskTrackerToken,
    answered: bool,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let end = if self.answered { &self.requests.answered } else { &self.requests.gone };
        end.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts a request, and answers it if the service is closing.
pub(super) async fn count(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let mut in_flight = requests.accept();
    let closing = &requests.0.closing;
    let mut response = if closing.is_cancelled() { Refusal::Closing.into_response() } else { next.run(request).await };
    if closing.is_cancelled() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    in_flight.answered = true;
    response
}
