//! The table of all servers, and how often each tool was right.

use std::fmt::Write as _;
use std::io::Write;
use std::{env, fs};

use anyhow::{Context as _, Result};

use super::nmap::Word;

/// The variable that names the file for the tables.
const VARIABLE: &str = "MXAUDIT_MATRIX";

/// What stands at the top of the file.
const PREFACE: &str = "\
# All servers of the proving ground

One run, written by `MXAUDIT_MATRIX=tests/mta/matrix.md cargo test --test proving_ground`; see `README.md` beside it.
What a server really relays was found out with whole messages, without mxaudit.

";

/// One server.
#[derive(Debug)]
pub(crate) struct Row {
    /// Family and case.
    pub(crate) server: String,
    /// What is special about it.
    pub(crate) about: &'static str,
    /// By how many techniques it relays, of how many tried.
    pub(crate) relays: (usize, usize),
    /// How many messages it returned to the address that they gave as the sender's.
    pub(crate) returned: usize,
    /// Whether it takes foreign recipients and delivers nothing.
    pub(crate) accepts_only: bool,
    /// mxaudit's verdict.
    pub(crate) verdict: String,
    /// mxaudit's proof, where it says open.
    pub(crate) proof: Option<String>,
    /// How many connections mxaudit made.
    pub(crate) connections: usize,
    /// How many commands mxaudit sent.
    pub(crate) commands: usize,
    /// Its verdict and proof with `--confirm`, where that was tried.
    pub(crate) confirmed: Option<(String, String)>,
    /// What nmap says, where it was asked.
    pub(crate) nmap: Option<Word>,
}

impl Row {
    fn confirmed_text(&self) -> String {
        match &self.confirmed {
            Some((verdict, proof)) if proof == "none" => verdict.clone(),
            Some((verdict, proof)) => format!("{verdict}, {proof}"),
            None => "nothing sent".to_owned(),
        }
    }
}

/// Open, closed, anything else.
type Counts = [[usize; 3]; 2];

/// The tables as Markdown.
pub(crate) fn markdown(rows: &[Row]) -> Result<String> {
    let mut text = String::from(
        "| server | what it is | really relays | mxaudit | with --confirm | connections | commands | nmap |\n\
         |---|---|---|---|---|--:|--:|---|\n",
    );
    for row in rows {
        let mut relays = match row.relays {
            (0, _) => "no".to_owned(),
            (yes, all) => format!("yes, {yes} of {all}"),
        };
        if row.accepts_only {
            relays.push_str(", accepts only");
        }
        if row.returned > 0 {
            write!(relays, ", returns {}", row.returned)?;
        }
        let proof = row.proof.as_ref().filter(|proof| *proof != "none");
        let proof = proof.map(|proof| format!(", {proof}")).unwrap_or_default();
        let nmap = row.nmap.as_ref().map_or("not asked".to_owned(), Word::to_string);
        writeln!(
            text,
            "| {} | {} | {relays} | {}{proof} | {} | {} | {} | {nmap} |",
            row.server,
            row.about,
            row.verdict,
            row.confirmed_text(),
            row.connections,
            row.commands
        )?;
    }
    let mut mxaudit = Counts::default();
    let mut confirmed = Counts::default();
    let mut nmap = Counts::default();
    for row in rows {
        let truth = usize::from(row.relays.0 == 0);
        mxaudit[truth][column(&row.verdict)] += 1;
        // Where nothing was accepted there is nothing to confirm.
        let after = row.confirmed.as_ref().map_or(&row.verdict, |(verdict, _)| verdict);
        confirmed[truth][column(after)] += 1;
        match &row.nmap {
            Some(Word::Open(_)) => nmap[truth][0] += 1,
            Some(Word::Closed) => nmap[truth][1] += 1,
            Some(Word::NoVerdict(_)) => nmap[truth][2] += 1,
            None => {}
        }
    }
    for (tool, counts) in [("mxaudit", mxaudit), ("mxaudit --confirm", confirmed), ("nmap", nmap)] {
        write!(text, "\n| {tool} | open | closed | no verdict |\n|---|--:|--:|--:|\n")?;
        for (truth, [open, closed, none]) in ["relays", "does not relay"].iter().zip(counts) {
            writeln!(text, "| {truth} | {open} | {closed} | {none} |")?;
        }
    }
    let only = rows.iter().filter(|row| row.accepts_only).count();
    writeln!(text, "\n{only} of those that do not relay take the recipient and deliver nothing.")?;
    Ok(text)
}

/// Where a verdict of mxaudit is counted.
fn column(verdict: &str) -> usize {
    match verdict {
        "open" | "conditional" => 0,
        "closed" => 1,
        _ => 2,
    }
}

/// Writes the tables to `out`, and to the file that [`VARIABLE`] names.
///
/// # Errors
///
/// Fails where they cannot be written.
pub(crate) fn publish(rows: &[Row], out: &mut dyn Write) -> Result<()> {
    let text = markdown(rows)?;
    writeln!(out, "\n{text}")?;
    if let Some(path) = env::var_os(VARIABLE) {
        fs::write(&path, format!("{PREFACE}{text}")).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
