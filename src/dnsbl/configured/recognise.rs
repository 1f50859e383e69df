//! Which dialect a file is written in.

use super::Dialect;

const DIALECTS: [Dialect; 7] = [
    Dialect::PostfixMain,
    Dialect::PostfixMaster,
    Dialect::Exim,
    Dialect::SendmailMc,
    Dialect::SendmailCf,
    Dialect::Rspamd,
    Dialect::SpamAssassin,
];

/// The dialect with the most lines that are known from it. The name decides between equals, and where the file holds
/// nothing but comments.
pub(super) fn recognise(name: &str, text: &str) -> Option<Dialect> {
    let named = by_name(name);
    let mut bare = true;
    let mut counts = [0_usize; DIALECTS.len()];
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        bare = false;
        for (count, dialect) in counts.iter_mut().zip(DIALECTS) {
            *count += usize::from(is_line_of(dialect, line, trimmed));
        }
    }
    if bare {
        return named;
    }
    let found = counts.into_iter().zip(DIALECTS).filter(|(count, _)| *count > 0);
    // The last maximum wins, and the named dialect is raised above its equals.
    found.max_by_key(|(count, dialect)| (*count, named == Some(*dialect))).map(|(_, found)| found)
}

fn by_name(name: &str) -> Option<Dialect> {
    let file = name.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    Some(match file.as_str() {
        "main.cf" => Dialect::PostfixMain,
        "master.cf" => Dialect::PostfixMaster,
        "sendmail.cf" | "submit.cf" => Dialect::SendmailCf,
        "rbl.conf" => Dialect::Rspamd,
        "local.cf" => Dialect::SpamAssassin,
        _ if file.starts_with("exim") => Dialect::Exim,
        _ if file.ends_with(".mc") => Dialect::SendmailMc,
        _ => return None,
    })
}

fn is_line_of(dialect: Dialect, line: &str, trimmed: &str) -> bool {
    let word = trimmed.split(|c: char| c.is_whitespace() || c == '=').next().unwrap_or_default();
    match dialect {
        Dialect::PostfixMain => is_parameter(line),
        Dialect::PostfixMaster => is_service(line),
        Dialect::Exim => is_exim(word, trimmed),
        Dialect::SendmailMc => is_m4(word, trimmed),
        Dialect::SendmailCf => is_rule_line(line),
        Dialect::Rspamd => is_ucl(trimmed),
        Dialect::SpamAssassin => is_rule(word, trimmed),
    }
}

/// `name = value` with a name or a value that no other program has.
fn is_parameter(line: &str) -> bool {
    const NAMES: [&str; 17] = [
        "alias_database",
        "alias_maps",
        "biff",
        "compatibility_level",
        "inet_interfaces",
        "inet_protocols",
        "mailbox_size_limit",
        "mydestination",
        "mydomain",
        "myhostname",
        "mynetworks",
        "myorigin",
        "recipient_delimiter",
        "relayhost",
        "soft_bounce",
        "transport_maps",
        "maps_rbl_domains",
    ];
    const VALUES: [&str; 6] = [
        "reject_rbl_client",
        "reject_rhsbl_",
        "permit_dnswl_client",
        "permit_rhswl_client",
        "permit_mynetworks",
        "reject_unauth_destination",
    ];
    let Some((name, value)) = line.split_once('=') else { return false };
    if line.starts_with(char::is_whitespace) {
        return false;
    }
    // `postconf -P` writes `submission/inet/smtpd_client_restrictions = …`.
    let name = name.trim_end().rsplit('/').next().unwrap_or_default();
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain
        && (NAMES.contains(&name)
            || ["smtpd_", "postscreen_", "virtual_"].iter().any(|start| name.starts_with(start))
            || VALUES.iter().any(|word| value.contains(word)))
}

/// A service of master.cf: name, type, three flags.
fn is_service(line: &str) -> bool {
    let fields: Vec<_> = line.split_whitespace().take(8).collect();
    let [_, kind, private, unprivileged, chroot, _, _, _] = fields.as_slice() else { return false };
    !line.starts_with(char::is_whitespace)
        && ["inet", "unix", "unix-dgram", "fifo", "pass"].contains(kind)
        && [private, unprivileged, chroot].iter().all(|flag| ["-", "y", "n"].contains(flag))
}

