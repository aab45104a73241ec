//! What this process may use of the machine it runs on: [`machine()`] asks, [`Machine`] is the answer.
//!
//! Reading the system is kept apart from what it means: `linux` opens files and makes calls, `cgroup` and `cpu_list`
//! are functions of text, and `answer` draws the conclusion.

mod answer;
#[cfg(any(target_os = "linux", test))]
mod cgroup;
#[cfg(any(target_os = "linux", test))]
mod cpu_list;
#[cfg(target_os = "linux")]
mod linux;

pub use answer::{Machine, machine};
