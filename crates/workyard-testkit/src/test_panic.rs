//! Owns catching a panic together with the place it blames, for this crate's own tests. Never compiled into the
//! library.

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::{Mutex, PoisonError};

/// The message of the panic that `body` must end in, and the file and line that it is blamed on.
pub(crate) fn message_and_line(body: impl FnOnce()) -> (String, (&'static str, u32)) {
    // The hook is the process's: one test at a time. Panics of other tests meanwhile are told apart by their thread.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    static BLAMED: Mutex<Option<(String, String, u32)>> = Mutex::new(None);
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);

    let this_thread = std::thread::current().id();
    let before = take_hook();
    set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if std::thread::current().id() != this_thread {
            return before(info);
        }
        let place = info.location().unwrap();
        let message = info.payload_as_str().unwrap_or_default().to_owned();
        *BLAMED.lock().unwrap() = Some((message, place.file().to_owned(), place.line()));
    }));
    let ended = catch_unwind(AssertUnwindSafe(body));
    drop(take_hook());
    assert!(ended.is_err(), "it was to panic");
    let (message, file, line) = BLAMED.lock().unwrap().take().unwrap();
    (message, (file.leak(), line))
}
