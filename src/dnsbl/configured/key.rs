//! Keys within the names of lists. They are taken out of everything that can be shown.

use std::fmt;

/// What stands in the place of a key.
const PLACEHOLDER: &str = "{key}";
/// What names of lists with a key end in.
const OPERATORS: [&str; 2] = [".dq.spamhaus.net", ".abusix.zone"];
/// The labels below these that are no keys.
const SETS: [&str; 20] = [
    "mail", "zen", "sbl", "css", "xbl", "pbl", "sbl-xbl", "authbl", "dbl", "zrd", "hbl",
    "combined", "black", "exploit", "dynamic", "policy", "noip", "white", "dblack", "nod",
];

/// A key for asking a list. Its Debug form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The key itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The name of a list without the key in it, and the key.
pub(super) fn split(name: &str) -> Option<(String, Secret)> {
    OPERATORS.iter().find_map(|operator| {
        let before = name.strip_suffix(operator)?;
        let (key, set) = parts(before, &SETS);
        let secret = Secret(key.rsplit('.').next().unwrap_or_default().to_owned());
        (!key.is_empty()).then(|| (format!("{PLACEHOLDER}{set}{operator}"), secret))
    })
}

/// The text without the keys that stand in names of lists.
pub(super) fn masked(text: &str) -> String {
    OPERATORS.iter().fold(text.to_owned(), |text, operator| mask(&text, operator, &SETS))
}

/// The text without what stands in front of `suffix`, which begins with a dot.
pub fn masked_before(text: &str, suffix: &str) -> String {
    mask(text, suffix, &[])
}

/// The text without a key, in whatever case it stands there, and without the part of it that a cut has left at the end.
pub fn masked_of(text: &str, key: &str) -> String {
    let (lower, key) = (text.to_ascii_lowercase(), key.to_ascii_lowercase());
    if key.is_empty() {
        return text.to_owned();
    }
    let (mut out, mut end) = (String::new(), 0);
    for (at, _) in lower.match_indices(&key) {
        out.push_str(text.get(end..at).unwrap_or_default());
        out.push_str(PLACEHOLDER);
        end = at + key.len();
    }
    let rest = text.get(end..).unwrap_or_default();
    let cut = rest.strip_suffix('…').and_then(|rest| {
        let lower = rest.to_ascii_lowercase();
        let parts = (4..key.len()).rev().filter_map(|len| key.get(..len));
        let len = parts.into_iter().find(|part| lower.ends_with(part))?.len();
        rest.get(..rest.len() - len)
    });
    match cut {
        Some(kept) => format!("{out}{kept}{PLACEHOLDER}…"),
        None => out + rest,
    }
}

/// The key with what stands before it, and the labels of the set with their dots.
fn parts<'a>(before: &'a str, sets: &[&str]) -> (&'a str, &'a str) {
    let mut key = before;
    while !key.is_empty() {
        let (rest, last) = key.rsplit_once('.').unwrap_or(("", key));
        if !sets.iter().any(|set| last.eq_ignore_ascii_case(set)) {
            break;
        }
        key = rest;
    }
    before.split_at(key.len())
}

