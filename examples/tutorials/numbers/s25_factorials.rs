//! S25, S26: a hundred factorials, one after the other and on threads. Never a faster way to compute one.
//!
//! In Python the threads gain nothing, since one at a time may run. Here they gain as much as there are free CPUs.

use std::time::Instant;

use workyard::{BoxError, Lane, Scheduler, out};

use crate::tutorial::{Knob, Settings, Tutorial, tutorial};

pub(crate) const S25: Tutorial = tutorial!("s25", "a hundred factorials, one after the other", alone)
    .on(|_| Scheduler::builder().cpu(Lane::cpu().threads(1)))
    .with(&[N, MANY]);

pub(crate) const S26: Tutorial = tutorial!("s26", "the same on threads, which pays here", compared)
    .on(|_| Scheduler::builder().lane("alone", Lane::cpu().threads(1)))
    .with(&[N, MANY]);

/// All digits of it, 64 bits in one, the smallest first.
fn factorial(n: u32) -> Vec<u64> {
    let mut digits = vec![1];
    for factor in 1..=u128::from(n) {
        let mut carry = 0;
        for digit in &mut digits {
            let product = u128::from(*digit) * factor + carry;
            (*digit, carry) = (low_half(product), product >> 64);
        }
        if carry > 0 {
            digits.push(low_half(carry));
        }
    }
    digits
}

#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
fn low_half(number: u128) -> u64 {
    number as u64
}

/// In Python: `factorial(n) % (2**61 - 1)`. A few digits are easier to compare than 35,660.
fn digest(digits: &[u64]) -> u128 {
    digits.iter().rev().fold(0, |rest, digit| ((rest << 64) | u128::from(*digit)) % ((1 << 61) - 1))
}

async fn alone(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let (n, many) = (set.get(N), set.get(MANY));
    let began = Instant::now();
    let digests = yard.cpu().map(0..many, move |_| digest(&factorial(n))).await?;
    show(n, &digests)?;
    out::stdout_line(format_args!("one after the other: {:.3} s", began.elapsed().as_secs_f64()))?;
    Ok(())
}

async fn compared(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let (n, many) = (set.get(N), set.get(MANY));
    let (mut digests, mut seconds) = (Vec::new(), Vec::new());
    for lane in [yard.cpu_lane("alone")?, yard.cpu()] {
        let began = Instant::now();
        digests.extend(lane.map(0..many, move |_| digest(&factorial(n))).await?);
        seconds.push(began.elapsed().as_secs_f64());
    }
    show(n, &digests)?;
    let (threads, alone, together) = (workyard::machine().usable(), seconds[0], seconds[1]);
    out::stdout_line(format_args!("one after the other: {alone:.3} s"))?;
    out::stdout_line(format_args!("on {threads} threads: {together:.3} s, {:.2} times as fast", alone / together))?;
    Ok(())
}

fn show(n: u32, digests: &[u128]) -> Result<(), BoxError> {
    if digests.iter().any(|digest| *digest != digests[0]) {
        return Err("the factorials differ".into());
    }
    out::stdout_line(format_args!("factorial({n}) % (2**61 - 1) = {}, {} times", digests[0], digests.len()))?;
    Ok(())
}

/// Ten thousand there, which is more than ten times the work.
const N: Knob = Knob { name: "n", what: "the factorial of what", usual: 3_000, least: 1, most: 10_000 };
const MANY: Knob = Knob { name: "many", what: "how many of them", usual: 100, least: 1, most: 1_000_000 };
