//! S22: a pool that nobody uses and nobody closes. Never anything that is left of it.
//!
//! In Python its four workers live on until the program ends.

use std::future::ready;

use workyard::{BoxError, Lane, Scheduler, out};

use crate::tutorial::Tutorial;

pub(crate) const S22: Tutorial =
    Tutorial::new(&["s22"], "a pool that is not used, and not closed", |_, _| Box::pin(ready(unused()))).in_threads();

fn unused() -> Result<(), BoxError> {
    let pool = Scheduler::builder().cpu(Lane::cpu().threads(4)).build()?;
    let remembered = pool.downgrade();
    out::stdout_line(format_args!("a pool of 4: {}", pool.snapshot().ledger()))?;

    drop(pool); // with it go its threads
    let is_gone = remembered.upgrade().is_none();
    out::stdout_line(if is_gone { "it is gone" } else { "it is still there" })?;
    Ok(())
}
