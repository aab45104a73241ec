//! S08, S17, S18: the integral of x² by the left ends of N steps, in one piece and in many. Never a faster way to do it.
//!
//! Python's threads made it slower, lost the remainder of N / threads, began every slice at 0, and waited for ever if there
//! were more threads than steps. The program `integrate` beside this one does it for real; its `--sweep`
//! finds the number of threads that is fastest.

use workyard::{BoxError, Lane, Scheduler, out};

use crate::tutorial::{Knob, Settings, Tutorial, tutorial};

pub(crate) const S08: Tutorial =
    tutorial!("s08", "the integral of x² in one piece", in_one_piece).with(&[FROM, TO, STEPS]);

pub(crate) const S17: Tutorial = tutorial!("s17" "s18", "the same on threads, every step taken once", in_many)
    .on(|set| Scheduler::builder().cpu(Lane::cpu().threads(set.get(THREADS) as usize)))
    .with(&[FROM, TO, STEPS, THREADS]);

fn f(x: f64) -> f64 {
    x * x
}

async fn in_one_piece(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let (a, b, n) = (f64::from(set.get(FROM)), f64::from(set.get(TO)), set.get(STEPS));
    let dx = (b - a) / f64::from(n);

    // Long work looks now and then at whether anybody still wants it. Looking costs next to nothing.
    let integrate = yard.cpu().submit_with(move |ctx| {
        let steps = (0..n).take_while(|_| !ctx.is_cancelled());
        steps.map(|i| f(a + f64::from(i) * dx)).sum::<f64>() * dx
    });
    let value = integrate.await?.await?;
    out::stdout_line(format_args!("Numerical solution with N={n} : {value:.9}"))?;
    Ok(())
}

async fn in_many(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let (a, b, n) = (f64::from(set.get(FROM)), f64::from(set.get(TO)), set.get(STEPS));
    let dx = (b - a) / f64::from(n);

    // The last slice has what is left. Slices of a large N are short, so whoever is free takes the next one, and
    // Ctrl-C need not wait for long.
    let width = n.div_ceil(set.get(THREADS)).min(LONGEST_SLICE);
    let slices = (0..n).step_by(width as usize).map(move |start| start..n.min(start + width));

    let integrate = yard.cpu().map(slices, move |slice| {
        let steps = slice.len();
        (slice.map(|i| f(a + f64::from(i) * dx)).sum::<f64>() * dx, steps)
    });
    // Added in the order of the slices, so the sum is the same each time to the last bit.
    let (value, evaluations) = integrate.fold((0.0, 0), |(sum, all), (part, steps)| (sum + part, all + steps)).await?;
    out::stdout_line(format_args!("Numerical solution with N={n} : {value:.9}"))?;
    out::stdout_line(format_args!("{evaluations} evaluations"))?;
    Ok(())
}

const LONGEST_SLICE: u32 = 100_000;

const FROM: Knob = Knob { name: "from", what: "where it begins", usual: 0, least: 0, most: 1_000 };
const TO: Knob = Knob { name: "to", what: "where it ends", usual: 10, least: 0, most: 1_000 };
const STEPS: Knob =
    Knob { name: "steps", what: "how many steps; 10^8 there", usual: 1_000_000, least: 1, most: 1_000_000_000 };
const THREADS: Knob = Knob { name: "threads", what: "on how many threads", usual: 8, least: 1, most: 1_024 };
