//! Tests of the line: order, leaving from anywhere, rights in hand, and the memory of a crowd that left.

use super::*;

fn waker() -> Waker {
    Waker::noop().clone()
}

fn left_as(left: &Left) -> &'static str {
    match left {
        Left::Waiting(_) => "waiting",
        Left::Granted => "granted",
        Left::Released => "released",
    }
}

#[test]
fn rights_go_to_who_came_first_also_after_some_left() {
    let mut line = Line::new();
    let mut tickets: Vec<_> = (0..5).map(|_| Some(line.enter(waker()))).collect();
    for gone in [0, 2, 4] {
        let left = line.leave(tickets[gone].take().expect("not yet gone"));
        assert_eq!(left_as(&left), "waiting");
    }
    let newcomer = line.enter(waker());
    for next in [1, 3] {
        assert!(line.grant().is_some());
        assert!(line.is_granted(tickets[next].as_ref().expect("in line")));
    }
    assert!(!line.is_granted(&newcomer));
    assert!(line.release().is_some());
    assert!(line.is_released(&newcomer));
    assert!(line.grant().is_none() && line.release().is_none());
    assert_eq!(line.granted(), 2);
    for next in [1, 3] {
        let left = line.leave(tickets[next].take().expect("in line"));
        assert_eq!(left_as(&left), "granted");
    }
    assert_eq!((line.granted(), left_as(&line.leave(newcomer))), (0, "released"));
}

#[test]
fn a_crowd_that_left_leaves_no_memory_behind() {
    let mut line = Line::new();
    let tickets: Vec<_> = (0..1_000).map(|_| line.enter(waker())).collect();
    assert!(line.places.capacity() >= 1_000);
    for ticket in tickets {
        line.leave(ticket);
    }
    assert_eq!((line.occupied, line.places.capacity()), (0, 0));
    let ticket = line.enter(waker());
    assert!(line.grant().is_some() && line.is_granted(&ticket));
}
