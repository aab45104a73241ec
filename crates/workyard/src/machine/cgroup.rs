//! Owns what Linux control groups (v1 and v2) say of a process's CPU quota. Never opens a file: the reader is an
//! argument.
//!
//! `/proc/self/cgroup` names the process's group in each hierarchy, `/proc/self/mountinfo` says where a hierarchy can
//! be seen and from which of its groups on ([`cgroups(7)`], [`proc_pid_mountinfo(5)`]). A limit binds all groups below
//! the one that states it, so each group from the process's own up to the root of the mount is asked, and the tightest
//! counts.
//!
//! [`cgroups(7)`]: https://man7.org/linux/man-pages/man7/cgroups.7.html
//! [`proc_pid_mountinfo(5)`]: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html

use std::path::{Component, Path, PathBuf};

/// The tightest quota in sight, in CPUs; `None` when there is none. `read` gives a file's text, or `None` if it cannot.
pub(super) fn tightest_quota(read: impl Fn(&Path) -> Option<String>) -> Option<f64> {
    let groups = own_groups(&read(Path::new("/proc/self/cgroup"))?);
    let mounts = mounts(&read(Path::new("/proc/self/mountinfo"))?);
    let limits = mounts.iter().flat_map(|mount| {
        let own = groups.iter().filter(move |group| group.version == mount.version);
        own.filter_map(|group| mount.locate(&group.path)).flat_map(|dir| quotas_upwards(&dir, mount, &read))
    });
    limits.min_by(f64::total_cmp)
}

/// Which of the two interfaces a hierarchy speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Version {
    V1,
    V2,
}

/// The process's place in one hierarchy.
#[derive(PartialEq, Eq, Debug)]
struct Group {
    version: Version,
    path: PathBuf,
}

/// One place where a hierarchy that can hold CPU quotas is visible.
#[derive(PartialEq, Eq, Debug)]
struct Mount {
    version: Version,
    /// The group that is seen at `point`.
    root: PathBuf,
    point: PathBuf,
}

impl Mount {
    /// The directory of a group, or `None` where this mount does not show it: a mount of another group's subtree says
    /// nothing of this process, and with `..` left in the path there is no telling.
    fn locate(&self, group: &Path) -> Option<PathBuf> {
        let below = group.strip_prefix(&self.root).ok()?;
        below.components().all(|part| matches!(part, Component::Normal(_))).then(|| self.point.join(below))
    }
}

fn quotas_upwards(dir: &Path, mount: &Mount, read: impl Fn(&Path) -> Option<String>) -> Vec<f64> {
    let inside = dir.ancestors().take_while(|above| above.starts_with(&mount.point));
    inside.filter_map(|above| quota(mount.version, above, &read)).collect()
}

fn quota(version: Version, dir: &Path, read: impl Fn(&Path) -> Option<String>) -> Option<f64> {
    match version {
        Version::V1 => quota_v1(&read(&dir.join("cpu.cfs_quota_us"))?, &read(&dir.join("cpu.cfs_period_us"))?),
        Version::V2 => quota_v2(&read(&dir.join("cpu.max"))?),
    }
}

/// `cpu.cfs_quota_us` and `cpu.cfs_period_us`; a quota of -1 is none.
fn quota_v1(quota: &str, period: &str) -> Option<f64> {
    ratio(quota.trim(), period.trim())
}

/// `cpu.max`: quota and period, where `max` is none.
fn quota_v2(max: &str) -> Option<f64> {
    let (quota, period) = max.trim().split_once(' ')?;
    ratio(quota, period)
}

/// Microseconds in microseconds. What is not a positive number is no limit.
fn ratio(quota: &str, period: &str) -> Option<f64> {
    let micros = |text: &str| text.parse::<u64>().ok().filter(|n| *n > 0);
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a period that is at most one second")]
    Some(micros(quota)? as f64 / micros(period)? as f64)
}

/// Lines of `id:controllers:path`; v2 has id 0 and names no controllers.
fn own_groups(proc_cgroup: &str) -> Vec<Group> {
    let group = |line: &str| {
        let mut fields = line.splitn(3, ':');
        let (id, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let version = match controllers {
            "" if id == "0" => Version::V2,
            _ if controllers.split(',').any(|name| name == "cpu") => Version::V1,
            _ => return None,
        };
        Some(Group { version, path: PathBuf::from(path) })
    };
    proc_cgroup.lines().filter_map(group).collect()
}

/// Lines of `id parent device root point options [tags..] - type source super-options`.
fn mounts(mountinfo: &str) -> Vec<Mount> {
    let mount = |line: &str| {
        let (place, kind) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let (root, point) = (unescape(place.next()?)?, unescape(place.next()?)?);
        let mut kind = kind.split(' ');
        let version = match kind.next()? {
            "cgroup2" => Version::V2,
            "cgroup" if kind.nth(1)?.split(',').any(|option| option == "cpu") => Version::V1,
            _ => return None,
        };
        Some(Mount { version, root: root.into(), point: point.into() })
    };
    mountinfo.lines().filter_map(mount).collect()
}

/// The kernel writes blanks, tabs, line feeds and backslashes in a path as `\` and three octal digits.
fn unescape(field: &str) -> Option<String> {
    let mut pieces = field.split('\\');
    let mut path = pieces.next()?.to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(3)?;
        path.push(char::from(u8::from_str_radix(digits, 8).ok()?));
        path.push_str(rest);
    }
    Some(path)
}

#[cfg(test)]
#[path = "cgroup_tests.rs"]
mod tests;
