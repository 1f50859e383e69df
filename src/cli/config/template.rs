//! The configuration that `mxaudit init` writes.

use jiff::ToSpan;
use jiff::civil::Date;

/// Days from today to the expiry in the example; fewer than a scope may last.
const EXAMPLE_DAYS: i32 = 60;

/// A commented `mxaudit.toml`. As written it permits loopback only; an example begins with a `#`
/// right before its key or table, an explanation with a `#` and a space.
pub(crate) fn template(today: Date) -> String {
    let expires = today.saturating_add(EXAMPLE_DAYS.days());
    format!(
        r##"# mxaudit.toml: who audits, and what may be audited.
# As written it permits this machine (loopback) only. Remove the # before a key or a [[scope]] to use it.

# You, the auditor. Servers see these names; every one of them is your own.
[auditor]
# The domain from which probes are sent. The targets do not accept mail for it.
#domain = "audit.example.net"
# The mailbox that a postmaster who wonders about the probes can write to.
#contact = "postmaster@audit.example.net"
# Your mailbox that stands for a stranger's: a server that takes mail for it from anybody is an open relay.
# Without it a random user at the domain above is used.
#canary = "canary@audit.example.net"
# The address of the server that takes the canary's mail, for tests with an address instead of a domain.
#canary_address = "192.0.2.10"
# The name that the probes give in EHLO; best the name that your address has in DNS.
#helo = "probe.audit.example.net"
# The name that your address has in DNS, for a test with a sender at it.
#client_name = "probe.audit.example.net"

# What the targets accept mail for. Without it the tests that need a local recipient do not run.
[local]
# The domains for which the targets are the destination.
#domains = ["example.org"]
# A user that exists at these domains.
#user = "postmaster"
# Domains whose mail the targets may relay because of the sender's name, for tests with senders at them.
#partners = ["partner.example"]
# A domain of yours whose second MX record names the targets, and that they are not set up for: who takes
# mail for it relays for anyone who writes such a record.
#mx_domain = "backup.example.net"

# What you want of cells of the relay matrix (--matrix), where the rules want something else: a line
# client.sender.recipient = "yes", "no" or "any", with the clients foreign, trusted and authenticated, the
# senders foreign, local and null, and the recipients foreign and local.
[matrix]
# Strangers who write to your users in your users' names; the rule is "no", and an acceptance a remark only.
#foreign.local.local = "no"
# Users who have logged in and send in a foreign name, such as forwarders; the rule is "no".
#authenticated.foreign.foreign = "any"

# What may be audited. Repeat the table for each authorisation; what no table lists is never contacted.
#[[scope]]
# Addresses and networks; all public ones together are at most a /12 (IPv6: each a /48 or smaller).
#networks = ["198.51.100.0/28", "2001:db8:25::/64"]
# Domains; each permits hosts with names at or below it, not the mail servers of a provider.
#domains = ["example.org"]
# Addresses and networks that are never contacted, whatever a table permits.
#exclude = ["198.51.100.9"]
# Who authorised the audit, printed in every report. Private and loopback networks do not need it.
#authorized_by = "Jane Doe, change 4711"
# The last day of the authorisation, at most 90 days ahead. Private and loopback networks do not need it.
#expires = {expires}

# Findings that may stay for a while: they are shown and do not count for the exit code. Repeat the table for each.
# What claims that a server relays for strangers cannot be suppressed.
#[[suppress]]
# The check, as in the brackets of the report; `mxaudit explain` lists them.
#check = "postmaster-refused"
# The hosts: an address, a network or a host name.
#target = "198.51.100.7"
# Why it may stay, printed in every report.
#reason = "mended with the move to the new server, change 4712"
# The last day on which it may; after it the finding counts again.
#expires = {expires}
# Only what the probe with this code found.
#code = "H05"
# Of a listing, only the one in this zone.
#list = "dnsbl.example.net"

# What you expect of your servers; what is not so, or not known, makes the exit code 1. `mxaudit policy make` writes
# such a table from a report.
#[policy]
# Its name, printed in every report.
#name = "example.org mail"
# Its version; count it up with each change.
#version = 1
# The worst grade that a host may have.
#minimum_grade = "B"
# What must come out of a check of the grade, and what may not: pass, warn or fail. Repeat the table for each.
#[[policy.check]]
# The check, by its id in the report's grade.
#id = "operations.postmaster"
# One of these must come out, where the check applies to the host.
#required = ["pass"]
# None of these may.
#forbidden = ["fail"]
# The MX records of a domain name these hosts and no others. Repeat the table for each.
#[[policy.mx]]
# The mail domain, which has to be audited by its name.
#domain = "example.org"
# All hosts.
#hosts = ["mx1.example.org", "mx2.example.org"]
# What cells of the relay matrix show, "yes" or "no", where it is asked for.
#[policy.matrix]
# A stranger who writes to your users in your users' names.
#foreign.local.local = "no"
"##
    )
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::Config;
    use super::*;

    const TODAY: Date = date(2026, 11, 22);

    fn parse(text: &str) -> Config {
        Config::parse(text, "mxaudit.toml", TODAY).unwrap()
    }

    /// Removes the `#` before examples and leaves explanations.
    fn with_examples(text: &str) -> String {
        let example =
            |line: &str| line.strip_prefix('#').filter(|l| !l.starts_with(' ')).map(str::to_owned);
        text.lines().map(|l| example(l).unwrap_or_else(|| l.to_owned()) + "\n").collect()
    }

    #[test]
    fn as_written_it_says_nothing() {
        let config = parse(&template(TODAY));
        assert_eq!(config.auditor, Default::default());
        assert_eq!(config.local, Default::default());
        assert_eq!(config.matrix, []);
        assert_eq!(config.rules, []);
        assert_eq!(config.suppressions, []);
        assert_eq!(config.policy, None);
    }

    #[test]
    fn its_examples_use_every_key() {
        let config = parse(&with_examples(&template(TODAY)));
        let auditor = config.auditor;
        assert!(auditor.domain.is_some() && auditor.contact.is_some() && auditor.canary.is_some());
        assert!(auditor.canary_address.is_some() && auditor.helo.is_some());
        assert!(auditor.client_name.is_some());
        assert!(!config.local.partners.is_empty() && config.local.mx_domain.is_some());
        assert!(!config.local.domains.is_empty() && config.local.user.is_some());
        assert_eq!(config.matrix.len(), 2);
        let [rule] = config.rules.as_slice() else { panic!("{:?}", config.rules) };
        assert!(!rule.networks.is_empty() && !rule.domains.is_empty() && !rule.exclude.is_empty());
        assert!(rule.authorized_by.is_some());
        assert_eq!(rule.expires, Some(date(2027, 1, 21)));
        let policy = config.policy.unwrap();
        assert_eq!((policy.name.as_str(), policy.version), ("example.org mail", 1));
        assert!(policy.minimum_grade.is_some() && policy.checks.len() == 1);
        assert!(policy.mx.len() == 1 && policy.matrix.len() == 1);
        let [one] = config.suppressions.as_slice() else { panic!("{:?}", config.suppressions) };
        assert!(one.code.is_some() && one.list.is_some() && !one.reason.is_empty());
        assert_eq!((one.check.as_str(), one.expires), ("postmaster-refused", date(2027, 1, 21)));
    }

    #[test]
    fn every_example_has_its_explanation() {
        let text = template(TODAY);
        let lines: Vec<_> = text.lines().collect();
        for pair in lines.windows(2) {
            let example = pair[1].starts_with('#') && !pair[1].starts_with("# ");
            assert!(!example || pair[0].starts_with("# "), "{}", pair[1]);
        }
    }
}
