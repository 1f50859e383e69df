//! What the servers were asked, by their own logs.

use anyhow::{Context as _, Result};

/// One question: the name in lower case without a final dot, and the type of record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) name: String,
    pub(crate) kind: String,
}

impl Asked {
    /// Whether the name is in a zone.
    pub(crate) fn is_within(&self, zone: &str) -> bool {
        self.name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

/// Reads the lines `[TIME] unbound[PID:0] info: CLIENT NAME. TYPE IN`; the log has others.
pub(super) fn of_resolver(log: &str) -> Result<Vec<Asked>> {
    let questions = log.lines().filter_map(|line| {
        let fields: Vec<_> = line.split_once(" info: ")?.1.split(' ').collect();
        match fields[..] {
            [client, name, kind, "IN"] if client.parse::<std::net::IpAddr>().is_ok() => {
                Some((name, kind))
            }
            _ => None,
        }
    });
    Ok(questions
        .map(|(name, kind)| asked(name, kind))
        .filter(|asked| !asked.name.is_empty())
        .collect())
}

/// Reads the lines `TIME CLIENT NAME TYPE CLASS: RESULT`; each is a question.
pub(super) fn of_lists(log: &str) -> Result<Vec<Asked>> {
    log.lines()
        .map(|line| {
            let fields: Vec<_> = line.split(' ').collect();
            let name = fields.get(2).with_context(|| line.to_owned())?;
            let kind = fields.get(3).with_context(|| line.to_owned())?;
            Ok(asked(name, kind))
        })
        .collect()
}

fn asked(name: &str, kind: &str) -> Asked {
    Asked { name: name.trim_end_matches('.').to_ascii_lowercase(), kind: kind.to_owned() }
}
