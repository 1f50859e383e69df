//! What the writers print for hosts made by hand.

use super::fixtures::{closed, deferred, hostile, open, report, run, unreachable};
use super::model::HostReport;
use super::terminal::{Options, write};

/// The text without its colours.
fn plain(hosts: Vec<HostReport>, options: Options) -> String {
    let mut bytes = Vec::new();
    write(&run(hosts, Vec::new()), &mut bytes, options).unwrap();
    anstream::adapter::strip_str(std::str::from_utf8(&bytes).unwrap()).to_string()
}

#[test]
fn show() {
    for evidence in [open(), closed(), deferred(), unreachable(), hostile()] {
        println!("{}\n=====", plain(vec![report(&evidence)], Options::default()));
    }
    println!(
        "{}",
        plain(
            [open(), closed(), deferred(), unreachable()].iter().map(report).collect(),
            Options::default()
        )
    );
}
