//! Control groups as different systems show them, file by file.

use super::*;

const V2_MOUNT: &str = "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const V1_MOUNT: &str = "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:7 - cgroup cgroup rw,cpu,cpuacct\n";

/// The quota of a system that has exactly these files.
fn quota_with(files: &[(&str, &str)]) -> Option<f64> {
    let read = |path: &Path| files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| (*text).to_owned());
    tightest_quota(read)
}

/// The quota of a v2 system whose process is in `group`.
fn v2(group: &str, mountinfo: &str, limits: &[(&str, &str)]) -> Option<f64> {
    let mut files = vec![("/proc/self/cgroup", group), ("/proc/self/mountinfo", mountinfo)];
    files.extend_from_slice(limits);
    quota_with(&files)
}

#[test]
fn v2_takes_the_tightest_of_the_whole_path() {
    let limits = [
        ("/sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n"),
        ("/sys/fs/cgroup/a/b/cpu.max", "150000 100000\n"),
        ("/sys/fs/cgroup/a/cpu.max", "max 100000\n"),
        ("/sys/fs/cgroup/other/cpu.max", "1000 100000\n"),
    ];
    assert_eq!(v2("0::/a/b/c\n", V2_MOUNT, &limits), Some(1.5));
}

#[test]
fn v2_in_a_namespace_of_its_own_reads_the_limit_at_its_root() {
    assert_eq!(v2("0::/\n", V2_MOUNT, &[("/sys/fs/cgroup/cpu.max", "50000 100000\n")]), Some(0.5));
}

#[test]
fn v2_without_limit_or_without_files_is_unlimited() {
    assert_eq!(v2("0::/a\n", V2_MOUNT, &[("/sys/fs/cgroup/a/cpu.max", "max 100000\n")]), None);
    assert_eq!(v2("0::/a\n", V2_MOUNT, &[]), None);
    assert_eq!(v2("0::/a\n", "", &[("/sys/fs/cgroup/a/cpu.max", "50000 100000\n")]), None);
    assert_eq!(quota_with(&[]), None);
}

#[test]
fn an_unreadable_level_does_not_hide_those_above_it() {
    assert_eq!(v2("0::/a/b/c\n", V2_MOUNT, &[("/sys/fs/cgroup/a/cpu.max", "250000 100000\n")]), Some(2.5));
}

#[test]
fn v1_takes_the_tightest_of_the_whole_path() {
    let quota = quota_with(&[
        ("/proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/s\n"),
        ("/proc/self/mountinfo", V1_MOUNT),
        ("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "300000\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "50000\n"),
    ]);
    assert_eq!(quota, Some(3.0));
}

#[test]
fn v1_in_a_container_strips_the_root_of_its_mount() {
    let quota = quota_with(&[
        ("/proc/self/cgroup", "4:cpu,cpuacct:/docker/abc/inner\n"),
        ("/proc/self/mountinfo", "33 31 0:30 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n"),
        ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "120000\n"),
        ("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
    ]);
    assert_eq!(quota, Some(1.2));
}

#[test]
fn the_tighter_of_both_versions_counts() {
    let quota = |v1_micros| {
        quota_with(&[
            ("/proc/self/cgroup", "4:cpu:/x\n0::/y\n"),
            ("/proc/self/mountinfo", &[V2_MOUNT, V1_MOUNT].concat()),
            ("/sys/fs/cgroup/y/cpu.max", "200000 100000\n"),
            // The group of that name in the other hierarchy is another group.
            ("/sys/fs/cgroup/x/cpu.max", "1000 100000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", v1_micros),
            ("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"),
        ])
    };
    assert_eq!(quota("100000\n"), Some(1.0));
    assert_eq!(quota("900000\n"), Some(2.0));
}

#[test]
fn a_mount_of_somebody_elses_group_is_not_ours() {
    let limits = [("/other/cpu.max", "1000 100000\n"), ("/sys/fs/cgroup/mine/cpu.max", "200000 100000\n")];
    let foreign = "40 23 0:28 /theirs /other rw - cgroup2 cgroup2 rw\n";
    assert_eq!(v2("0::/mine\n", foreign, &limits), None);
    assert_eq!(v2("0::/mine\n", &[foreign, V2_MOUNT].concat(), &limits), Some(2.0));
    // A group name that only begins like the root of the mount.
    assert_eq!(v2("0::/theirs-too\n", foreign, &limits), None);
}

#[test]
fn a_group_outside_the_namespace_is_not_guessed() {
    let limits = [("/sys/fs/cgroup/cpu.max", "1000 100000\n"), ("/sys/fs/cgroup/../x/cpu.max", "1000 100000\n")];
    assert_eq!(v2("0::/../x\n", V2_MOUNT, &limits), None);
    // A mount from outside the namespace that does show it.
    let outer = "40 23 0:28 /.. /host rw - cgroup2 cgroup2 rw\n";
    assert_eq!(v2("0::/../x\n", outer, &[("/host/x/cpu.max", "70000 100000\n")]), Some(0.7));
}

#[test]
fn a_mount_point_with_blanks_is_found() {
    let odd = "40 23 0:28 / /my\\040groups\\134x rw - cgroup2 cgroup2 rw\n";
    assert_eq!(v2("0::/\n", odd, &[("/my groups\\x/cpu.max", "70000 100000\n")]), Some(0.7));
    for broken in ["a\\", "a\\04", "a\\999", "a\\777"] {
        assert_eq!(unescape(broken), None, "{broken:?}");
    }
}

#[test]
fn a_group_may_have_colons_in_its_name() {
    assert_eq!(v2("0::/a:b\n", V2_MOUNT, &[("/sys/fs/cgroup/a:b/cpu.max", "70000 100000\n")]), Some(0.7));
}

#[test]
fn malformed_limits_are_no_limits() {
    for odd in ["", "\n", "max", "100000", "x y", "100000 0", "0 100000", "-5 100000", "1e5 100000", "100000  100000"] {
        assert_eq!(quota_v2(odd), None, "{odd:?}");
    }
    for (quota, period) in
        [("-1", "100000"), ("", ""), ("100000", "0"), ("0", "100000"), ("x", "100000"), ("100000", "-1")]
    {
        assert_eq!(quota_v1(quota, period), None, "{quota:?} {period:?}");
    }
}

#[test]
fn malformed_tables_are_skipped_line_by_line() {
    let groups = own_groups("\nx\n0:\n0::/ok\n7::/not-v2\n3:cpuset,cpuacct:/no\n2:cpu:/yes\n");
    let expected =
        [Group { version: Version::V2, path: "/ok".into() }, Group { version: Version::V1, path: "/yes".into() }];
    assert_eq!(groups, expected);
    let odd = [
        "",
        " - ",
        "1 2 3 - cgroup2",
        "1 2 3 / /p rw - cgroup",
        "1 2 3 / /p rw - cgroup cgroup rw,cpuset",
        "1 2 3 / /p rw - ext4 x rw,cpu",
    ];
    assert_eq!(mounts(&odd.join("\n")), []);
}
