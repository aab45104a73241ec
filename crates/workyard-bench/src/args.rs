//! Owns the command line. Never starts anything.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use crate::harness::Effort;
use crate::isolation::Selection;
use crate::peers::Group;

/// What is to be done.
pub(crate) enum Command {
    /// Print this, and nothing else.
    Print(String),
    /// Measure how well cpu work is kept away from what waits.
    Isolation(Effort, Selection),
    /// Measure what work costs beside the same work done by others: these groups of variants, or all if there are none.
    Peers(Effort, Vec<&'static Group>),
    /// Take one sample in this process, for a bench that started it.
    Sample(Vec<String>),
}

/// Reads the arguments that follow the program's name. What is wrong is told in one line.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    read(Parser::from_args(args)).map_err(|error| error.to_string())
}

fn read(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let (mut bench, mut rounds, mut quick, mut patience, mut only) = (None, None, false, 0, Vec::new());
    let mut selection = Selection::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Value(word) if word == "sample" && bench.is_none() => {
                let words = parser.raw_args()?.map(OsString::into_string).collect::<Result<_, _>>();
                return words.map(Command::Sample).map_err(Into::into);
            }
            Arg::Value(word) if bench.is_none() => bench = Some(word.string()?),
            Arg::Long("variants") => selection = parser.value()?.string()?.parse::<Selection>()?,
            Arg::Long("only") => only = groups(&parser.value()?.string()?)?,
            Arg::Long("rounds") => rounds = Some(parser.value()?.parse()?),
            Arg::Long("patience") => patience = parser.value()?.parse()?,
            Arg::Long("quick") => quick = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Print(USAGE.to_owned())),
            other => return Err(other.unexpected()),
        }
    }
    let usual = if bench.is_none() { PEERS_ROUNDS } else { ROUNDS };
    let rounds = rounds.unwrap_or(if quick { QUICK_ROUNDS } else { usual });
    if !(1..=MAX_ROUNDS).contains(&rounds) {
        return Err(format!("--rounds: {rounds} is not from 1 to {MAX_ROUNDS}").into());
    }
    let effort = Effort { rounds, quick, patience: Duration::from_mins(u64::from(u32::min(patience, MAX_PATIENCE))) };
    match bench.as_deref() {
        None if selection != Selection::default() => Err("--variants: only of isolation".into()),
        None => Ok(Command::Peers(effort, only)),
        Some(_) if !only.is_empty() => Err("--only: not of isolation".into()),
        Some("isolation") => Ok(Command::Isolation(effort, selection)),
        Some(other) => Err(format!("there is no bench '{other}'; --help lists them").into()),
    }
}

fn groups(names: &str) -> Result<Vec<&'static Group>, String> {
    let group =
        |name| Group::named(name).ok_or_else(|| format!("--only: there is no group '{name}'; --help lists them"));
    names.split(',').map(group).collect()
}

const USAGE: &str = "\
Measures workyard, and prints Markdown.

usage: cargo run --release -p workyard-bench -- [isolation] [options]

Without a word, what work costs beside the same work done by peers, in groups:

      submit          futures that do nothing, submitted one by one
      submit-yields   the same, and each yields once
      submit-latency  how long submitted futures take while 1 % compute for 1 ms
      submit-long     the same, while 1 in 2,000 computes for 20 ms
      cpu-unordered   closures of 1 us, collected as they end
      cpu-ring        closures of 1 us, collected in order by their handles
      requests        requests that wait for 1 ms and compute for 200 us
      map-io          a map of futures that yield once
      map-cpu         a map of computations of 1 us
      map-one         maps of one computation of 1 ms, one after the other
      integrate       a map of chunks of an integral
      map-latency     how long items of a map take while 1 % compute for 1 ms
      map-long-polls  the same, while 1 in 2,000 computes for 20 ms
      queue           items through a queue of 1,024, from two tasks to two tasks
      queue-2         the same through a queue of two
      queue-priority  items of four levels through a priority queue of 1,024
      timers          timers that fire within 200 ms
      timers-cancel   timers that are set and cancelled
      memory          what a task that waits takes of memory
      queued          closures, of which up to ten million wait
      threads         closures on 1 to 8 threads
      idle            how often threads wake up while nothing runs
      build           building and dropping a yard
      allocations     how often an item of a map allocates; needs a build of its
                      own, with --features allocations, which measures nothing
                      else

  isolation       how late a 1 ms ticker of an async service is while the cpu
                  lane is full, with the lane's threads as usual and in the
                  background, and what the background costs

  --variants <names>
                  samples these only, with commas between; of isolation: idle,
                  lane, background and rayon, which the ticker runs beside, and
                  throughput, which is the cost; ratios need what they are to
  --only <groups> measures these groups alone, with commas between
  --rounds <n>    how often each variant is sampled, up to 1000
                  [31; isolation: 11; quick: 3]
  --quick         short samples: to see that it works, not to quote
  --patience <n>  takes samples that other programs disturbed again, and waits
                  for these to end, for up to so many minutes in all [0]
  -h, --help      prints this

Every sample is a process of its own, and the variants take turns.
";

/// The least that gives a median an interval and bears two outliers on either side.
const ROUNDS: usize = 11;
/// Ratios of a few per cent are to be told apart.
const PEERS_ROUNDS: usize = 31;
const QUICK_ROUNDS: usize = 3;
const MAX_ROUNDS: usize = 1_000;

/// A day.
const MAX_PATIENCE: u32 = 24 * 60;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Command, Effort, Selection, parse};
    use crate::peers::GROUPS;

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
    fn the_peers_have_their_rounds_and_may_be_of_some_groups() {
        let peers = |line| match parsed(line) {
            Ok(Command::Peers(effort, only)) => {
                (effort.rounds, only.iter().map(|group| group.name).collect::<Vec<_>>())
            }
            _ => panic!("{line}"),
        };
        assert_eq!(peers(""), (31, vec![]));
        assert_eq!(peers("--only map-cpu --rounds 7"), (7, vec!["map-cpu"]));
        assert_eq!(peers("--quick --only submit,map-long-polls"), (3, vec!["submit", "map-long-polls"]));
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
        assert_eq!(wrong("speed"), "there is no bench 'speed'; --help lists them");
        assert_eq!(wrong("isolation --rounds 0"), "--rounds: 0 is not from 1 to 1000");
        assert_eq!(wrong("isolation --rounds 1001"), "--rounds: 1001 is not from 1 to 1000");
        assert_eq!(wrong("isolation --variants idel"), "there is no variant \"idel\"; --help lists them");
        assert_eq!(wrong("isolation --only map-cpu"), "--only: not of isolation");
        assert_eq!(wrong("--only gpu"), "--only: there is no group 'gpu'; --help lists them");
        assert_eq!(wrong("--variants idle"), "--variants: only of isolation");
        assert_eq!(wrong("isolation twice"), "unexpected argument \"twice\"");
    }
}
