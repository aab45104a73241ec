//! Errors hand the item back, and convert whatever the item is; impossible capacities blame the caller.

use std::cell::Cell;
use std::error::Error;
use std::panic;
use std::sync::Mutex;
use std::thread;

use workyard::queue::{self, Consumer, GetError, Producer, PutError, PutErrorKind, TaskDoneError};

/// `Send`, but neither `Sync` nor `Debug`.
struct Shy(#[expect(dead_code, reason = "what makes it not `Sync`")] Cell<u8>);

fn shy() -> Shy {
    Shy(Cell::new(1))
}

fn boxed() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (tx, _rx) = queue::bounded(1);
    tx.try_put(shy())?;
    tx.try_put(shy())?;
    Ok(())
}

async fn any() -> anyhow::Result<()> {
    let (tx, rx) = queue::bounded(1);
    drop(rx);
    tx.put(shy()).await?;
    Ok(())
}

fn got() -> anyhow::Result<()> {
    let (tx, rx) = queue::bounded::<Shy>(1);
    drop(tx);
    rx.try_get()?;
    Ok(())
}

#[tokio::test]
async fn errors_convert_for_items_that_are_not_sync() {
    fn is_error<E: Error + Send + Sync + 'static>() {}
    assert_eq!(boxed().unwrap_err().to_string(), "the queue is full");
    assert_eq!(any().await.unwrap_err().to_string(), "the queue is closed");
    assert_eq!(got().unwrap_err().downcast_ref(), Some(&GetError::Closed));
    is_error::<PutError<Shy>>();
    is_error::<TaskDoneError>();
}

#[test]
fn a_refused_item_comes_back() {
    let (tx, rx) = queue::bounded(1);
    tx.try_put("first".to_owned()).unwrap();
    let full = tx.try_put("second".to_owned()).unwrap_err();
    assert_eq!((full.kind(), full.is_full(), full.is_closed()), (PutErrorKind::Full, true, false));
    assert_eq!(format!("{full:?}"), "PutError { kind: Full, .. }");
    assert_eq!(full.into_inner(), "second");
    drop(rx);
    assert_eq!(tx.blocking_put("third".to_owned()).unwrap_err().into_inner(), "third");
}

#[test]
fn handles_and_futures_cross_threads_for_every_item_that_does() {
    fn crosses<T: Send + Sync>(_: &T) {}
    fn is_sent<T: Send>(_: &T) {}
    let (tx, rx): (Producer<Shy>, Consumer<Shy>) = queue::bounded(1);
    crosses(&tx);
    crosses(&rx);
    is_sent(&tx.put(shy()));
    is_sent(&tx.put_timeout(shy(), std::time::Duration::ZERO));
    is_sent(&rx.get());
    is_sent(&rx.get_timeout(std::time::Duration::ZERO));
    is_sent(&rx.get_many(1));
    is_sent(&rx.join());
    is_sent(&tx.into_sink());
    is_sent(&rx.into_stream());
}

/// The file in which `act` panicked, and with which message.
fn blamed(act: impl FnOnce() + panic::UnwindSafe) -> (String, String) {
    static BLAMED: Mutex<Option<(thread::ThreadId, String)>> = Mutex::new(None);
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let here = thread::current().id();
    let others = std::sync::Arc::new(panic::take_hook());
    panic::set_hook(Box::new({
        let others = std::sync::Arc::clone(&others);
        move |info| {
            if thread::current().id() == here {
                let file = info.location().map(|at| at.file().to_owned());
                *BLAMED.lock().unwrap() = Some((here, file.unwrap_or_default()));
            } else {
                others(info);
            }
        }
    }));
    let payload = panic::catch_unwind(act).expect_err("it must panic");
    drop(panic::take_hook());
    panic::set_hook(Box::new(move |info| others(info)));
    let (_, file) = BLAMED.lock().unwrap().take().expect("the hook ran");
    let message = payload.downcast_ref::<String>().cloned();
    (file, message.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default())
}

#[test]
fn an_impossible_capacity_blames_the_caller() {
    let (file, message) = blamed(|| drop(queue::bounded::<u8>(0)));
    assert!(file.ends_with("queue/errors.rs"), "{file}");
    assert!(message.contains("at least 1") && message.contains("no unlimited"), "{message}");
    for act in [
        || drop(queue::lifo::<u8>(queue::MAX_CAPACITY + 1)),
        || drop(queue::priority::<u8>(usize::MAX)),
        || drop(queue::priority_with_ageing::<u8>(0, queue::Ageing::default())),
    ] {
        assert!(blamed(act).0.ends_with("queue/errors.rs"));
    }
}

#[test]
fn a_huge_capacity_costs_nothing_up_front() {
    let (tx, rx) = queue::bounded::<[u64; 128]>(queue::MAX_CAPACITY);
    assert_eq!(tx.capacity(), queue::MAX_CAPACITY);
    tx.try_put([7; 128]).unwrap();
    assert_eq!(rx.try_get(), Ok([7; 128]));
}
