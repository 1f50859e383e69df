//! The sample report, with which a user's template is tried before anything is asked.

use std::io;

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde_json::Value as Json;

use super::map::map;
use super::rows::{LETTERS, Row};
use super::template::{PageOptions, Templates};
use crate::report::model::{Summary, SweepCounts};

/// What `reports/samples/` shows of a run.
const SAMPLE: &str = include_str!("../../../reports/samples/report.json");

/// Writes pages of the sample as of a run of `check`, and as of a sweep.
pub(super) fn page(options: &PageOptions) -> io::Result<()> {
    let templates = Templates::new(options)?;
    let sample: Json = serde_json::from_str(SAMPLE).map_err(io::Error::other)?;
    let part = |name| Value::from(Serde(sample.get(name).cloned().unwrap_or_default()));
    let hosts = sample.get("hosts").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<_> = (1..=16).map(row).collect();
    for sweep in [None, Some(SweepCounts::default())] {
        templates.page(context! {
            tool => "mxaudit",
            run => part("run"),
            terms => ["a remark"],
            not_probed => part("not_probed"),
            summary => Serde(Summary { hosts: hosts.len(), ..Summary::default() }),
            sweep => Serde(sweep),
            grades => Serde(super::bars(&Summary::default())),
            map => Serde(map(&rows)),
            rows => Serde(&rows),
            hosts => "<details></details>",
        })?;
    }
    Ok(())
}

fn row(number: usize) -> Row {
    let last = u8::try_from(number).unwrap_or_default();
    Row {
        number,
        label: format!("mx{number}.example.test:25"),
        address: [192, 0, 2, last].into(),
        grade: LETTERS[number % LETTERS.len()],
        class: "N",
        grade_rank: 0,
        verdict: "inconclusive",
        verdict_rank: 2,
        findings: 1,
        checks: "open-relay".into(),
        coverage: 50,
        place: number,
    }
}