fn is_exim(word: &str, trimmed: &str) -> bool {
    const VERBS: [&str; 7] = ["accept", "defer", "deny", "discard", "drop", "require", "warn"];
    const OPTIONS: [&str; 5] =
        ["primary_hostname", "domainlist", "hostlist", "addresslist", "rbl_domains"];
    const SECTIONS: [&str; 6] =
        ["acl", "authenticators", "retry", "rewrite", "routers", "transports"];
    let rest = trimmed.get(word.len()..).unwrap_or_default().trim_start();
    match word.trim_start_matches('!') {
        "dnslists" => rest.starts_with('='),
        "begin" => SECTIONS.contains(&rest),
        verb if VERBS.contains(&verb) => {
            rest.is_empty() || rest.contains('=') && !rest.starts_with('=')
        }
        option => option.starts_with("acl_smtp_") || OPTIONS.contains(&option),
    }
}

fn is_m4(word: &str, trimmed: &str) -> bool {
    const CALLS: [&str; 8] = [
        "FEATURE(",
        "MAILER(",
        "OSTYPE(",
        "DOMAIN(",
        "VERSIONID(",
        "divert(",
        "define(`",
        "INPUT_MAIL_FILTER(",
    ];
    word == "dnl" || CALLS.iter().any(|call| trimmed.starts_with(call))
}

/// A line of a generated sendmail.cf: its first letter says what it is.
fn is_rule_line(line: &str) -> bool {
    let mut chars = line.chars();
    let (kind, next) = (chars.next(), chars.next().unwrap_or_default());
    match kind {
        Some('R') => matches!(next, '$' | '<') && line.contains('\t'),
        Some('V') => next.is_ascii_digit() && line.contains('/'),
        Some('O') => next == ' ' && line.contains('='),
        Some('D' | 'C' | 'F') => next == '{' && line.contains('}'),
        Some('K') => {
            let mut words = line.split_whitespace().skip(1);
            words.next().is_some_and(|class| {
                ["dns", "host", "hash", "macro", "arith", "regex", "btree"].contains(&class)
            })
        }
        Some('M') => line.contains(", P=") || line.contains(",\tP="),
        _ => false,
    }
}

fn is_ucl(trimmed: &str) -> bool {
    let key = trimmed.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next();
    let rest = trimmed.get(key.map_or(0, str::len)..).unwrap_or_default();
    let rest = rest.trim_start().trim_start_matches([':', '=']).trim_start();
    match key {
        Some("rbls" | "returncodes" | "returnbits") => rest.is_empty() || rest.starts_with('{'),
        Some("rbl") => rest.starts_with(['{', '"']),
        Some("checks") => rest.starts_with('['),
        Some("returncodes_matcher" | "is_whitelist") => !rest.is_empty(),
        _ => false,
    }
}

/// A rule or a setting of SpamAssassin.
fn is_rule(word: &str, trimmed: &str) -> bool {
    const RULES: [&str; 17] = [
        "body",
        "describe",
        "full",
        "header",
        "meta",
        "rawbody",
        "reuse",
        "score",
        "tflags",
        "uri",
        "uridnsbl",
        "uridnssub",
        "urirhsbl",
        "urirhssub",
        "urinsrhsbl",
        "urinsrhssub",
        "urifullnsrhsbl",
    ];
    const SETTINGS: [&str; 12] = [
        "bayes_auto_learn",
        "ifplugin",
        "loadplugin",
        "report_safe",
        "required_hits",
        "required_score",
        "rewrite_header",
        "skip_rbl_checks",
        "skip_uribl_checks",
        "dns_query_restriction",
        "trusted_networks",
        "use_bayes",
    ];
    let rest = trimmed.get(word.len()..).unwrap_or_default().trim_start();
    let name = rest.split_whitespace().next().unwrap_or_default();
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let ruled = name.len() > 1
        && name.bytes().all(upper)
        && name.bytes().any(|b| b.is_ascii_uppercase())
        && (rest.len() > name.len() || word == "reuse");
    (RULES.contains(&word) && ruled) || (SETTINGS.contains(&word) && !name.is_empty())
}
