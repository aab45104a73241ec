//! The queue between tasks of a yard: puts and gets that are dropped, closed by the last of a side, and items counted.

use crate::queue::bounded;
use crate::shuttle_models::{below, client, model, polled, settles};
use crate::{Lane, Scheduler};

#[test]
fn every_item_comes_out_once_though_puts_and_gets_are_given_up() {
    model(|| async {
        let yard = Scheduler::builder().io(Lane::io().limit(8)).build().unwrap();
        let (tx, rx) = bounded(1);
        let mut putters = Vec::new();
        for _ in 0..2 {
            let tx = tx.clone();
            let polls = 1 + below(3);
            let body = async move {
                let mut put = 0_u32;
                for _ in 0..2 {
                    put += u32::from(polled(tx.put(()), polls).await.is_some_and(|put| put.is_ok()));
                }
                put + u32::from(tx.put(()).await.is_ok())
            };
            putters.push(yard.io().try_submit(body).unwrap());
        }
        drop(tx);
        let mut getters = Vec::new();
        for polls in 1..3 {
            let rx = rx.clone();
            let body = async move {
                let mut got = u32::from(polled(rx.get(), polls).await.flatten().is_some());
                while rx.get().await.is_some() {
                    got += 1;
                }
                got
            };
            getters.push(yard.io().try_submit(body).unwrap());
        }
        drop(rx);
        let (mut put, mut got) = (0, 0);
        for putter in putters {
            put += putter.await.unwrap();
        }
        for getter in getters {
            got += getter.await.unwrap();
        }
        assert_eq!(put, got);
        settles(&yard).await;
    });
}

#[test]
fn a_queue_closed_in_the_midst_gives_back_or_gives_out() {
    model(|| async {
        let (tx, rx) = bounded(1);
        let putters = [0, 1].map(|_| {
            let tx = tx.clone();
            client(async move { u32::from(tx.put(()).await.is_ok()) })
        });
        let getter = client({
            let rx = rx.clone();
            async move {
                let mut got = 0;
                while rx.get().await.is_some() {
                    got += 1;
                }
                got
            }
        });
        for _ in 0..below(3) {
            shuttle::thread::yield_now();
        }
        tx.close();
        let mut put = 0;
        for putter in putters {
            put += putter.await.unwrap();
        }
        assert_eq!(put, getter.await.unwrap());
    });
}
