//! The example program `producer_consumer`: its toy program in this process, its counting against a naive counter, and the
//! whole as a user runs it, beside GNU's `wc`. Owns no helper; those are in `common`.
#![cfg(test)]

#[path = "../examples/producer_consumer/wc/count.rs"]
mod count;
#[path = "../examples/producer_consumer/wc/in_order.rs"]
mod in_order;
#[path = "../examples/producer_consumer/lines.rs"]
mod lines;
#[path = "../examples/producer_consumer/wc/quote.rs"]
mod quote;
#[path = "../examples/producer_consumer/stop.rs"]
#[expect(dead_code, reason = "nobody sends this process a signal")]
mod stop;
#[path = "../examples/producer_consumer/toy/mod.rs"]
mod toy;

#[path = "producer_consumer/common.rs"]
mod common;
#[path = "producer_consumer/counting.rs"]
mod counting;
#[path = "producer_consumer/files.rs"]
mod files;
#[path = "producer_consumer/options.rs"]
mod options;
#[path = "producer_consumer/stopping.rs"]
mod stopping;
#[path = "producer_consumer/toy_runs.rs"]
mod toy_runs;
