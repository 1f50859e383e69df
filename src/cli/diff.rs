//! `mxaudit diff`: two stored reports compared. No network.

use crate::report::diff;

use super::args::{DiffArgs, DiffFormat};
use super::exit::{self, Exit, Failure};
use super::output::Output;
use super::{earlier, reports};

pub(super) fn diff(args: &DiffArgs) -> Result<Exit, Failure> {
    let (old, new) = (earlier::facts(&args.old)?, earlier::facts(&args.new)?);
    let mut output = Output::prepare(args.output.as_deref(), "--output")?;
    let report = diff::compare(&old, &new);
    let mut bytes = Vec::new();
    let written = match args.format {
        DiffFormat::Terminal => reports::on_screen(output.is_standard(), &mut bytes, |out| {
            diff::write_terminal(&report, out)
        }),
        DiffFormat::Html => diff::write_html(&report, &mut bytes),
        DiffFormat::Json => diff::write_json(&report, &mut bytes),
    };
    written.map_err(Failure::internal)?;
    output.write(&bytes)?;
    Ok(exit::of_diff(&report, args.fail_on.severity()))
}
