//! Owns the command line. Never starts anything.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use crate::harness::Effort;
use crate::isolation::Selection;
use crate::pool::Group;

/// What is to be done.
pub(crate) enum Command {
    /// Print this, and nothing else.
    Print(String),
    /// Measure how well cpu work is kept away from what waits.
    Isolation(Effort, Selection),
    /// Measure what an item of a map costs, in one group of variants or in all.
    Pool(Effort, Option<&'static Group>),
    /// Take one sample in this process, for a bench that started it.
    Sample(Vec<String>),
}

/// Reads the arguments that follow the program's name. What is wrong is told in one line.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    read(Parser::from_args(args)).map_err(|error| error.to_string())
}

fn read(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let (mut bench, mut rounds, mut quick, mut patience, mut only) = (None, None, false, 0, None);
    let mut selection = Selection::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Value(word) if word == "sample" && bench.is_none() => {
                let words = parser.raw_args()?.map(OsString::into_string).collect::<Result<_, _>>();
                return words.map(Command::Sample).map_err(Into::into);
            }
            Arg::Value(word) if bench.is_none() => bench = Some(word.string()?),
            Arg::Long("variants") => selection = parser.value()?.string()?.parse::<Selection>()?,
            Arg::Long("only") => only = Some(group(&parser.value()?.string()?)?),
            Arg::Long("rounds") => rounds = Some(parser.value()?.parse()?),
            Arg::Long("patience") => patience = parser.value()?.parse()?,
            Arg::Long("quick") => quick = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Print(USAGE.to_owned())),
            other => return Err(other.unexpected()),
        }
    }
    let usual = if bench.as_deref() == Some("pool") { POOL_ROUNDS } else { ROUNDS };
    let rounds = rounds.unwrap_or(if quick { QUICK_ROUNDS } else { usual });
    if !(1..=MAX_ROUNDS).contains(&rounds) {
        return Err(format!("--rounds: {rounds} is not from 1 to {MAX_ROUNDS}").into());
    }
    let effort = Effort { rounds, quick, patience: Duration::from_mins(u64::from(u32::min(patience, MAX_PATIENCE))) };
    match bench.as_deref() {
        Some("pool") if selection != Selection::default() => Err("--variants: only of isolation".into()),
        Some("pool") => Ok(Command::Pool(effort, only)),
        Some(_) if only.is_some() => Err("--only: only of pool".into()),
        Some("isolation") => Ok(Command::Isolation(effort, selection)),
        Some(other) => Err(format!("there is no bench '{other}'; --help lists them").into()),
        None => Err("which bench? --help lists them".into()),
    }
}

fn group(name: &str) -> Result<&'static Group, String> {
    Group::named(name).ok_or_else(|| format!("--only: there is no group '{name}'; --help lists them"))
}

const USAGE: &str = "\
Measures workyard, and prints Markdown.

usage: cargo run --release -p workyard-bench -- <bench> [options]

  isolation       how late a 1 ms ticker of an async service is while the cpu
                  lane is full, with the lane's threads as usual and in the
                  background, and what the background costs

  pool            what an item of a map costs, beside what people write by hand:
      io            futures that yield once, and tokio::spawn with buffered
      cpu           computations of 1 us, and rayon
      single        one computation of 1 ms after the other, and a plain loop
      integrate     chunks of an integral, and rayon
      latency       how long futures take while 1 % compute for 1 ms, and
                    tokio::spawn behind a semaphore
      long-polls    the same, while 1 in 2,000 computes for 20 ms
      allocations   how often an item allocates; needs a build of its own, with
                    --features allocations, which measures nothing else

  --variants <names>
                  samples these only, with commas between; of isolation: idle,
                  lane, background and rayon, which the ticker runs beside, and
                  throughput, which is the cost; ratios need what they are to
  --only <group>  measures this group of pool alone
  --rounds <n>    how often each variant is sampled, up to 1000
                  [isolation: 11; pool: 31; quick: 3]
  --quick         short samples: to see that it works, not to quote
  --patience <n>  takes samples that other programs disturbed again, and waits
                  for these to end, for up to so many minutes in all [0]
  -h, --help      prints this

Every sample is a process of its own, and the variants take turns.
";

/// The least that gives a median an interval and bears two outliers on either side.
const ROUNDS: usize = 11;
/// Ratios of a few per cent are to be told apart.
const POOL_ROUNDS: usize = 31;
const QUICK_ROUNDS: usize = 3;
const MAX_ROUNDS: usize = 1_000;

/// A day.
const MAX_PATIENCE: u32 = 24 * 60;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Command, Effort, Selection, parse};
    use crate::pool::GROUPS;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn a_bench_has_its_effort() {
        let effort = |line| match parsed(line) {
            Ok(Command::Isolation(effort, selection)) if selection == Selection::default() => effort,
            _ => panic!("{line}"),
        };
        let usual = Effort { rounds: 11, quick: false, patience: Duration::ZERO };
        assert_eq!(effort("isolation"), usual);
        assert_eq!(effort("--quick isolation"), Effort { rounds: 3, quick: true, ..usual });
        assert_eq!(effort("isolation --quick --rounds 5"), Effort { rounds: 5, quick: true, ..usual });
        assert_eq!(effort("isolation --patience 2"), Effort { patience: Duration::from_mins(2), ..usual });
    }

    #[test]
    fn variants_are_chosen() {
        let Ok(Command::Isolation(_, chosen)) = parsed("isolation --variants lane,idle") else { panic!("it is right") };
        assert_eq!(chosen, "idle,lane".parse().unwrap());
        assert_ne!(chosen, Selection::default());
    }

    #[test]
    fn pool_has_its_rounds_and_may_be_of_one_group() {
        let pool = |line| match parsed(line) {
            Ok(Command::Pool(effort, only)) => (effort.rounds, only.map(|group| group.name)),
            _ => panic!("{line}"),
        };
        assert_eq!(pool("pool"), (31, None));
        assert_eq!(pool("pool --only cpu --rounds 7"), (7, Some("cpu")));
        assert_eq!(pool("pool --quick --only long-polls"), (3, Some("long-polls")));
    }

    #[test]
    fn the_help_lists_every_group() {
        let Ok(Command::Print(help)) = parsed("--help") else { panic!("help was asked for") };
        for group in GROUPS {
            assert!(help.lines().any(|line| line.split_whitespace().next() == Some(group.name)), "{}", group.name);
        }
    }

    #[test]
    fn a_sample_keeps_its_words() {
        let Ok(Command::Sample(words)) = parsed("sample isolation --quick 3") else { panic!("a sample was asked for") };
        assert_eq!(words, ["isolation", "--quick", "3"]);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let wrong = |line| parsed(line).err().unwrap_or_default();
        assert_eq!(wrong(""), "which bench? --help lists them");
        assert_eq!(wrong("speed"), "there is no bench 'speed'; --help lists them");
        assert_eq!(wrong("isolation --rounds 0"), "--rounds: 0 is not from 1 to 1000");
        assert_eq!(wrong("isolation --rounds 1001"), "--rounds: 1001 is not from 1 to 1000");
        assert_eq!(wrong("isolation --variants idel"), "there is no variant \"idel\"; --help lists them");
        assert_eq!(wrong("isolation --only cpu"), "--only: only of pool");
        assert_eq!(wrong("pool --only gpu"), "--only: there is no group 'gpu'; --help lists them");
        assert_eq!(wrong("pool --variants idle"), "--variants: only of isolation");
        assert_eq!(wrong("isolation twice"), "unexpected argument \"twice\"");
    }
}
