//! Exim: the conditions `dnslists` of its ACLs (its specification, chapter "Access control lists").

mod acl;
mod item;
mod lines;

use super::reading::{Reading, mentions_lists};

/// Reads a run time configuration, or a fragment of one that holds ACL statements.
pub(super) fn read(text: &str, reading: &mut Reading) {
    let lines = lines::logical_lines(text, reading);
    let sections = lines.iter().any(|line| section(&line.text).is_some());
    let mut statement = acl::Statement::default();
    // A fragment has no sections and is taken for a part of an ACL.
    let mut in_acl = !sections;
    for line in &lines {
        if let Some(name) = section(&line.text) {
            in_acl = name.eq_ignore_ascii_case("acl");
            statement = acl::Statement::default();
        } else if in_acl {
            statement.read(line, reading);
        } else {
            outside(line, reading);
        }
    }
}

fn section(text: &str) -> Option<&str> {
    let (word, name) = text.split_once(char::is_whitespace)?;
    word.eq_ignore_ascii_case("begin").then(|| name.trim())
}

/// Outside of ACLs a list can be asked only by computing the name.
fn outside(line: &lines::Logical, reading: &mut Reading) {
    let name = line.text.split('=').next().unwrap_or_default();
    if name.trim() == "rbl_domains" {
        let message = "`rbl_domains` is of Exim 3; since Exim 4, `dnslists` in an ACL asks lists";
        reading.not_followed(line.number, &line.text, message);
    } else if line.text.contains("reverse_ip") || mentions_lists(&line.text) {
        let message = "it may ask a list outside of an ACL, by a name that it computes";
        reading.not_followed(line.number, &line.text, message);
    }
}
