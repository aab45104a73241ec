//! What the service answers: results, and what it says when there is none.

use std::time::{Duration, Instant};

use workyard_testkit::wait_for;

use crate::SOON;
use crate::client::{Client, get};
use crate::started::{Started, counts};

/// As many rounds as can be asked for: they take minutes.
const ENDLESS: &str = "/digest/4294967295";

#[test]
fn each_request_has_its_answer_on_one_connection() {
    let service = Started::with(&[]);
    let mut client = Client::connect(service.address);
    assert_eq!(client.get("/health").body, "well\n");
    assert_eq!(client.get("/wait/3").body, "a page that took 3 ms\n");
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";
    assert_eq!(client.get("/digest/1").body, empty);
    let twice = "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456\n";
    assert_eq!(client.get("/digest/2").body, twice);
    client.send("POST /digest HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\nabc");
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";
    assert_eq!(client.answer().body, abc);
    // Of `a page that took 2 ms` and the end of the line.
    let page = "d05c78bbb2f3ffd2744c3f6f6128ac6a90fa4a441ea326b0d89930fa8f0f4c70\n";
    assert_eq!(client.get("/fetch/2/1").body, page);
    let snapshot = client.get("/snapshot").body;
    assert!(snapshot.contains("io: accepted 2 = 2 completed; "), "{snapshot}");
    assert!(snapshot.contains("cpu: accepted 4 = 4 completed; "), "{snapshot}");
    assert_eq!(client.get("/wait/long").status, 400);
    assert_eq!(client.get("/nothing").status, 404);
    let finished = service.end();
    assert_eq!((finished.code, counts(&finished)), (Some(0), (9, 9, 0)), "{finished}");
}

#[test]
fn a_body_that_is_too_long_is_not_read() {
    let service = Started::with(&[]);
    let mut client = Client::connect(service.address);
    client.send("POST /digest HTTP/1.1\r\nhost: test\r\ncontent-length: 2097153\r\n\r\n");
    assert_eq!(client.answer().status, 413);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for_after_the_deadline() {
    let service = Started::with(&["--deadline-ms", "100"]);
    let mut client = Client::connect(service.address);
    client.send("POST /digest HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\nab");
    assert_eq!(client.answer().status, 408);
}

#[test]
fn a_full_lane_says_when_to_come_back_and_health_does_not_mind() {
    let service = Started::with(&["--cpu-queue", "1"]);
    let mut clients: Vec<_> = (0..2).map(|_| Client::connect(service.address)).collect();
    for client in &mut clients {
        client.send_get(ENDLESS);
    }
    service.wait_for("cpu", "1 queued + 1 running");
    for path in ["/digest/1", "/fetch/0/1", "/panic"] {
        let full = get(service.address, path);
        assert_eq!((full.status, &*full.body), (503, "no room: try again\n"), "{full:?}");
        assert!(full.head.contains("\r\nretry-after: 1\r\n"), "{full:?}");
    }
    let mut watcher = Client::connect(service.address);
    assert!((0..100).all(|_| watcher.get("/health").status == 200));
    assert_eq!(get(service.address, "/wait/1").status, 200);
}

#[test]
fn a_deadline_answers_and_gives_the_thread_back() {
    let service = Started::with(&["--deadline-ms", "100"]);
    let since = Instant::now();
    for path in ["/wait/3600000", ENDLESS, "/fetch/1/4294967295", "/fetch/3600000/1"] {
        let late = get(service.address, path);
        assert_eq!((late.status, &*late.body), (504, "no result by the deadline\n"), "{late:?}");
    }
    assert!(since.elapsed() >= Duration::from_millis(400));
    service.wait_for("cpu", "; 0 of 1 slots");
    // Its cpu threads are in the background, so on a busy machine one that is free may be late, too.
    wait_for("the thread computes for others", SOON, || get(service.address, "/digest/1").status == 200);
    let finished = service.end();
    assert_eq!(finished.code, Some(0), "{finished}");
}

#[test]
fn work_is_stopped_when_its_client_goes() {
    let service = Started::with(&["--deadline-ms", "3600000"]);
    let mut clients: Vec<_> = (0..4).map(|_| Client::connect(service.address)).collect();
    // Running, queued, waiting, and between the two.
    for (client, path) in clients.iter_mut().zip([ENDLESS, ENDLESS, "/wait/3600000", "/fetch/0/4294967295"]) {
        client.send_get(path);
    }
    service.wait_for("cpu", "2 queued + 1 running");
    service.wait_for("io", "1 running");
    drop(clients);
    service.wait_for("cpu", "; 0 of 1 slots and 0 of");
    service.wait_for("io", "; 0 of 1_024 slots");
    assert_eq!(get(service.address, "/digest/1").status, 200);
    let finished = service.end();
    let (accepted, answered, gone) = counts(&finished);
    assert_eq!((finished.code, accepted - answered, gone), (Some(0), 4, 4), "{finished}");
}

#[test]
fn a_panic_is_named_in_the_log_and_not_to_the_client() {
    let service = Started::with(&[]);
    let mut client = Client::connect(service.address);
    let error = client.get("/panic");
    assert_eq!(
        (error.status, &*error.body),
        (500, "something went wrong here; it is logged as task #0\n"),
        "{error:?}"
    );
    let logged = service.running.wait_for_line("task #0 \"defect\" on lane cpu", SOON);
    assert!(logged.contains("ERROR") && logged.contains("panicked: cannot read the row of user 42"), "{logged}");
    assert_eq!(client.get("/digest/1").status, 200, "the thread lives");
    let finished = service.end();
    assert_eq!((finished.code, counts(&finished)), (Some(0), (2, 2, 0)), "{finished}");
}
