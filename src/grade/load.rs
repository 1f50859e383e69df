//! Policy files: TOML in, [`Policy`] out, every fault with its place.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::Letter;
use super::policy::{Cap, Category, Check, CoverageBound, Policy, Thresholds, When};
use crate::finding::catalogue;
use crate::probe::SourceError;

/// With these the exact arithmetic of a score fits into 128 bits.
const MOST_CATEGORIES: usize = 12;
const MOST_POINTS: u32 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    version: Spanned<u32>,
    name: Spanned<String>,
    thresholds: Spanned<Thresholds>,
    #[serde(default)]
    coverage: Vec<Spanned<CoverageBound>>,
    category: Vec<RawCategory>,
    #[serde(default)]
    cap: Vec<RawCap>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCategory {
    id: Spanned<String>,
    title: Spanned<String>,
    weight: Spanned<u32>,
    check: Vec<RawCheck>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    id: Spanned<String>,
    points: Spanned<u32>,
    title: Spanned<String>,
    #[serde(default = "yes")]
    built: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCap {
    id: Spanned<String>,
    letter: Spanned<Letter>,
    check: Spanned<String>,
    when: Spanned<When>,
    finding: Option<Spanned<String>>,
    text: Spanned<String>,
}

/// A file while it is being read.
struct File<'a> {
    name: &'a str,
    source: &'a str,
}

impl Policy {
    /// Reads a policy. `file` is the name for errors. What it must hold is such that no failure
    /// and no unknown can raise a grade.
    pub fn parse(file: &str, text: &str) -> Result<Self, SourceError> {
        let raw: RawPolicy =
            toml::from_str(text).map_err(|error| SourceError::from_toml(file, text, &error))?;
        File { name: file, source: text }.policy(raw)
    }
}

