//! S46: the squares of eight numbers on two workers. Never another order.

use workyard::{BoxError, Lane, Scheduler, out};

use crate::tutorial::Tutorial;

pub(crate) const S46: Tutorial =
    Tutorial::new(&["s46"], "eight squares on two workers, in order", |yard, _| Box::pin(squares(yard)))
        .on(|_| Scheduler::builder().cpu(Lane::cpu().threads(2)));

async fn squares(yard: Scheduler) -> Result<(), BoxError> {
    let squares = yard.cpu().map([1, 2, 3, 4, 5, 6, 7, 8], |x| x * x).await?;
    out::stdout_line(format_args!("{squares:?}"))?;
    Ok(())
}
