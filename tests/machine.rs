//! What `workyard::machine()` tells, against the standard library and against a quota that the kernel really holds.

use std::thread::available_parallelism;
use std::time::Duration;

use workyard::{BoxError, Lane, Scheduler, machine};
use workyard_testkit::{threads_named, wait_for};

#[test]
fn the_numbers_agree_with_each_other_and_with_std() {
    let machine = machine();
    let usable = machine.usable().get();
    assert!(usable >= 1 && usable <= machine.affinity().unwrap_or(usable), "{machine}");
    assert!(machine.affinity().is_none_or(|allowed| allowed <= machine.logical()), "{machine}");
    assert!(machine.physical().is_none_or(|cores| (1..=machine.logical()).contains(&cores)), "{machine}");
    // std reads fewer kinds of mounts than we do, so it may miss a quota; it never sees a tighter one.
    assert!(usable <= available_parallelism().unwrap().get(), "{machine}");
    if machine.quota().is_none() {
        assert_eq!(usable, available_parallelism().unwrap().get(), "{machine}");
    }
    println!("{machine}");
}

#[test]
fn a_cpu_lane_has_a_thread_for_each_usable_cpu_or_as_many_as_asked_for() -> Result<(), BoxError> {
    let has_threads = |count: usize| {
        wait_for("the lane has its threads", Duration::from_secs(20), || {
            threads_named("workyard-cpu").is_none_or(|threads| threads.len() == count)
        });
    };
    let yard = Scheduler::standalone()?;
    has_threads(machine().usable().get());
    assert!(yard.shutdown().blocking_join().balances());
    has_threads(0);
    for threads in [machine().physical().unwrap_or(1), 2 * machine().logical()] {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(threads)).build_standalone()?;
        has_threads(threads);
        assert!(yard.shutdown().blocking_join().balances());
        has_threads(0);
    }
    Ok(())
}

#[cfg(target_os = "linux")]
mod quota {
    use std::path::{Path, PathBuf};
    use std::time::Duration;
    use std::{env, fs, io, process};

    use workyard_testkit::{Program, not_run, wait_for};

    const SOON: Duration = Duration::from_secs(30);

    /// Two groups, one in the other, of which the outer is held to one and a half CPUs. Removed when dropped.
    struct Groups {
        outer: PathBuf,
        inner: PathBuf,
    }

    impl Groups {
        fn create() -> io::Result<Self> {
            let outer = own_group()?.join(format!("workyard-test-{}", process::id()));
            let groups = Self { inner: outer.join("inner"), outer };
            fs::create_dir_all(&groups.inner)?;
            let v1 = fs::write(groups.outer.join("cpu.cfs_quota_us"), "150000");
            v1.or_else(|_| fs::write(groups.outer.join("cpu.max"), "150000 100000"))?;
            Ok(groups)
        }
    }

    impl Drop for Groups {
        fn drop(&mut self) {
            // A process that was in it may be on its way out of the kernel's books.
            let removed = |group: &Path| !group.exists() || fs::remove_dir(group).is_ok();
            wait_for("the groups are removed", SOON, || removed(&self.inner) && removed(&self.outer));
        }
    }

    /// Where this process's own group is, on a system with the usual mounts.
    fn own_group() -> io::Result<PathBuf> {
        let table = fs::read_to_string("/proc/self/cgroup")?;
        let path_in = |hierarchy: &str| table.lines().find_map(|line| line.split_once(hierarchy)).map(|(_, path)| path);
        match path_in(":cpu:/").or_else(|| path_in(":cpu,cpuacct:/")) {
            Some(path) => Ok(Path::new("/sys/fs/cgroup/cpu").join(path)),
            None => Ok(Path::new("/sys/fs/cgroup").join(path_in("0::/").unwrap_or_default())),
        }
    }

    #[test]
    fn a_quota_of_an_outer_group_is_seen_from_the_inner_one() {
        let groups = match Groups::create() {
            Ok(groups) => groups,
            Err(error) => return not_run(&format!("no right to set a CPU quota: {error}")),
        };
        // A shell enters the group and becomes this very test binary, which prints what it sees from there.
        let enter = "echo $$ > \"$0/cgroup.procs\" || exit 99; exec \"$@\"";
        let seen = Program::new("/bin/sh").arg("-c").arg(enter).arg(&groups.inner).arg(env::current_exe().unwrap());
        let test = seen.arg("the_numbers_agree_with_each_other_and_with_std").arg("--nocapture");
        let finished = test.run_within(SOON);
        if finished.code == Some(99) {
            return not_run("no right to enter a group with a CPU quota");
        }
        assert_eq!(finished.code, Some(0), "{finished}");
        assert!(finished.stdout.contains("1 usable CPU (") && finished.stdout.contains(", quota 1.5)"), "{finished}");
    }
}
