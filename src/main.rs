//! The `mxaudit` command.
fn main() {}
