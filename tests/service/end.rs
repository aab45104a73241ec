//! How the service ends: by one signal in order, by a second at once, by its deadline in time.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use workyard_testkit::{Running, wait_for};

use crate::SOON;
use crate::client::{Client, get};
use crate::started::{Started, counts};

#[test]
fn the_first_signal_finishes_what_is_in_flight_and_refuses_the_rest() {
    for (name, send) in [("SIGINT", Running::interrupt as fn(&Running)), ("SIGTERM", Running::terminate)] {
        let service = Started::with(&[]);
        let mut kept = Client::connect(service.address);
        assert_eq!(kept.get("/health").status, 200);
        let mut in_flight = Client::connect(service.address);
        in_flight.send_get("/fetch/3000/5");
        service.wait_for("io", "1 running");
        send(&service.running);
        let closing = service.running.wait_for_line("closing: ", SOON);
        assert!(closing.contains(&format!("signal=\"{name}\" in_flight=1")), "{closing}");

        let refused = kept.get("/health");
        assert_eq!((refused.status, &*refused.body), (503, "closing\n"), "{refused:?}");
        assert!(refused.head.contains("\r\nconnection: close\r\n"), "{refused:?}");
        wait_for("the door is closed", SOON, || TcpStream::connect(service.address).is_err());
        let answer = in_flight.answer();
        // It submitted its second half after the signal.
        assert_eq!((answer.status, answer.body.len()), (200, 65), "{answer:?}");
        assert!(answer.head.contains("\r\nconnection: close\r\n"), "{answer:?}");

        let finished = service.running.finish_within(SOON);
        let (accepted, answered, gone) = counts(&finished);
        assert_eq!((finished.code, finished.signal, accepted - answered, gone), (Some(0), None, 0, 0), "{finished}");
        assert!(finished.stderr.contains("yard: accepted 2 = 2 completed; stuck: none"), "{finished}");
    }
}

#[test]
fn a_service_without_work_ends_at_once() {
    let service = Started::with(&[]);
    // Neither a connection that is kept nor one that was never used holds it up.
    let mut kept = Client::connect(service.address);
    assert_eq!(kept.get("/health").status, 200);
    let _unused = Client::connect(service.address);
    let since = Instant::now();
    let finished = service.end();
    assert!(since.elapsed() < Duration::from_secs(10), "{finished}");
    assert_eq!((finished.code, counts(&finished)), (Some(0), (1, 1, 0)), "{finished}");
}

#[test]
fn the_second_signal_stops_what_is_in_flight_and_answers_it() {
    for second in [Running::interrupt as fn(&Running), Running::terminate] {
        let service = Started::with(&["--drain-s", "3600", "--deadline-ms", "3600000"]);
        let mut clients: Vec<_> = (0..3).map(|_| Client::connect(service.address)).collect();
        for (client, path) in clients.iter_mut().zip(["/wait/3600000", "/digest/4294967295", "/digest/4294967295"]) {
            client.send_get(path);
        }
        service.wait_for("io", "1 running");
        service.wait_for("cpu", "1 queued + 1 running");
        service.running.terminate();
        service.running.wait_for_line("closing: ", SOON);
        let since = Instant::now();
        second(&service.running);
        for client in &mut clients {
            let stopped = client.answer();
            assert_eq!((stopped.status, &*stopped.body), (503, "closing\n"), "{stopped:?}");
        }
        let finished = service.running.finish_within(SOON);
        assert!(since.elapsed() < Duration::from_secs(10), "{finished}");
        let (accepted, answered, gone) = counts(&finished);
        assert_eq!((finished.code, accepted - answered, gone), (Some(0), 0, 0), "{finished}");
    }
}

#[test]
fn the_deadline_of_the_end_stops_what_is_in_flight_and_answers_it() {
    let service = Started::with(&["--drain-s", "1", "--deadline-ms", "3600000"]);
    let mut client = Client::connect(service.address);
    client.send_get("/digest/4294967295");
    service.wait_for("cpu", "1 running");
    let since = Instant::now();
    service.running.terminate();
    assert_eq!(client.answer().status, 503);
    assert!(since.elapsed() >= Duration::from_secs(1));
    let finished = service.running.finish_within(SOON);
    assert_eq!(finished.code, Some(0), "{finished}");
}

#[test]
fn a_signal_in_the_first_moment_is_none_too_early() {
    for _ in 0..5 {
        let service = Started::with(&[]);
        let finished = service.end();
        assert_eq!((finished.code, counts(&finished)), (Some(0), (0, 0, 0)), "{finished}");
    }
}

#[test]
fn an_address_that_is_taken_is_told() {
    let service = Started::with(&[]);
    let taken = workyard_testkit::Program::example("service").arg("--listen").arg(service.address.to_string());
    let finished = taken.run_within(SOON);
    assert_eq!((finished.code, &*finished.stdout), (Some(1), ""), "{finished}");
    assert!(finished.stderr.starts_with("service: ") && finished.stderr.lines().count() == 1, "{finished}");
    assert_eq!(get(service.address, "/health").status, 200);
}