fn mask(text: &str, suffix: &str, sets: &[&str]) -> String {
    let (plain, places) = unescaped(text);
    let lower = plain.to_ascii_lowercase();
    let place = |at: usize| places.get(at).copied().unwrap_or(text.len());
    let (mut out, mut copied, mut end) = (String::new(), 0, 0);
    for (at, _) in lower.match_indices(&suffix.to_ascii_lowercase()) {
        let before = plain.get(end..at).unwrap_or_default();
        let part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let mut name = before.get(before.trim_end_matches(part).len()..).unwrap_or_default();
        if before.strip_suffix(name).is_some_and(|start| start.ends_with('$')) {
            // The first label is the name of a variable.
            name = name.find('.').and_then(|at| name.get(at..)).unwrap_or_default();
        }
        let (key, _) = parts(name, sets);
        let key = key.trim_start_matches('.');
        if !key.is_empty() {
            let start = at - name.len() + name.find(key).unwrap_or_default();
            out.push_str(text.get(copied..place(start)).unwrap_or_default());
            out.push_str(PLACEHOLDER);
            copied = place(start + key.len());
        }
        end = at;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// The text with every dot plain that stands as `\.` or `[.]`, as in regular expressions, and where each of its bytes
/// begins in the text.
fn unescaped(text: &str) -> (String, Vec<usize>) {
    let (mut plain, mut places) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let at = text.len() - rest.len();
        let behind = rest.trim_start_matches('\\');
        let dot = rest.strip_prefix("[.]").or_else(|| behind.strip_prefix('.'));
        let next = dot.unwrap_or_else(|| rest.get(c.len_utf8()..).unwrap_or_default());
        let c = if dot.is_some() { '.' } else { c };
        plain.push(c);
        places.extend(std::iter::repeat_n(at, c.len_utf8()));
        rest = next;
    }
    (plain, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_masked_wherever_a_name_with_one_stands() {
        let table = [
            ("a.test : KEY.zen.dq.spamhaus.net", "a.test : {key}.zen.dq.spamhaus.net"),
            ("K_1.SBL.dq.Spamhaus.net.=x", "{key}.SBL.dq.Spamhaus.net.=x"),
            ("KEY.mail.abusix.zone", "{key}.mail.abusix.zone"),
            ("KEY.combined.mail.abusix.zone", "{key}.combined.mail.abusix.zone"),
            ("KEY.dblack.abusix.zone", "{key}.dblack.abusix.zone"),
            ("KEY.abusix.zone", "{key}.abusix.zone"),
            ("combined.mail.abusix.zone", "combined.mail.abusix.zone"),
            (r"/^KEY\.zen\.dq\.spamhaus\.net$/", r"/^{key}\.zen\.dq\.spamhaus\.net$/"),
            (r"/KEY\\.zen\\.dq\\.spamhaus\\.net/", r"/{key}\\.zen\\.dq\\.spamhaus\\.net/"),
            ("KEY[.]sbl[.]dq[.]spamhaus[.]net", "{key}[.]sbl[.]dq[.]spamhaus[.]net"),
            (r"ä\d KEY\.mail\.abusix\.zone ö", r"ä\d {key}\.mail\.abusix\.zone ö"),
            (r"zen\.dq\.spamhaus\.net", r"zen\.dq\.spamhaus\.net"),
            (
                "K1.zen.dq.spamhaus.net K2.sbl.dq.spamhaus.net",
                "{key}.zen.dq.spamhaus.net {key}.sbl.dq.spamhaus.net",
            ),
            ("KEY.new.dq.spamhaus.net", "{key}.dq.spamhaus.net"),
            ("_x.KEY.hbl.dq.spamhaus.net", "{key}.hbl.dq.spamhaus.net"),
            ("$key.zen.dq.spamhaus.net", "$key.zen.dq.spamhaus.net"),
            ("zen.dq.spamhaus.net", "zen.dq.spamhaus.net"),
            ("zen.spamhaus.org", "zen.spamhaus.org"),
        ];
        for (text, want) in table {
            assert_eq!(masked(text), want);
        }
        assert_eq!(masked_before("x KEY.keyed.test", ".keyed.test"), "x {key}.keyed.test");
        assert_eq!(masked_of("x S3cretK…", "s3cretkey"), "x {key}…");
    }

    #[test]
    fn nothing_that_is_read_shows_a_key() {
        let long = format!("{} K3yOfMine.zen.dq.spamhaus.net", "x ".repeat(96));
        let texts = [
            "begin acl\na:\n  deny dnslists = psbl.surriel.com : K3yOfMine.zen.dq.spamhaus.net\n"
                .to_owned(),
            "smtpd_client_restrictions = reject_rbl_client K3yOfMine.sbl.dq.spamhaus.net, \
             reject_rbl_client K3yOfMine.mail.abusix.zone\n"
                .to_owned(),
            "smtpd_client_restrictions = permit, reject_rbl_client K3yOfMine.zen.dq.spamhaus.net\n"
                .to_owned(),
            format!(
                "smtpd_client_restrictions = reject_rbl_client psbl.surriel.com, permit, {long}\n"
            ),
            "header __RCVD eval:check_rbl_sub('zen', 'x')\n\
             header RCVD eval:check_rbl('zen', 'K3yOfMine.dblack.abusix.zone.')\n\
             uri OWN /K3yOfMine\\.zen\\.dq\\.spamhaus\\.net/\n"
                .to_owned(),
        ];
        for text in texts {
            let read = super::super::read("main.cf", text.as_bytes()).unwrap();
            let shown = format!("{read:?}").to_ascii_lowercase();
            assert!(!shown.contains("k3yo"), "{shown}");
            assert!(
                ["spamhaus", "psbl", "abusix"].iter().any(|name| shown.contains(name)),
                "{shown}"
            );
        }
    }
}
