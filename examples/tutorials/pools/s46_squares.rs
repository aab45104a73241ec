//! S46: the squares of eight numbers on two workers. Never another order.

use workyard::{BoxError, Lane, Scheduler, out};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S46: Tutorial = tutorial!("s46", "eight squares on two workers, in order", squares)
    .in_threads()
    .on(|_| Scheduler::builder().cpu(Lane::cpu().threads(2)));

async fn squares(yard: Scheduler, _: Settings) -> Result<(), BoxError> {
    let squares = yard.cpu().map([1, 2, 3, 4, 5, 6, 7, 8], |x| x * x).await?;
    out::stdout_line(format_args!("{squares:?}"))?;
    Ok(())
}
