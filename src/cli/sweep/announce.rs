//! The plan of a sweep, printed before it starts: what will be asked, on whose authority, at what
//! pace, and what that will take.

use std::fmt::Write as _;

use super::estimate::{Estimate, grouped, spoken};
use super::limits::Fitted;
use super::lists::Questions;

/// What is told.
#[derive(Debug)]
pub(super) struct Announcement<'a> {
    pub(super) addresses: u64,
    /// Those of them that ended in an earlier part of the run, times ports.
    pub(super) done: u64,
    pub(super) ports: &'a [u16],
    /// How many addresses are left out, and why.
    pub(super) left_out: &'a [(u64, String)],
    /// Each part of the targets with what permits it.
    pub(super) permits: &'a [(u64, String)],
    /// Mail hosts of named domains that are not probed.
    pub(super) not_probed: &'a [String],
    pub(super) profile: &'static str,
    pub(super) estimate: Estimate,
    /// What lists are asked; `None` where none are.
    pub(super) questions: Option<Questions>,
    pub(super) fitted: &'a Fitted,
    pub(super) deadline: u32,
    pub(super) seed: u64,
}

/// How many parts of a list are told.
const MOST: usize = 8;

impl Announcement<'_> {
    /// The plan in lines.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        let mut row = |name: &str, text: String| {
            let _ = writeln!(out, "  {name:<12} {text}");
        };
        let ports: Vec<_> = self.ports.iter().map(u16::to_string).collect();
        let done = match self.done {
            0 => String::new(),
            done => format!(", {} of them done before", grouped(done)),
        };
        let jobs = self.addresses.saturating_mul(self.ports.len() as u64);
        row(
            "targets",
            format!(
                "{} addresses, {} {}: {} to try{done}",
                grouped(self.addresses),
                if self.ports.len() == 1 { "port" } else { "ports" },
                ports.join(", "),
                grouped(jobs)
            ),
        );
        for (count, why) in self.left_out {
            row("left out", format!("{} {why}", grouped(*count)));
        }
        for host in self.not_probed.iter().take(MOST) {
            row("left alone", host.clone());
        }
        if self.not_probed.len() > MOST {
            row("", format!("and {} more", self.not_probed.len() - MOST));
        }
        for (at, (count, what)) in self.permits.iter().take(MOST).enumerate() {
            let name = if at == 0 { "permitted" } else { "" };
            row(name, format!("{} by {what}", grouped(*count)));
        }
        if self.permits.len() > MOST {
            row("", format!("and by {} more entries", self.permits.len() - MOST));
        }
        let Estimate { connections: (least, all), most, time: (dark, alive) } = self.estimate;
        row(
            "connections",
            format!(
                "{} if nobody answers; about {} if all do{}",
                grouped(least),
                grouped(all),
                match most > all {
                    true => format!(", up to {} if none is plainly closed", grouped(most)),
                    false => String::new(),
                }
            ),
        );
        row("profile", self.profile.to_owned());
        for line in lists(self.questions.as_ref()) {
            row("lists", line);
        }
        row(
            "time",
            format!("{} if nobody answers, about {} if all do", spoken(dark), spoken(alive)),
        );
        let no_limit = |count: u64, text: String| if count == 0 { None } else { Some(text) };
        let rates = self.fitted.limits.rates;
        let pace = [
            Some(format!("{} hosts at once", grouped(self.fitted.max_hosts as u64))),
            Some(match self.fitted.limits.per_host {
                1 => "one connection at a time to one address".to_owned(),
                many => format!("{many} connections at a time to one address"),
            }),
            no_limit(rates.all.into(), format!("{} new ones a second", grouped(rates.all.into()))),
            no_limit(rates.prefix.into(), format!("{} to one /24", grouped(rates.prefix.into()))),
            no_limit(
                self.deadline.into(),
                format!(
                    "an end after {}",
                    spoken(std::time::Duration::from_secs(self.deadline.into()))
                ),
            ),
        ];
        row("pace", pace.into_iter().flatten().collect::<Vec<_>>().join(", "));
        row("seed", self.seed.to_string());
        out
    }
}

/// What lists are asked, in lines.
fn lists(questions: Option<&Questions>) -> Vec<String> {
    let Some(Questions { once, each, most, too_many, .. }) = questions else {
        return vec!["none are asked".to_owned()];
    };
    let first = match each {
        0 => format!("{} questions", grouped(*once)),
        each => format!(
            "{} questions once, and {} for each host found at a public address: up to {}, and \
             more where one is listed",
            grouped(*once),
            grouped(*each),
            grouped(*most)
        ),
    };
    let too_many = too_many.iter().map(|(zone, limit)| {
        format!(
            "{zone} is asked no more than {} a day, as its operator wants it; --over-limit asks on",
            grouped(*limit)
        )
    });
    [first].into_iter().chain(too_many).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lists_are_asked_is_told() {
        assert_eq!(lists(None), ["none are asked"]);
        let domains = Questions { once: 1020, each: 0, most: 1020, ..Questions::default() };
        assert_eq!(lists(Some(&domains)), ["1,020 questions"]);
        let too_many = vec![("sem-black".to_owned(), 100_000)];
        let all = Questions { once: 90, each: 12, most: 786_522, too_many, ..domains };
        let want = [
            "90 questions once, and 12 for each host found at a public address: up to 786,522, and \
             more where one is listed",
            "sem-black is asked no more than 100,000 a day, as its operator wants it; --over-limit \
             asks on",
        ];
        assert_eq!(lists(Some(&all)), want);
    }
}
