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
