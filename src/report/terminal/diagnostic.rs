//! One finding, or one reason for not knowing, drawn over the dialogue that shows it.

use std::io::{self, Write};

use anstyle::Style;

use crate::report::also;
use crate::report::escape::{capped, terminal};
use crate::report::model::{DialogueLine, ExplanationReport, FindingReport, HostReport};

use super::style::{BOLD, FRAME, UNKNOWN, level};
use super::wrap::{styled, wrap};

/// Characters of a dialogue line that are shown.
const SHOWN: usize = 300;
/// Spaces before what stands at the end of a headline.
const APART: usize = 10;
/// Carets under a line that is too long to be underlined whole.
const CARETS: usize = 12;

/// Where the parts of one diagnostic stand.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    width: usize,
    /// Digits of the highest line number.
    digits: usize,
    /// The colour of the headline and the carets.
    style: Style,
}

/// Draws a finding.
pub(super) fn finding(
    host: &HostReport,
    finding: &FindingReport,
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    let (word, style) = level(finding.severity);
    let mut page = Page::new(&finding.dialogue, style, out, width);
    let proof = finding.proof.map(|proof| format!("{proof}, ")).unwrap_or_default();
    let confidence = format!("{proof}confidence {}", finding.confidence.as_str());
    page.headline(&format!("{word}[{}]", finding.id), &finding.summary, &confidence)?;
    let code = finding.code.as_deref().map(|code| format!("{code} ")).unwrap_or_default();
    let probe = finding.probe.as_ref().map(|id| format!("  probe {code}{id}"));
    page.place(&format!("{}{}", host.target.label(), probe.unwrap_or_default()))?;
    page.dialogue(&finding.dialogue)?;
    for note in &finding.notes {
        page.item("note", note)?;
    }
    if !finding.also.is_empty() {
        page.item("also accepted", &also::accepted(host, finding).join("; "))?;
    }
    for (mta, fix) in &finding.fix {
        page.item("fix", &format!("{mta}: {fix}"))?;
    }
    if finding.fix.is_empty() && !finding.remedy.is_empty() {
        page.item("fix", finding.remedy)?;
    }
    if !finding.references.is_empty() {
        page.item("see", &finding.references.join(", "))?;
    }
    page.unbroken("explain", &format!("mxaudit explain {}", finding.id))?;
    match &finding.reproduce {
        Some(line) => page.unbroken("reproduce", line),
        None => Ok(()),
    }
}

/// Draws a reason for not knowing.
pub(super) fn explanation(
    host: &HostReport,
    explanation: &ExplanationReport,
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    let mut page = Page::new(&explanation.dialogue, UNKNOWN, out, width);
    page.headline(&format!("unknown[{}]", explanation.reason), &explanation.text, "")?;
    page.place(&host.target.label())?;
    page.dialogue(&explanation.dialogue)?;
    if !explanation.remedy.is_empty() {
        page.item("remedy", &explanation.remedy)?;
    }
    if !explanation.probes.is_empty() {
        page.item("probes", &explanation.probes.join(" "))?;
    }
    Ok(())
}

impl<'a> Page<'a> {
    pub(super) fn new(
        dialogue: &[DialogueLine],
        style: Style,
        out: &'a mut dyn Write,
        width: usize,
    ) -> Self {
        let digits = dialogue.iter().map(|line| line.line.to_string().len()).max().unwrap_or(1);
        Self { out, width, digits, style }
    }

