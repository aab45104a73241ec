//! The example `service` as its clients and its operator see it: its answers, its end, and both under load.
#![cfg(test)]

#[cfg(unix)]
#[path = "service/answers.rs"]
mod answers;
#[path = "service/client.rs"]
mod client;
#[cfg(unix)]
#[path = "service/end.rs"]
mod end;
#[cfg(unix)]
#[path = "service/load.rs"]
mod load;
#[path = "service/options.rs"]
mod options;
#[path = "service/started.rs"]
mod started;

use std::time::Duration;

/// Far more than anything here takes; a test that reaches it hangs.
const SOON: Duration = Duration::from_secs(60);
