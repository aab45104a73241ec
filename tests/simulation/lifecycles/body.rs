//! Owns what the bodies of tasks do, and that they do it once. Never submits one, but where a body is told to.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use workyard::{BoxError, TaskContext, TaskErrorKind, TaskId};
use workyard_testkit::simulation::{blocking_pause, blocking_sleep};

use super::books::Books;
use super::script::{Body, Script, yield_for};

/// What is known of one task from outside of the yard.
#[derive(Default)]
pub(super) struct Fate {
    pub(super) begun: AtomicBool,
    /// The body has nothing more to do.
    pub(super) is_through: AtomicBool,
    pub(super) id: OnceLock<TaskId>,
}

/// A value that counts its drop, and may panic then.
pub(super) struct Token {
    books: Arc<Books>,
    /// What is seen when it panics, if it does.
    panics: Option<&'static str>,
}

impl Token {
    pub(super) fn new(books: &Arc<Books>, panics: Option<&'static str>) -> Self {
        books.tokens.fetch_add(1, SeqCst);
        Self { books: Arc::clone(books), panics }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.books.tokens.fetch_sub(1, SeqCst);
        if let Some(what) = self.panics.filter(|_| !thread::panicking()) {
            self.books.seen.see(what);
            resume_unwind(Box::new(what));
        }
    }
}

/// What a body holds.
pub(super) struct Inside {
    pub(super) books: Arc<Books>,
    pub(super) fate: Arc<Fate>,
    script: Script,
    /// Panics if the task never runs.
    captures: Token,
    output: Token,
}

/// The body of a task is at work.
struct Here(Arc<Books>, usize);

impl Drop for Here {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

impl Inside {
    pub(super) fn new(books: &Arc<Books>, fate: &Arc<Fate>, script: Script) -> Self {
        Self {
            captures: Token::new(books, script.bad_captures.then_some("captures of a task that never ran: panic")),
            output: Token::new(books, None),
            books: Arc::clone(books),
            fate: Arc::clone(fate),
            script,
        }
    }

    fn begin(&mut self) -> Here {
        let was_begun = self.fate.begun.swap(true, SeqCst);
        self.books.require(!was_begun, || "I3: a body begins once".to_owned());
        self.captures.panics = None;
        self.output.panics = self.script.bad_output.then_some("output nobody reads: panics");
        self.books.enter(self.script.lane);
        if let Some(&id) = self.fate.id.get() {
            self.books.assert_turn(self.script.lane, id);
        }
        Here(Arc::clone(&self.books), self.script.lane)
    }

    /// Who reads the output is not hurt by it.
    fn end(self) -> Output {
        self.fate.is_through.store(true, SeqCst);
        Output(Some(self.output))
    }
}

/// What a body returns: a value whose drop may panic, unless it is taken.
pub(super) struct Output(Option<Token>);

impl Output {
    pub(super) fn take(mut self) {
        if let Some(token) = &mut self.0 {
            token.panics = None;
        }
    }
}

pub(super) async fn future(mut inside: Inside, context: Option<TaskContext>) -> Result<Output, BoxError> {
    let _here = inside.begin();
    match inside.script.body {
        Body::Returns => {}
        Body::Yields(times) => yield_for(times).await,
        // A future cannot but heed at its next await.
        Body::Sleeps(time) | Body::Ignores(time) => tokio::time::sleep(time).await,
        Body::Panics => resume_unwind(Box::new("on purpose")),
        Body::Fails => return Err("on purpose".into()),
        Body::DropsBadly => {
            let bad = Token::new(&inside.books, Some("future dropped half way: panics"));
            yield_for(5).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
            drop(bad);
        }
        Body::Waits => match context {
            Some(context) => context.cancelled().await,
            None => pending().await,
        },
        Body::Nests(lane) => nest(&inside, lane).await,
    }
    Ok(inside.end())
}

pub(super) fn closure(mut inside: Inside, context: Option<&TaskContext>) -> Result<Output, BoxError> {
    let _here = inside.begin();
    match inside.script.body {
        Body::Returns => {}
        Body::Yields(times) => (0..times).for_each(|_| blocking_pause()),
        Body::Sleeps(time) | Body::Ignores(time) => blocking_sleep(time),
        Body::Panics => resume_unwind(Box::new("on purpose")),
        Body::Fails => return Err("on purpose".into()),
        Body::DropsBadly => drop(Token::new(&inside.books, Some("dropped in a body: panics"))),
        // A plain closure cannot see that it is stopped, and returns.
        Body::Waits => while context.is_some_and(|context| !context.is_cancelled()) {},
        Body::Nests(lane) => blocking_nest(&inside, lane),
    }
    Ok(inside.end())
}

/// Submits a task and waits for it.
async fn nest(inside: &Inside, lane: usize) {
    let books = &inside.books;
    books.unknown.fetch_add(1, SeqCst);
    let failed = books.lanes().run(lane, Token::new(books, None)).await;
    note_nested(inside, lane, "a future waited for a task", failed);
}

fn blocking_nest(inside: &Inside, lane: usize) {
    let books = &inside.books;
    books.unknown.fetch_add(1, SeqCst);
    let failed = books.lanes().blocking_run(lane, Token::new(books, None));
    note_nested(inside, lane, "a closure waited for a task", failed);
}

fn note_nested(inside: &Inside, lane: usize, who: &'static str, failed: Option<TaskErrorKind>) {
    inside.books.seen.see(who);
    if lane == inside.script.lane {
        inside.books.seen.see("waited for a task of the same lane");
    }
    if failed == Some(TaskErrorKind::WouldDeadlock) {
        inside.books.seen.see("answered: would deadlock");
    }
}
