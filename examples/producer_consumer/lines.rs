//! Owns what the program writes while it runs: one writer on the blocking lane takes whole lines from a queue, so no two
//! lines mix, and no task blocks its thread on a terminal. Never ends the program; it says that it should stop.

use std::io::{self, Write};

use workyard::queue::{self, Consumer, Producer};
use workyard::{BoxError, Handle, Scheduler};

use super::stop::{Stop, Why};

/// Where lines go.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    queue: Producer<Vec<u8>>,
    stop: Stop,
}

impl Lines {
    /// Starts the writer. It ends when the last clone of the lines is dropped; an output that fails stops the program.
    ///
    /// # Errors
    /// When the blocking lane is closed.
    ///
    /// # Cancel safety
    /// Dropping the future means that there is no writer.
    pub(crate) async fn start(
        yard: &Scheduler,
        stop: &Stop,
        out: impl Write + Send + 'static,
    ) -> Result<(Self, Handle<()>), BoxError> {
        let (queue, lines) = queue::bounded(WAITING_LINES);
        let failed = stop.clone();
        let write = move || {
            if let Err(error) = write_all(&lines, out) {
                let broken = error.kind() == io::ErrorKind::BrokenPipe;
                failed.because(if broken { Why::BrokenPipe } else { Why::OutputFailed });
            }
        };
        let writer = yard.blocking().task("write lines").submit(write).await?;
        Ok((Self { queue, stop: stop.clone() }, writer))
    }

    /// Writes one line, to which the line feed is added; waits while the output is slow. A line is lost if the output has
    /// failed, or if the program is stopping and the output has not moved for a while: it must end all the same.
    ///
    /// # Cancel safety
    /// Dropping the future before its end means that the line is not written.
    pub(crate) async fn line(&self, line: impl Into<Vec<u8>>) {
        let mut line = line.into();
        line.push(b'\n');
        tokio::select! {
            biased;
            _written_or_closed = self.queue.put(line) => {}
            () = self.stop.patience_is_over() => {}
        }
    }
}

/// Takes what is there and writes it at once: a line at a time when they come slowly, many when they come fast.
fn write_all(lines: &Consumer<Vec<u8>>, mut out: impl Write) -> io::Result<()> {
    while let Some(mut batch) = lines.blocking_get() {
        while batch.len() < BATCH_BYTES
            && let Ok(next) = lines.try_get()
        {
            batch.extend(next);
        }
        out.write_all(&batch)?;
        out.flush()?;
    }
    Ok(())
}

const WAITING_LINES: usize = 256;
const BATCH_BYTES: usize = 32 << 10;
