//! The JSON Schemas (draft 2020-12) of what the JSON writers print, derived from the model.
//!
//! A schema lists in `required` what is always there and allows more: a version may grow, and a
//! reader has to tolerate fields that it does not know.

use schemars::generate::SchemaSettings;
use schemars::transform::{RestrictFormats, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::diff::{self, DiffReport};
use super::jsonl::Line;
use super::lists::{self, ListsReport};
use super::model::{RunReport, SweepSummary};
use super::policy::{self, JudgedPolicy};

/// The schema of the whole report, which [`json::write`](super::json::write) prints.
pub fn report() -> Value {
    let about = "The report of one run of mxaudit over any number of hosts.";
    document::<RunReport>(super::model::SCHEMA, about)
}

/// The schema of each line that [`jsonl::write`](super::jsonl::write) prints.
pub fn jsonl() -> Value {
    let about = "One line of a JSON Lines report of mxaudit: each host has a line, and the last \
                 line is the summary of the run.";
    document::<Line<'_>>("mxaudit.jsonl.v1", about)
}

/// The schema of the numbers of a sweep, which
/// [`json::write_sweep_summary`](super::json::write_sweep_summary) prints.
pub fn sweep_summary() -> Value {
    let about = "A sweep of mxaudit in numbers, as far as it is: summary.json of its folder.";
    document::<SweepSummary<'_>>(SweepSummary::SCHEMA, about)
}

/// The schema of a comparison, which [`diff::write_json`] prints.
pub fn diff() -> Value {
    let about = "Two reports of mxaudit compared. What the newer one does not tell is never fixed.";
    document::<DiffReport>(diff::SCHEMA, about)
}

/// The schema of a stored report that was held to a policy, which [`policy::write_json`] prints.
pub fn policy() -> Value {
    let about = "A stored report of mxaudit that was held to a policy.";
    document::<JudgedPolicy>(policy::SCHEMA, about)
}

/// The schema of the report on lists, which [`lists::json::write`] prints.
pub fn lists() -> Value {
    let about = "What DNS-based lists say about addresses and domains, and what each list has shown of itself.";
    document::<ListsReport>(lists::SCHEMA, about)
}

/// The schema of each line that [`lists::json::write_lines`] prints.
pub fn lists_lines() -> Value {
    let about = "One line of a JSON Lines report of mxaudit on lists: the run first, then each address or domain.";
    document::<lists::json::Line<'_>>("mxaudit.lists-jsonl.v1", about)
}

/// A schema as text, as it stands in `reports/schema/`: indented, with a final newline.
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn document<T: JsonSchema>(title: &str, about: &str) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(addresses)
        .with_transform(RestrictFormats::default());
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".into(), title.into());
    schema.insert("description".into(), about.into());
    schema.to_value()
}

/// Says "an IPv4 or an IPv6 address" in the formats that the standard knows.
fn addresses(schema: &mut Schema) {
    if schema.get("format").and_then(Value::as_str) == Some("ip") {
        schema.remove("format");
        schema.insert("anyOf".into(), json!([{ "format": "ipv4" }, { "format": "ipv6" }]));
    }
    transform_subschemas(&mut addresses, schema);
}
