//! Owns what a client is told when there is no result, and what the log is told then. Never names what is inside to the client.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use workyard::{SubmitError, TaskError, TaskErrorKind, TaskId};

/// Why there is no result.
pub(super) enum Refusal {
    /// The lane is full: come back later.
    Full,
    /// The service is closing: ask another one.
    Closing,
    /// The work was stopped by the end of the service.
    Stopped,
    /// The deadline passed.
    TooLate,
    /// The body did not come before the deadline.
    TooSlow,
    /// The body is too long.
    TooLong,
    /// The work has a defect. The log knows more.
    Defect(Option<TaskId>),
}

/// Where the lane let nobody in.
impl<F> From<SubmitError<F>> for Refusal {
    fn from(refused: SubmitError<F>) -> Self {
        if refused.is_full() { Self::Full } else { Self::Closing }
    }
}

/// Where the work began or was to begin.
impl From<TaskError> for Refusal {
    fn from(error: TaskError) -> Self {
        match error.kind() {
            TaskErrorKind::TimedOut => Self::TooLate,
            TaskErrorKind::Cancelled | TaskErrorKind::Abandoned | TaskErrorKind::Refused => Self::Stopped,
            _ => {
                tracing::error!("{error}");
                Self::Defect(error.id())
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let again = [(header::RETRY_AFTER, RETRY_AFTER_SECONDS)];
        match self {
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, again, "no room: try again\n").into_response(),
            Self::Closing | Self::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "closing\n").into_response(),
            Self::TooLate => (StatusCode::GATEWAY_TIMEOUT, "no result by the deadline\n").into_response(),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "no body by the deadline\n").into_response(),
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "too long a body\n").into_response(),
            Self::Defect(id) => {
                let logged = id.map(|id| format!("; it is logged as task {id}")).unwrap_or_default();
                (StatusCode::INTERNAL_SERVER_ERROR, format!("something went wrong here{logged}\n")).into_response()
            }
        }
    }
}

/// The least that HTTP can say. A lane that is full now has places again within milliseconds.
const RETRY_AFTER_SECONDS: &str = "1";
