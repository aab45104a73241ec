//! Many write into one map. One task owns it and the others tell it what to write, so nothing is locked; and whoever tells an owner
//! that has died hears of it.

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use workyard::Scheduler;
use workyard::queue::{self, Consumer};

use crate::run::{on_runtime, soon};

type Map = BTreeMap<u32, u32>;

/// What an owner is asked for.
enum Ask {
    Write(u32, u32),
    Read(oneshot::Sender<Map>),
    Die,
}

async fn own(asked: Consumer<Ask>) -> Map {
    let mut map = Map::new();
    while let Some(ask) = asked.get().await {
        match ask {
            Ask::Write(key, value) => assert_eq!(map.insert(key, value), None, "each key once"),
            Ask::Read(reply) => reply.send(map.clone()).unwrap(),
            Ask::Die => std::panic::panic_any("on purpose"),
        }
    }
    map
}

#[test]
fn s32_ten_tell_the_owner_of_a_map_and_it_is_right() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (tx, rx) = queue::bounded(2);
        let owner = yard.io().submit(own(rx)).await.unwrap();
        let group = yard.group();
        for key in 0..10 {
            let tx = tx.clone();
            group.io(async move { tx.put(Ask::Write(key, 2 * key)).await.is_ok() }).await.unwrap();
        }
        while let Some(told) = soon(group.join_next()).await {
            assert!(told.unwrap());
        }
        let expected: Map = (0..10).map(|key| (key, 2 * key)).collect();
        let (reply, read) = oneshot::channel();
        assert!(soon(tx.put(Ask::Read(reply))).await.is_ok());
        assert_eq!(soon(read).await.unwrap(), expected, "also while it is owned");
        drop(tx);
        assert_eq!(soon(owner).await.unwrap(), expected, "it ends with the last who could tell it something");
        assert!(yard.shutdown().await.balances());
    });
}

#[test]
fn p46_the_death_of_an_owner_is_told_to_all_who_ask_it() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (tx, rx) = queue::bounded(4);
        let (reply, read) = oneshot::channel();
        // What it dies of stands before what is asked, and behind that others wait for room.
        for ask in [Ask::Die, Ask::Read(reply), Ask::Write(1, 1), Ask::Write(2, 2)] {
            assert!(tx.try_put(ask).is_ok());
        }
        let group = yard.group();
        for key in 3..6 {
            let tx = tx.clone();
            group
                .io(async move { tx.put(Ask::Write(key, key)).await.map_err(|error| error.is_closed()) })
                .await
                .unwrap();
        }
        let owner = yard.io().task("owner").submit(own(rx)).await.unwrap();
        let error = soon(owner).await.unwrap_err();
        assert!(error.is_panic() && error.name() == Some("owner"), "{error}");
        assert!(soon(read).await.is_err(), "who waits for an answer");
        while let Some(told) = soon(group.join_next()).await {
            // The first of them may have got the room that the last of what was asked has left.
            assert!(matches!(told.unwrap(), Ok(()) | Err(true)), "who waits for room");
        }
        assert!(tx.is_closed(), "who asks later");
        assert!(soon(tx.put(Ask::Write(6, 6))).await.unwrap_err().is_closed());
        assert!(yard.shutdown().await.balances());
    });
}