impl File<'_> {
    fn error(&self, span: Range<usize>, message: impl Into<String>) -> SourceError {
        SourceError::new(self.name, self.source, Some(span), message.into())
    }

    fn policy(&self, raw: RawPolicy) -> Result<Policy, SourceError> {
        if *raw.version.get_ref() == 0 {
            return Err(self.error(raw.version.span(), "versions are counted from 1"));
        }
        let thresholds = self.thresholds(&raw.thresholds)?;
        let bounds = self.bounds(&raw.coverage, thresholds)?;
        let mut ids = BTreeSet::new();
        let mut categories = Vec::new();
        for category in &raw.category {
            categories.push(self.category(category, &mut ids)?);
        }
        self.check_weights(&raw)?;
        let policy = Policy {
            version: *raw.version.get_ref(),
            name: self.line(&raw.name)?,
            thresholds,
            bounds,
            categories,
            caps: raw.cap.iter().map(|cap| self.cap(cap)).collect::<Result<_, _>>()?,
        };
        let mut cap_ids = BTreeSet::new();
        for cap in &raw.cap {
            self.unique(&cap.id, &mut cap_ids)?;
            self.check_cap(cap, &policy)?;
        }
        Ok(policy)
    }

    fn thresholds(&self, raw: &Spanned<Thresholds>) -> Result<Thresholds, SourceError> {
        let thresholds = *raw.get_ref();
        let steps = thresholds.steps();
        let falling = steps.windows(2).all(|pair| match pair {
            [(_, better), (_, worse)] => better > worse,
            _ => false,
        });
        if !falling || thresholds.a_plus > 100 || thresholds.d == 0 {
            let message = "thresholds fall from a_plus, at most 100, to d, at least 1";
            return Err(self.error(raw.span(), message));
        }
        Ok(thresholds)
    }

    fn bounds(
        &self,
        raw: &[Spanned<CoverageBound>],
        thresholds: Thresholds,
    ) -> Result<Vec<CoverageBound>, SourceError> {
        for bound in raw {
            let CoverageBound { below, at_most } = *bound.get_ref();
            // A failure is no coverage for the bounds from D upward; a bound above the threshold
            // of the next letter would then hold down a host that was tested as a whole.
            let next =
                thresholds.steps().into_iter().rev().find(|(l, _)| *l > at_most.max(Letter::D));
            let limit = match next {
                _ if at_most == Letter::F => {
                    let message = "F is no bound: what is not known is N, not graded";
                    return Err(self.error(bound.span(), message));
                }
                None => return Err(self.error(bound.span(), "A+ is no bound")),
                Some((Letter::APlus, _)) => 100,
                Some((_, least)) => least,
            };
            if below == 0 || below > limit {
                let message = format!(
                    "`below` is 1 to {limit}: at most {at_most} below more than that would contradict the thresholds"
                );
                return Err(self.error(bound.span(), message));
            }
        }
        Ok(raw.iter().map(|bound| *bound.get_ref()).collect())
    }

    fn category(
        &self,
        raw: &RawCategory,
        ids: &mut BTreeSet<String>,
    ) -> Result<Category, SourceError> {
        self.unique(&raw.id, ids)?;
        let mut checks = Vec::new();
        let mut total: u32 = 0;
        for check in &raw.check {
            self.unique(&check.id, ids)?;
            let points = *check.points.get_ref();
            total = total.saturating_add(points);
            if points == 0 || total > MOST_POINTS {
                let message = format!(
                    "a check has at least 1 point, and the checks of a category at most {MOST_POINTS}"
                );
                return Err(self.error(check.points.span(), message));
            }
            checks.push(Check {
                id: self.line(&check.id)?,
                points,
                title: self.line(&check.title)?,
                built: check.built,
            });
        }
        if checks.is_empty() {
            return Err(self.error(raw.id.span(), "a category has at least one check"));
        }
        Ok(Category {
            id: self.line(&raw.id)?,
            title: self.line(&raw.title)?,
            weight: *raw.weight.get_ref(),
            checks,
        })
    }

    fn check_weights(&self, raw: &RawPolicy) -> Result<(), SourceError> {
        let mut total: u32 = 0;
        for (index, category) in raw.category.iter().enumerate() {
            let weight = *category.weight.get_ref();
            total = total.saturating_add(weight);
            if weight == 0 || index >= MOST_CATEGORIES {
                let message = format!("at most {MOST_CATEGORIES} categories, none of weight 0");
                return Err(self.error(category.weight.span(), message));
            }
        }
        if total != 100 {
            let span = raw.category.last().map_or(0..0, |category| category.weight.span());
            return Err(self.error(span, format!("the weights make {total}, not 100")));
        }
        Ok(())
    }

    fn cap(&self, raw: &RawCap) -> Result<Cap, SourceError> {
        Ok(Cap {
            id: self.line(&raw.id)?,
            letter: *raw.letter.get_ref(),
            check: raw.check.get_ref().clone(),
            when: *raw.when.get_ref(),
            finding: raw.finding.as_ref().map(|id| id.get_ref().clone()),
            text: self.line(&raw.text)?,
        })
    }

    fn check_cap(&self, raw: &RawCap, policy: &Policy) -> Result<(), SourceError> {
        let check = raw.check.get_ref();
        if policy.find(check).is_none() {
            return Err(self.error(raw.check.span(), format!("no check is called `{check}`")));
        }
        if *raw.letter.get_ref() == Letter::APlus {
            return Err(self.error(raw.letter.span(), "A+ caps nothing: name F, N, D, C, B or A"));
        }
        let unknown = raw.finding.as_ref().filter(|id| catalogue::find(id.get_ref()).is_none());
        if let Some(finding) = unknown {
            let message = format!("finding `{}` is not in the catalogue", finding.get_ref());
            return Err(self.error(finding.span(), message));
        }
        if *raw.when.get_ref() != When::Untested {
            return Ok(());
        }
        if let Some(finding) = &raw.finding {
            let message = "nothing was found where nothing was tested: leave `finding` out";
            return Err(self.error(finding.span(), message));
        }
        let failure_is_no_better = policy.caps.iter().any(|other| {
            other.check == *check
                && other.when != When::Untested
                && other.finding.is_none()
                && other.letter <= *raw.letter.get_ref()
        });
        if !failure_is_no_better {
            let message = format!(
                "`{check}` needs a cap for its failure too, at {} or worse: a failure must not be better than not knowing",
                raw.letter.get_ref()
            );
            return Err(self.error(raw.when.span(), message));
        }
        Ok(())
    }

    fn unique(&self, id: &Spanned<String>, ids: &mut BTreeSet<String>) -> Result<(), SourceError> {
        if ids.insert(id.get_ref().clone()) {
            return Ok(());
        }
        Err(self.error(id.span(), format!("`{}` stands here twice", id.get_ref())))
    }

    /// A text that is one line, and not empty.
    fn line(&self, text: &Spanned<String>) -> Result<String, SourceError> {
        let line = text.get_ref();
        if line.trim().is_empty() || line.contains(char::is_control) {
            return Err(self.error(text.span(), "one line of text, not empty"));
        }
        Ok(line.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"version = 2
name = "small"
thresholds = { a_plus = 97, a = 90, b = 80, c = 65, d = 50 }
[[coverage]]
below = 90
at_most = "B"
[[category]]
id = "relay"
title = "relay"
weight = 60
check = [{ id = "relay.variants", points = 3, title = "closed" }]
[[category]]
id = "rest"
title = "rest"
weight = 40
check = [{ id = "rest.one", points = 1, title = "one" }, { id = "rest.two", points = 1, title = "two", built = false }]
[[cap]]
id = "open"
letter = "F"
check = "relay.variants"
when = "fail"
finding = "open-relay"
text = "it relays"
"#;

    #[test]
    fn a_good_file_is_read() {
        let policy = Policy::parse("p.toml", GOOD).unwrap();
        assert_eq!((policy.version, policy.name.as_str()), (2, "small"));
        let (category, check) = policy.find("rest.two").unwrap();
        assert_eq!((category.weight, check.points, check.built), (40, 1, false));
        assert_eq!(policy.caps[0].finding.as_deref(), Some("open-relay"));
    }

    #[test]
    fn a_bad_file_is_told_where_and_why() {
        let table = [
            ("version = 2", "version = 0", "p.toml:1:11: versions are counted"),
            ("version = 2\n", "", "missing field `version`"),
            ("name = \"small\"", "name = \"\"", "p.toml:2:8: one line of text"),
            ("name = \"small\"", "name = small", "p.toml:2:8: "),
            ("a = 90", "a = 97", "p.toml:3:14: thresholds fall"),
            ("a_plus = 97", "a_plus = 101", "p.toml:3:14: thresholds fall"),
            ("d = 50", "d = 0", "p.toml:3:14: thresholds fall"),
            ("d = 50", "d = 50, e = 40", "unknown field `e`"),
            ("below = 90", "below = 91", "`below` is 1 to 90"),
            ("at_most = \"B\"", "at_most = \"A+\"", "A+ is no bound"),
            ("at_most = \"B\"", "at_most = \"F\"", "F is no bound"),
            ("at_most = \"B\"", "at_most = \"E\"", "p.toml:6:11: unknown variant `E`"),
            ("weight = 40", "weight = 41", "p.toml:15:10: the weights make 101, not 100"),
            ("weight = 40", "weight = 0", "p.toml:15:10: at most 12 categories"),
            ("weight = 60", "weight = 6.5", "p.toml:10:10: invalid type"),
            ("id = \"rest\"", "id = \"relay\"", "p.toml:13:6: `relay` stands here twice"),
            ("rest.two", "rest.one", "`rest.one` stands here twice"),
            ("points = 3", "points = 0", "p.toml:11:44: a check has at least 1 point"),
            ("points = 3", "points = 101", "at most 100"),
            (
                "check = [{ id = \"relay.variants\", points = 3, title = \"closed\" }]",
                "check = []",
                "p.toml:8:6: a category has at least one check",
            ),
            (
                "check = \"relay.variants\"",
                "check = \"relay.other\"",
                "p.toml:20:9: no check is called `relay.other`",
            ),
            ("letter = \"F\"", "letter = \"A+\"", "p.toml:19:10: A+ caps nothing"),
            ("when = \"fail\"", "when = \"pass\"", "p.toml:21:8: unknown variant `pass`"),
            (
                "open-relay",
                "no-such-thing",
                "p.toml:22:11: finding `no-such-thing` is not in the catalogue",
            ),
            ("when = \"fail\"", "when = \"untested\"", "leave `finding` out"),
            (
                "when = \"fail\"\nfinding = \"open-relay\"",
                "when = \"untested\"",
                "p.toml:21:8: `relay.variants` needs a cap for its failure",
            ),
        ];
        for (old, new, want) in table {
            let text = GOOD.replacen(old, new, 1);
            assert_ne!(text, GOOD, "{old} is in the file");
            let error = Policy::parse("p.toml", &text).expect_err(want).to_string();
            assert!(error.starts_with("p.toml:") && error.contains(want), "{error}\nwant {want}");
        }
    }

    #[test]
    fn two_caps_may_not_share_an_id() {
        let cap = &GOOD[GOOD.find("[[cap]]").unwrap()..];
        let error = Policy::parse("p.toml", &format!("{GOOD}{cap}")).unwrap_err();
        assert_eq!(error.to_string(), "p.toml:25:6: `open` stands here twice");
    }

    #[test]
    fn too_many_categories_are_refused() {
        let category = |n: usize| {
            format!(
                "[[category]]\nid = \"c{n}\"\ntitle = \"c\"\nweight = 7\ncheck = [{{ id = \"k{n}\", points = 1, title = \"k\" }}]\n"
            )
        };
        let head = &GOOD[..GOOD.find("[[category]]").unwrap()];
        let text = format!("{head}{}", (0..13).map(category).collect::<String>());
        let error = Policy::parse("p.toml", &text).unwrap_err();
        assert!(error.message.contains("at most 12 categories"), "{error}");
    }

    #[test]
    fn the_embedded_policy_is_good() {
        let policy = Policy::embedded().unwrap();
        assert_eq!(policy.version, 1);
        assert_eq!(policy.categories.len(), 6);
    }
}
