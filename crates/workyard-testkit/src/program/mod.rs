//! Running a built program as a user does: [`Program`] says what to run, [`Running`] is it while it runs, [`Finished`]
//! what is left of it.

mod finished;
mod launch;
mod os;
mod output;
mod running;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(test)]
mod tests;

pub use finished::Finished;
pub use launch::Program;
pub use running::Running;
#[cfg(target_os = "linux")]
pub use terminal::has_terminals;
