//! Rules that ask a list.

use super::super::Asked;
use super::super::reading::zone_name;

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) plugin: Plugin,
    pub(super) ask: Ask,
}

/// The plugin that runs a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plugin {
    /// Addresses and names from the header.
    DnsEval,
    /// Addresses and names from URIs.
    UriDnsbl,
    /// Hashes.
    HashBl,
}

/// What a rule asks.
#[derive(Debug)]
pub(super) enum Ask {
    /// Nothing: it is defined again later.
    Nothing,
    /// A zone, for itself or for the rules of its set.
    Zone {
        zone: String,
        asked: Vec<Asked>,
        set: Option<String>,
        subtest: Option<String>,
        /// Whether TXT records are compared and not addresses.
        txt: bool,
    },
    /// Nothing of its own: it judges the answers that another rule of the set got.
    Sub { set: String, subtest: String },
}

impl Rule {
    pub(super) fn compares_text(&self) -> bool {
        matches!(&self.ask, Ask::Zone { txt: true, .. })
    }

    /// Whether answers outside 127.0.0.0/8 are dropped before any comparison. URIDNSBL does that only for rules that
    /// compare nothing.
    pub(super) fn drops_others(&self) -> bool {
        match (&self.ask, self.plugin) {
            (Ask::Zone { subtest, .. }, Plugin::UriDnsbl) => subtest.is_none(),
            _ => true,
        }
    }
}

/// What a line is.
pub(super) enum Read {
    /// A rule that asks a list.
    Rule(Rule),
    /// A rule that asks a list in a way that is not read.
    Unclear(String),
    /// Something else.
    Other,
}

/// Reads a line: its first word and the rest.
pub(super) fn read(key: &str, value: &str, line: usize, text: &str) -> Read {
    let (name, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    let found = match key {
        "uridnsbl" | "uridnssub" => uri(rest, Asked::OtherAddress, key.ends_with("sub")),
        "urirhsbl" | "urirhssub" | "urinsrhsbl" | "urinsrhssub" | "urifullnsrhsbl"
        | "urifullnsrhssub" => uri(rest, Asked::Content, key.ends_with("sub")),
        "header" | "body" | "rawbody" | "full" => match eval(rest.trim()) {
            Some((function, arguments)) => call(function, arguments),
            None => return Read::Other,
        },
        _ => return Read::Other,
    };
    match found {
        Ok(Some((plugin, ask))) => {
            Read::Rule(Rule { name: name.to_owned(), line, text: text.to_owned(), plugin, ask })
        }
        Ok(None) => Read::Other,
        Err(message) => Read::Unclear(message),
    }
}

type Found = Result<Option<(Plugin, Ask)>, String>;

/// `zone type` or `zone type subtest`.
fn uri(rest: &str, asked: Asked, sub: bool) -> Found {
    let mut words = rest.split_whitespace();
    let zone = zone(words.next().unwrap_or_default())?;
    let txt = words.next().is_some_and(|kind| kind.eq_ignore_ascii_case("TXT"));
    let subtest = words.next().map(str::to_owned);
    if sub && subtest.is_none() {
        return Err(format!("the answers of {zone} that count are missing"));
    }
    let subtest = subtest.filter(|_| sub);
    let ask = Ask::Zone { zone, asked: vec![asked], set: None, subtest, txt };
    Ok(Some((Plugin::UriDnsbl, ask)))
}

/// The function and the arguments of `eval:function(arguments)`. The inner `None` is a list of arguments that
/// SpamAssassin does not read either.
fn eval(text: &str) -> Option<(&str, Option<Vec<String>>)> {
    let call = text.strip_prefix("eval:")?.trim();
    let (function, rest) = call.split_once('(')?;
    let inside = rest.trim_end().strip_suffix(')')?;
    Some((function.trim(), arguments(inside)))
}

/// Quoted strings and bare words with commas between them.
fn arguments(text: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| ['\'', '"'].contains(c));
        let (argument, after) = match quote {
            Some(quote) => rest.get(1..)?.split_once(quote)?,
            None => rest.split_at_checked(rest.find(',').unwrap_or(rest.len()))?,
        };
        found.push(if quote.is_some() { argument } else { argument.trim() }.to_owned());
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(found)
}

fn call(function: &str, arguments: Option<Vec<String>>) -> Found {
    let hash = function.starts_with("check_hashbl_");
    if !hash && !function.starts_with("check_rbl") {
        return Ok(None);
    }
    let Some(arguments) = arguments else {
        return Err(format!("the arguments of `{function}` cannot be read"));
    };
    let argument = |index: usize| arguments.get(index).cloned().filter(|text| !text.is_empty());
    let set = argument(0).ok_or_else(|| format!("`{function}` has no argument"))?;
    if hash {
        return hashed(function, &set, argument);
    }
    if function == "check_rbl_sub" {
        let subtest = argument(1).ok_or("`check_rbl_sub` names no answer")?;
        return Ok(Some((Plugin::DnsEval, Ask::Sub { set, subtest })));
    }
    let asked = match function {
        "check_rbl" | "check_rbl_txt" | "check_rbl_accreditor" => hops(&set),
        "check_rbl_envfrom" | "check_rbl_from_domain" | "check_rbl_from_host" => {
            vec![Asked::Sender]
        }
        "check_rbl_ns_from" => vec![Asked::OtherAddress],
        "check_rbl_rcvd" => vec![Asked::ReverseName],
        "check_rbl_headers" => vec![Asked::Content],
        _ => return Err(format!("`{function}` is not known; it may ask a list")),
    };
    let zone = zone(&argument(1).unwrap_or_default())?;
    let txt = function == "check_rbl_txt";
    let ask = Ask::Zone { zone, asked, set: Some(set), subtest: argument(2), txt };
    Ok(Some((Plugin::DnsEval, ask)))
}

/// Which hops a set is about, by the end of its name.
fn hops(set: &str) -> Vec<Asked> {
    if set.ends_with("-lastexternal") || set.ends_with("-firsttrusted") {
        vec![Asked::ClientAddress]
    } else {
        vec![Asked::ClientAddress, Asked::ReceivedAddress]
    }
}

fn hashed(function: &str, zone_text: &str, argument: impl Fn(usize) -> Option<String>) -> Found {
    let at = match function {
        "check_hashbl_emails" | "check_hashbl_bodyre" | "check_hashbl_tag" => 3,
        "check_hashbl_uris" | "check_hashbl_attachments" => 2,
        _ => return Err(format!("`{function}` is not known; it may ask a list")),
    };
    let (name, kind) = zone_text.split_once('/').unwrap_or((zone_text, "A"));
    let ask = Ask::Zone {
        zone: zone(name)?,
        asked: vec![Asked::Hash],
        set: None,
        subtest: argument(at),
        txt: kind.eq_ignore_ascii_case("TXT"),
    };
    Ok(Some((Plugin::HashBl, ask)))
}

fn zone(text: &str) -> Result<String, String> {
    zone_name(text).ok_or_else(|| format!("`{text}` is no name of a zone"))
}
