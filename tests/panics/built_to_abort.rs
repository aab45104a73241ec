//! A program that is to be built with `panic = "abort"`. A yard works in it until the first panic, wherever that is.

use workyard::Scheduler;

fn main() {
    let yard = Scheduler::standalone().unwrap();
    let works = (
        yard.cpu().blocking_run(|| 6 * 7),
        yard.blocking().blocking_run(|| 6 * 7),
        yard.io().blocking_run(async { 6 * 7 }),
    );
    println!("{works:?}");
    let told = match std::env::args().nth(1).as_deref() {
        Some("cpu") => yard.cpu().blocking_run(|| panic!("on purpose")),
        Some("blocking") => yard.blocking().blocking_run(|| panic!("on purpose")),
        Some("io") => yard.io().blocking_run(async { panic!("on purpose") }),
        _ => Ok(println!("{}", yard.shutdown().blocking_join())),
    };
    println!("the program goes on: {told:?}");
}
