//! Owns what a reader has to know of the machine to judge a measurement. Never measures.

use std::fs;

/// One line: the CPUs, their kind, the system.
pub(crate) fn this_machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let release = read("/proc/sys/kernel/osrelease");
    let parts = [
        workyard::machine().to_string(),
        model.map(|(_, name)| name.to_owned()).unwrap_or_default(),
        format!("{} {}", std::env::consts::OS, release.trim()).trim().to_owned(),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// How many threads wanted a CPU on average over the last minute, those of the bench included; `?` where the system does
/// not tell.
pub(crate) fn load() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages.split_whitespace().next().unwrap_or("?").to_owned()
}
