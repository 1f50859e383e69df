//! How fast a run goes and how long it waits, as far as the user has a say in it.

use serde::{Deserialize, Serialize};

use crate::cli::args::{LimitArgs, SweepTimingArgs};

/// How much goes on at once, and how fast; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::cli) struct Pace {
    /// Hosts at once.
    pub(in crate::cli) max_hosts: u32,
    /// Connections at once to one address.
    pub(in crate::cli) per_host: u32,
    /// New connections a second.
    pub(in crate::cli) rate: u32,
    /// New connections a second to one /24, or /64 of IPv6.
    pub(in crate::cli) per_prefix: u32,
    /// Seconds after which a part of the run stops dialling.
    pub(in crate::cli) deadline: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { max_hosts: 512, per_host: 1, rate: 1000, per_prefix: 20, deadline: 0 }
    }
}

impl Pace {
    /// The same with what the user gives anew. A deadline is that of one part of the run, and not kept: what it cut short
    /// is to come to its end.
    pub(in crate::cli) fn with(self, args: &LimitArgs) -> Self {
        Self {
            max_hosts: args.max_hosts.unwrap_or(self.max_hosts),
            per_host: args.per_host.unwrap_or(self.per_host),
            rate: args.rate.unwrap_or(self.rate),
            per_prefix: args.per_prefix.unwrap_or(self.per_prefix),
            deadline: args.deadline.unwrap_or_default(),
        }
    }
}

/// How long a run waits, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::cli) struct Times {
    /// Before what is still deferred is asked once more; 0 is not at all.
    pub(in crate::cli) greylist_wait: u32,
    /// For a connection.
    pub(in crate::cli) connect_timeout: u32,
    /// For the whole greeting.
    pub(in crate::cli) greeting_timeout: u32,
    /// For every other whole reply.
    pub(in crate::cli) reply_timeout: u32,
    /// For all of one host.
    pub(in crate::cli) host_deadline: u32,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            greylist_wait: 0,
            connect_timeout: 5,
            greeting_timeout: 60,
            reply_timeout: 60,
            host_deadline: 900,
        }
    }
}

impl Times {
    /// The same with what the user gives anew.
    pub(in crate::cli) fn with(self, args: &SweepTimingArgs) -> Self {
        Self {
            greylist_wait: args.greylist_wait.unwrap_or(self.greylist_wait),
            connect_timeout: args.connect_timeout.unwrap_or(self.connect_timeout),
            greeting_timeout: args.greeting_timeout.unwrap_or(self.greeting_timeout),
            reply_timeout: args.reply_timeout.unwrap_or(self.reply_timeout),
            host_deadline: args.host_deadline.unwrap_or(self.host_deadline),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn of(words: &[&str]) -> (Pace, Times) {
        let words = ["mxaudit", "sweep", "--resume", "run"].iter().chain(words);
        let Command::Sweep(args) = Cli::try_parse_from(words).unwrap().command else { panic!() };
        let begun = Pace { rate: 10, per_prefix: 1, deadline: 60, ..Pace::default() };
        let waits = Times { greylist_wait: 900, ..Times::default() };
        (begun.with(&args.limits), waits.with(&args.timing))
    }

    #[test]
    fn what_is_not_given_anew_stays() {
        let (pace, times) = of(&[]);
        assert_eq!((pace.rate, pace.per_prefix, pace.max_hosts), (10, 1, 512));
        assert_eq!(pace.deadline, 0, "but the end of a part is no other part's");
        assert_eq!((times.greylist_wait, times.connect_timeout), (900, 5));
        let anew = "--max-hosts 2 --per-host 3 --rate 0 --per-prefix 4 --deadline 5 --greylist-wait 0 \
                    --connect-timeout 6 --greeting-timeout 7 --reply-timeout 8 --host-deadline 9";
        let (pace, times) = of(&anew.split_whitespace().collect::<Vec<_>>());
        let want = Pace { max_hosts: 2, per_host: 3, rate: 0, per_prefix: 4, deadline: 5 };
        assert_eq!(pace, want);
        let want = Times {
            greylist_wait: 0,
            connect_timeout: 6,
            greeting_timeout: 7,
            reply_timeout: 8,
            host_deadline: 9,
        };
        assert_eq!(times, want);
    }

    #[test]
    fn the_help_tells_the_defaults() {
        let command = Cli::command();
        let sweep = command.find_subcommand("sweep").unwrap();
        let mut all = serde_json::to_value(Pace::default()).unwrap();
        let times = serde_json::to_value(Times::default()).unwrap();
        all.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
        for (name, value) in all.as_object().unwrap() {
            let argument = sweep.get_arguments().find(|arg| arg.get_id() == name.as_str()).unwrap();
            let help = argument.get_help().unwrap().to_string();
            assert!(help.ends_with(&format!("[default: {value}]")), "{name}: {help}");
        }
    }
}
