//! How much goes on at once, as far as this machine lets it.

use crate::engine::{Limits, Rates};

use super::folder::Pace;

/// Files that the program needs beside its connections.
const OWN_FILES: u64 = 64;
/// Addresses that are tried at once at most: each of them takes a socket and a little memory.
const ADDRESSES: u64 = 16_384;

/// The limits of a run, the number of hosts at once, and what is to be said about them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fitted {
    pub(super) limits: Limits,
    pub(super) max_hosts: usize,
    pub(super) note: Option<String>,
}

/// Raises the number of files that this process may open, as far as it is allowed, and fits the
/// limits to it.
pub(super) fn fitted(pace: &Pace, ports: usize) -> Fitted {
    // Where the limit cannot be asked for, the smallest that POSIX systems start with is taken.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(256);
    fit(pace, ports, files)
}

fn fit(pace: &Pace, ports: usize, files: u64) -> Fitted {
    let sockets = files.saturating_sub(OWN_FILES).max(1);
    // A host has one connection at a time, and an address a host for each port.
    let ports = u64::try_from(ports.max(1)).unwrap_or(u64::MAX);
    let per_host = match pace.per_host {
        0 => ports,
        per_host => ports.min(per_host.into()),
    };
    let wanted = match pace.max_hosts {
        0 => ADDRESSES,
        hosts => hosts.into(),
    };
    // The ports of an address take turns unless --per-host says otherwise.
    let able = (sockets / per_host.min(sockets)).max(1);
    let hosts = wanted.min(able);
    let note = (hosts < wanted && pace.max_hosts > 0).then(|| {
        format!(
            "this process may open {files} files, so at most {hosts} hosts are asked at once instead of \
             {wanted}; raise the limit (ulimit -n) or lower --max-hosts"
        )
    });
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let addresses = able.min(ADDRESSES).max(hosts);
    let rates = Rates { all: pace.rate, prefix: pace.per_prefix };
    let limits = Limits { per_host: size(per_host), addresses: size(addresses), rates };
    Fitted { limits, max_hosts: size(hosts), note }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(max_hosts: u32, per_host: u32) -> Pace {
        Pace { max_hosts, per_host, ..Pace::default() }
    }

    #[test]
    fn few_files_make_few_hosts_and_the_reason_is_said() {
        let fitted = fit(&pace(512, 1), 1, 256);
        assert_eq!((fitted.max_hosts, fitted.limits.addresses), (192, 192));
        let note = fitted.note.unwrap();
        assert!(note.contains("may open 256 files") && note.contains("192 hosts"), "{note}");
        let fitted = fit(&pace(512, 4), 9, 256);
        assert_eq!((fitted.max_hosts, fitted.limits.per_host), (48, 4));
        let fitted = fit(&pace(512, 0), 2, 1064);
        assert_eq!((fitted.max_hosts, fitted.limits.per_host), (500, 2), "no more than ports");
        let fitted = fit(&pace(512, 4), 1, 1064);
        assert_eq!((fitted.max_hosts, fitted.limits.per_host), (512, 1));
        assert_eq!(fit(&pace(512, 1), 1, 3).max_hosts, 1, "it goes on all the same");
    }

    #[test]
    fn enough_files_leave_the_limits_as_they_are() {
        let fitted = fit(&pace(512, 1), 1, 1 << 20);
        assert_eq!((fitted.max_hosts, fitted.limits.addresses), (512, 16_384));
        assert_eq!(fitted.note, None);
        assert_eq!(fitted.limits.rates, Rates { all: 1000, prefix: 20 });
    }

    #[test]
    fn nothing_limits_hosts_but_files() {
        let fitted = fit(&pace(0, 1), 1, 1 << 20);
        assert_eq!((fitted.max_hosts, fitted.limits.addresses), (16_384, 16_384));
        let fitted = fit(&pace(0, 1), 1, 1024);
        assert_eq!((fitted.max_hosts, fitted.note), (960, None), "as many as there may be");
    }
}
