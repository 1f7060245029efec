//! The worker locks itself in before the first foreign byte is parsed: limits of resources, no
//! network, no other programs, and of the file system only its own folder and what GDAL needs.
//!
//! What a kernel does not have is said, never passed over: the answers are sentences for the report.

use std::path::Path;

use causeway::base::limits;
use causeway::intake::delivery::{IN_PIECES, memory_limit};
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

/// Leaves the network and all other processes of the machine; answers what could not be done.
pub fn leave_network() -> Option<String> {
    use rustix::thread::{UnshareFlags, unshare_unsafe};
    // SAFETY: no other thread runs yet, and no file descriptors are shared with one.
    let left = unsafe { unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNET | UnshareFlags::NEWIPC) };
    left.err().map(|error| format!("the worker could not leave the network's name space: {error}"))
}

/// Whoever waits for the answer may be killed; then nobody reads what would still be written. After
/// the change of name space, which forgets it.
pub fn die_with_parent() -> Result<(), String> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|error| format!("the worker could not be tied to its parent: {error}"))
}

/// Memory, processor time, size of written files, open files and processes.
pub fn limit_resources(has_own_user: bool) -> Result<(), String> {
    const OPEN_FILES: u64 = 256;
    // Threads of GDAL and of the library beneath it.
    const PROCESSES: u64 = 32;
    let mut wanted = vec![
        (Resource::As, limits::WORKER_MEMORY_BYTES),
        (Resource::Cpu, limits::WORKER_CPU.as_secs()),
        (Resource::Fsize, limits::UNPACKED_BYTES_MAX),
        (Resource::Nofile, OPEN_FILES),
        (Resource::Core, 0),
    ];
    // Outside a user name space this counts all that the same person runs.
    if has_own_user {
        wanted.push((Resource::Nproc, PROCESSES));
    }
    for (resource, most) in wanted {
        // A second beyond the softer limit of time, whose signal says what it was.
        let maximum = most + u64::from(resource == Resource::Cpu);
        let limit = Rlimit { current: Some(most), maximum: Some(maximum) };
        setrlimit(resource, limit).map_err(|error| format!("a limit could not be set: {error}"))?;
    }
    Ok(())
}

/// A refusal with the memory that reading took, where that may be the cause: a library that gets no
/// more of it often says something else.
pub fn with_memory(message: String) -> String {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the call fills the struct that it is given, which may be all zeros too.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    // The request that failed may have been for as much again as there was.
    let half_mib = limits::WORKER_MEMORY_BYTES >> 21;
    let used_mib = u64::try_from(usage.ru_maxrss).unwrap_or_default() >> 10;
    match used_mib < half_mib {
        true => message,
        false => format!("{message}; reading it took {used_mib} MiB of {}: {IN_PIECES}", memory_limit()),
    }
}

/// Processor time by the size of what is to be read, in place of the longest that any delivery has.
pub fn limit_time(bytes: u64) -> Result<(), String> {
    const MIB: u64 = 1024 * 1024;
    let more = bytes.saturating_mul(limits::WORKER_CPU_PER_MIB.as_secs()) / MIB;
    let seconds = limits::WORKER_CPU_LEAST.as_secs().saturating_add(more).min(limits::WORKER_CPU.as_secs());
    let limit = Rlimit { current: Some(seconds), maximum: Some(seconds + 1) };
    setrlimit(Resource::Cpu, limit).map_err(|error| format!("the limit of time could not be set: {error}"))
}

/// Shuts out the file system and the calls that reach beyond this process. `scratch` holds the
/// private copies, `readable` is what else may be read. GDAL must have loaded its drivers.
pub fn lock_in(scratch: &Path, readable: &[&Path]) -> Vec<String> {
    [close_file_system(scratch, readable), close_calls()].into_iter().filter_map(Result::err).collect()
}

/// What GDAL, PROJ and the character converter of the C library read.
const READ_ONLY: [&str; 10] = [
    "/usr/share/gdal",
    "/usr/share/proj",
    "/usr/local/share/gdal",
    "/usr/local/share/proj",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/dev/urandom",
];

fn close_file_system(scratch: &Path, readable: &[&Path]) -> Result<(), String> {
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    let writing = reading
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir;
    let locked = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V4)))
        .and_then(|rules| rules.scope(Scope::from_all(ABI::V6)))
        .and_then(|rules| rules.create())
        .and_then(|rules| rules.add_rules(path_beneath_rules(READ_ONLY, reading)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(readable, reading)))
        .and_then(|rules| rules.add_rules(path_beneath_rules([scratch], writing)))
        .and_then(|rules| rules.restrict_self())
        .map_err(|error| format!("Landlock could not be set: {error}"))?;
    match locked.ruleset {
        RulesetStatus::FullyEnforced => Ok(()),
        RulesetStatus::PartiallyEnforced => {
            Err("this kernel's Landlock is older than 6.12, so only part of it is in force".to_owned())
        }
        RulesetStatus::NotEnforced => {
            Err("this kernel has no Landlock, so the worker could read other files".to_owned())
        }
    }
}

/// Calls that no reader of files has use for; each fails as if it were forbidden to this person.
const FORBIDDEN: [i64; 37] = [
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_open_by_handle_at,
    libc::SYS_mknodat,
    libc::SYS_linkat,
];

fn close_calls() -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("the filter of system calls could not be set: {error}");
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| failed(&error))?;
    let mut rules: std::collections::BTreeMap<i64, Vec<SeccompRule>> =
        FORBIDDEN.into_iter().map(|call| (call, Vec::new())).collect();
    // Threads may begin, processes may not.
    let is_no_thread =
        SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(libc::CLONE_THREAD as u64), 0)
            .and_then(|condition| SeccompRule::new(vec![condition]))
            .map_err(|error| failed(&error))?;
    rules.insert(libc::SYS_clone, vec![is_no_thread]);
    #[cfg(target_arch = "x86_64")]
    rules.extend([(libc::SYS_fork, Vec::new()), (libc::SYS_vfork, Vec::new())]);
    let program = |rules, action| -> Result<BpfProgram, String> {
        SeccompFilter::new(rules, SeccompAction::Allow, action, arch)
            .and_then(BpfProgram::try_from)
            .map_err(|error| failed(&error))
    };
    // Its flags stand behind a pointer, where no filter sees them; "not there" makes the C library use clone.
    let unknown = program([(libc::SYS_clone3, Vec::new())].into(), SeccompAction::Errno(libc::ENOSYS as u32))?;
    let forbidden = program(rules, SeccompAction::Errno(libc::EPERM as u32))?;
    for filter in [unknown, forbidden] {
        seccompiler::apply_filter_all_threads(&filter).map_err(|error| failed(&error))?;
    }
    Ok(())
}
