//! One argument where two are wanted, and a field that is not there or misspelt: found when the worker starts, elsewhere.

use workyard::Scheduler;
use workyard::sync::CancellationToken;

pub struct Calculation {
    pub steps: u32,
}

fn run(calculation: &Calculation, stop: &CancellationToken) -> u32 {
    if stop.is_cancelled() { 0 } else { calculation.steps }
}

#[cfg(fixed)]
pub async fn mistake(yard: &Scheduler, calculation: Calculation, stop: CancellationToken) {
    let _handle = yard.cpu().submit(move || run(&calculation, &stop)).await;
}

#[cfg(not(fixed))]
pub async fn mistake(yard: &Scheduler, calculation: Calculation) {
    let stop = calculation.stop.clone(); //~ E0609
    let _handle = yard.cpu().submit(move || run(&calculation)).await; //~ E0061
    drop(stop);
}
