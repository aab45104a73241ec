//! Tests of `workyard::queue` through its public surface.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails says where by panicking")]

#[path = "queue/cancel.rs"]
mod cancel;
#[path = "queue/common.rs"]
mod common;
#[path = "queue/end.rs"]
mod end;
#[path = "queue/errors.rs"]
mod errors;
#[path = "queue/fairness.rs"]
mod fairness;
#[path = "queue/join.rs"]
mod join;
#[path = "queue/model.rs"]
mod model;
#[path = "queue/order.rs"]
mod order;
#[path = "queue/stress.rs"]
mod stress;
#[path = "queue/time.rs"]
mod time;
