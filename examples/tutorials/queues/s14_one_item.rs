//! S14: a queue of ten, one item, and a get that waits two seconds at most. Never longer.

use workyard::{BoxError, Scheduler, out, queue};

use crate::tutorial::{Settings, Tutorial, tutorial};

pub(crate) const S14: Tutorial = tutorial!("s14", "put one, get one, and wait two seconds for another", one_item);

async fn one_item(_: Scheduler, set: Settings) -> Result<(), BoxError> {
    let (tx, rx) = queue::bounded(10); // there is a bound, always
    tx.put(37337).await?;
    out::stdout_line(rx.get_timeout(set.seconds(2)).await?)?;

    match rx.get_timeout(set.seconds(2)).await {
        Ok(item) => out::stdout_line(format_args!("and {item}"))?,
        Err(error) if error.is_timeout() => out::stdout_line(error)?,
        Err(error) => return Err(error.into()), // closed: it would not be worth waiting
    }
    Ok(())
}
