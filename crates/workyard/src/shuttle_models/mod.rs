//! Models of whole yards: shuttle draws orders in which their threads, futures and callbacks go on, and has others come in at each lock and
//! atomic of the library, which no simulation does. `cargo xtask shuttle` runs them.
//!
//! A yard is put on shuttle as it is put on any simulator. Its time is tokio's, paused, and a thread of each model moves it, between any two steps of
//! others: so guards look and limits pass at every moment. Nothing here is exhaustive; each model is run in some thousand orders, the same ones
//! each time. What fails prints its order, and `WORKYARD_ORDER=..` in front of the command replays it.

mod admission;
mod ends;
mod gathering;
mod hands;
mod orders;
mod queues;
mod timers;
mod waits;

use orders::{below, client, model, narrow, polled, settles, step_aside};