    /// `word: text`, and at the end of its last line what it is worth.
    pub(super) fn headline(&mut self, word: &str, text: &str, worth: &str) -> io::Result<()> {
        const INDENT: usize = 4;
        let lines = wrap(&terminal(text), word.len() + 2, INDENT, self.width);
        styled(self.out, self.style, word)?;
        let mut end = word.len() + 2;
        for (at, line) in lines.iter().enumerate() {
            if at == 0 {
                write!(self.out, "{BOLD}: ")?;
            } else {
                write!(self.out, "\n{BOLD}{:INDENT$}", "")?;
                end = INDENT;
            }
            write!(self.out, "{line}{BOLD:#}")?;
            end += line.chars().count();
        }
        if !worth.is_empty() {
            let room = self.width.saturating_sub(end + worth.len());
            match room.min(APART) {
                0 | 1 => write!(self.out, "\n{:INDENT$}{worth}", "")?,
                apart => write!(self.out, "{:apart$}{worth}", "")?,
            }
        }
        writeln!(self.out)
    }

    pub(super) fn place(&mut self, text: &str) -> io::Result<()> {
        write!(self.out, "{:1$}", "", self.digits + 1)?;
        styled(self.out, FRAME, "-->")?;
        writeln!(self.out, " {}", terminal(text))
    }

    /// The empty margin and its bar.
    fn margin(&mut self) -> io::Result<()> {
        write!(self.out, "{:1$}", "", self.digits + 2)?;
        styled(self.out, FRAME, "|")
    }

    fn dialogue(&mut self, lines: &[DialogueLine]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.margin()?;
        writeln!(self.out)?;
        let mut next = None;
        for line in lines {
            if next.is_some_and(|next| line.line != next) {
                styled(self.out, FRAME, "...")?;
                writeln!(self.out)?;
            }
            self.line(line)?;
            next = Some(line.line + 1 + line.omitted);
        }
        self.margin()?;
        writeln!(self.out)
    }

    fn line(&mut self, line: &DialogueLine) -> io::Result<()> {
        let text = capped(&terminal(&line.text), SHOWN);
        write!(self.out, " {FRAME}{:>1$} |{FRAME:#} ", line.line, self.digits)?;
        writeln!(self.out, "{}: {text}", line.direction)?;
        if let Some(mark) = &line.mark {
            // What stands in place of a reply may say all there is to say.
            let said = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
            let mark = terminal(mark);
            self.mark(&text, if said == Some(mark.as_str()) { "" } else { &mark })?;
        }
        match line.omitted {
            0 => return Ok(()),
            1 => styled(self.out, FRAME, "... 1 more line")?,
            more => styled(self.out, FRAME, &format!("... {more} more lines"))?,
        }
        writeln!(self.out)
    }

    /// Carets under the text, and what they say; under a long text only where it begins.
    fn mark(&mut self, text: &str, mark: &str) -> io::Result<()> {
        let start = self.digits + 3 + " S: ".len();
        let length = text.chars().count();
        let fits = start + length + 1 + mark.chars().count() <= self.width;
        let carets = if fits { length } else { length.min(CARETS) };
        let column = start + carets + 1;
        for (at, part) in wrap(mark, column, column, self.width).iter().enumerate() {
            let carets = if at == 0 { "^".repeat(carets) } else { " ".repeat(carets) };
            self.margin()?;
            write!(self.out, "    ")?;
            styled(self.out, self.style, format!("{carets} {part}").trim_end())?;
            writeln!(self.out)?;
        }
        Ok(())
    }

    /// `= word: text`, wrapped under the text.
    pub(super) fn item(&mut self, word: &str, text: &str) -> io::Result<()> {
        let indent = self.digits + 2 + "= ".len() + word.len() + ": ".len();
        for (at, line) in wrap(&terminal(text), indent, indent, self.width).iter().enumerate() {
            match at {
                0 => self.unbroken(word, line)?,
                _ => writeln!(self.out, "{:indent$}{line}", "")?,
            }
        }
        Ok(())
    }

    /// `= word: text` on one line, to be copied.
    pub(super) fn unbroken(&mut self, word: &str, text: &str) -> io::Result<()> {
        write!(self.out, "{:1$}", "", self.digits + 2)?;
        styled(self.out, FRAME, "=")?;
        write!(self.out, " ")?;
        styled(self.out, BOLD, word)?;
        writeln!(self.out, ": {}", terminal(text))
    }
}
