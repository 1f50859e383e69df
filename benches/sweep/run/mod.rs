//! stub
use clap::Args;
use crate::error::Result;
#[derive(Debug, Args)]
pub(crate) struct RunArgs {}
pub(crate) fn run(_: &RunArgs) -> Result<bool> { Ok(true) }
