//! S41–S45: what Python imports, and what it asks of the machine. Never a program that does more.
//!
//! Python's count is of all CPUs. What counts is how many this process may use: a container has fewer.

use std::env::consts::{ARCH, OS};
use std::future::ready;

use workyard::{BoxError, out};

use crate::tutorial::Tutorial;

pub(crate) const S42: Tutorial =
    Tutorial::new(&["s41", "s42", "s43", "s44", "s45"], "the machine: its CPUs, and those that one may use", |_, _| {
        Box::pin(ready(machine()))
    });

fn machine() -> Result<(), BoxError> {
    let machine = workyard::machine();
    out::stdout_line(format_args!("Platform: {OS} on {ARCH}"))?;
    out::stdout_line(format_args!("Rust: {} or later", env!("CARGO_PKG_RUST_VERSION")))?;
    out::stdout_line(format_args!("Logical CPUs: {}", machine.logical()))?;
    out::stdout_line(format_args!("Physical cores: {}", known(machine.physical())))?;
    out::stdout_line(format_args!("CPUs that this process may run on: {}", known(machine.affinity())))?;
    out::stdout_line(format_args!("Quota: {}", machine.quota().map_or("none".to_owned(), |cpus| cpus.to_string())))?;
    out::stdout_line(format_args!("Threads of a cpu lane unless told otherwise: {}", machine.usable()))?;
    Ok(())
}

fn known(number: Option<usize>) -> String {
    number.map_or("unknown".to_owned(), |number| number.to_string())
}
