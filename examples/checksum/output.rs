//! Owns the way of the lines to the standard output: in big blocks, by one writer on the blocking lane, so that an output that does not
//! move blocks nobody else. Never ends the program: it says that nobody takes the lines any more.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use workyard::queue::{self, Consumer, Producer};
use workyard::{BoxError, Handle, Scheduler};

/// Lines on their way out.
pub(crate) struct Output {
    /// Whole lines.
    block: Vec<u8>,
    /// A terminal shows each line at once.
    is_prompt: bool,
    blocks: Producer<Vec<u8>>,
    writer: Handle<io::Result<()>>,
}

/// The output failed; [`Output::finish`] says why.
#[derive(Debug)]
pub(crate) struct Gone;

impl Output {
    /// Starts the writer.
    ///
    /// # Errors
    /// When the blocking lane is closed.
    ///
    /// # Cancel safety
    /// Dropping the future means that there is no writer.
    pub(crate) async fn start(yard: &Scheduler) -> Result<Self, BoxError> {
        let (blocks, written) = queue::bounded(WAITING_BLOCKS);
        let writer = yard.blocking().task("write lines").submit(move || write(&written)).await?;
        Ok(Self { block: Vec::new(), is_prompt: io::stdout().is_terminal(), blocks, writer })
    }

    /// Whether somebody watches.
    pub(crate) const fn is_prompt(&self) -> bool {
        self.is_prompt
    }

    /// Where lines are added; they go out by [`passed_on`](Self::passed_on) and at the end.
    pub(crate) const fn lines(&mut self) -> &mut Vec<u8> {
        &mut self.block
    }

    /// Hands the lines on if they are worth it. Waits while the output is slow.
    ///
    /// # Errors
    /// When the output has failed.
    ///
    /// # Cancel safety
    /// Dropping the future may lose what was to be handed on: the output ends with the line before.
    pub(crate) async fn passed_on(&mut self) -> Result<(), Gone> {
        if self.block.len() < BLOCK_BYTES && !self.is_prompt {
            return Ok(());
        }
        self.pass_on().await
    }

    async fn pass_on(&mut self) -> Result<(), Gone> {
        if self.block.is_empty() {
            return Ok(());
        }
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(2 * BLOCK_BYTES));
        self.blocks.put(block).await.map_err(|_closed| Gone)
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// How the output failed.
    ///
    /// # Cancel safety
    /// May be dropped and called again.
    pub(crate) async fn finish(&mut self) -> Result<io::Result<()>, BoxError> {
        // If the output has failed, the writer says so.
        drop(self.pass_on().await);
        self.blocks.close();
        Ok((&mut self.writer).await?)
    }

    /// As [`finish`](Self::finish), for no longer than this: whatever is not written by then will not be.
    ///
    /// # Cancel safety
    /// As [`finish`](Self::finish).
    pub(crate) async fn finish_within(&mut self, patience: Duration) {
        // A program that was asked to stop has nothing to say about its output.
        drop(tokio::time::timeout(patience, self.finish()).await);
    }
}

fn write(blocks: &Consumer<Vec<u8>>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    while let Some(block) = blocks.blocking_get() {
        out.write_all(&block)?;
        out.flush()?;
    }
    Ok(())
}

const BLOCK_BYTES: usize = 64 << 10;
const WAITING_BLOCKS: usize = 4;
