//! The report on lists for a reader: findings first, then a line for each address or domain, then the lists that say
//! nothing, by state.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::Options;
use super::diagnostic::Page;
use super::style::{BOLD, GOOD, UNKNOWN, level, standing};
use super::wrap::{paragraph, styled};
use crate::dnsbl::SubjectKind;
use crate::report::escape::terminal;
use crate::report::lists::{
    ConfigurationReport, ListFindingReport, ListsReport, SubjectReport, ZoneKindReport, ZoneReport,
};

/// With more subjects than this, those that are not listed are counted and not printed.
const EACH: usize = 32;

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &ListsReport, out: &mut dyn Write, options: Options) -> io::Result<()> {
    if options.quiet {
        for subject in &report.subjects {
            line(subject, out)?;
        }
        return match report.subjects.is_empty() {
            true => zones_in_short(report, out),
            false => Ok(()),
        };
    }
    let mut text = Text { out, width: options.width, explained: BTreeSet::new() };
    for finding in &report.resolver_findings {
        text.finding(finding, &report.run.resolvers.join(", "))?;
    }
    for file in &report.configurations {
        text.configuration(file)?;
    }
    if !report.subjects.is_empty() {
        text.subjects(&report.subjects)?;
        text.silent_zones(report)?;
    } else if report.configurations.is_empty() || !report.zones.is_empty() {
        text.table(report)?;
    }
    text.remarks(report)
}

/// The address or domain, and what all lists together say.
pub(super) fn line(subject: &SubjectReport, out: &mut dyn Write) -> io::Result<()> {
    let listed = subject.words.iter().filter(|word| word.weight.is_some()).count();
    let (usable, wanted) = (subject.usable, subject.wanted);
    write!(out, "{}   ", terminal(&subject.subject))?;
    let (word, rest) = match (subject.standing, listed) {
        ("listed", 1) => ("listed", format!(" in 1 list; {usable} of {wanted} lists are usable")),
        ("listed", many) => {
            ("listed", format!(" in {many} lists; {usable} of {wanted} lists are usable"))
        }
        ("not-listed", 0) => ("not listed", format!(" on {usable} of {wanted} lists")),
        ("not-listed", some) => (
            "not listed",
            format!(" on {usable} of {wanted} lists, but mentioned in {some} for information"),
        ),
        (_, _) if wanted == 0 => ("unknown", ": no list of this kind was wanted".to_owned()),
        (_, _) if wanted == 1 => ("unknown", ": its only list says nothing".to_owned()),
        (_, _) => ("unknown", format!(": none of {wanted} lists says anything")),
    };
    styled(out, standing(subject.standing), word)?;
    writeln!(out, "{rest}")
}

/// What lists say of one host: a line for each address or domain, and the lists that say nothing.
pub(super) fn of_host(
    subjects: &[SubjectReport],
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    for subject in subjects {
        write!(out, "    lists: ")?;
        line(subject, out)?;
        let unknown = subject
            .words
            .iter()
            .filter_map(|word| Some(format!("{} ({})", terminal(&word.list), word.reason?)));
        let unknown: Vec<_> = unknown.collect();
        if !unknown.is_empty() {
            let text = format!("      nothing known from {}", unknown.join(", "));
            paragraph(out, &text, 8, width)?;
        }
    }
    Ok(())
}

fn zones_in_short(report: &ListsReport, out: &mut dyn Write) -> io::Result<()> {
    for zone in &report.zones {
        for kind in &zone.kinds {
            writeln!(out, "{}   {}   {}", terminal(&zone.id), kind_word(kind.kind), kind.state)?;
        }
    }
    Ok(())
}

/// Lists that said nothing for one reason.
struct Group<'a> {
    state: &'a str,
    remedy: &'a str,
    /// Each with what was seen, and how often.
    lists: Vec<(&'a str, &'a str, usize)>,
}

/// The page, and what stands on it already.
struct Text<'a> {
    out: &'a mut dyn Write,
    width: usize,
    /// The checks whose remedy was printed.
    explained: BTreeSet<&'static str>,
}

impl Text<'_> {
    fn finding(&mut self, finding: &ListFindingReport, place: &str) -> io::Result<()> {
        let (word, style) = level(finding.severity);
        let mut page = Page::new(&[], style, self.out, self.width);
        page.headline(&format!("{word}[{}]", finding.id), &finding.summary, "")?;
        page.place(place)?;
        for note in &finding.notes {
            page.item("note", note)?;
        }
        // A range can have the same finding hundreds of times.
        if self.explained.insert(finding.id) {
            page.item("fix", finding.remedy)?;
        }
        page.unbroken("explain", &format!("mxaudit explain {}", finding.id))?;
        writeln!(self.out)
    }

    fn configuration(&mut self, file: &ConfigurationReport) -> io::Result<()> {
        for list in &file.lists {
            for finding in &list.findings {
                self.finding(finding, &format!("{}:{}", file.file, list.line))?;
            }
        }
        let bad = file.lists.iter().filter(|list| !list.findings.is_empty()).count();
        let lists = match file.lists.len() {
            1 => "names 1 list".to_owned(),
            count => format!("names {count} lists"),
        };
        write!(self.out, "{} ({})   ", terminal(&file.file), terminal(&file.dialect))?;
        let (style, word) = match (bad, file.lists.len()) {
            (0, 0) if file.is_partial() => {
                let settings = match file.not_followed().count() {
                    1 => "1 setting".to_owned(),
                    count => format!("{count} settings"),
                };
                (UNKNOWN, format!("{lists} that could be followed, and {settings} that could not"))
            }
            (0, 0) => (BOLD, lists),
            (0, _) if file.is_partial() || file.lists.iter().any(|list| list.list.is_none()) => {
                (UNKNOWN, format!("{lists}, no fault found in what could be followed"))
            }
            (0, _) => (GOOD, format!("{lists}, no fault found")),
            (bad, _) => (UNKNOWN, format!("{lists}, {bad} with findings")),
        };
        styled(self.out, style, &word)?;
        writeln!(self.out)?;
        for list in file.lists.iter().filter(|list| !list.known && list.list.is_some()) {
            let text = format!(
                "    line {}: {} is not in the registry: it was judged by the test entries of RFC 5782, and what its \
                 answers mean is not known",
                list.line, list.zone
            );
            paragraph(self.out, &terminal(&text), 6, self.width)?;
        }
        for note in &file.notes {
            let text = format!("    line {}: {}", note.line, note.text);
            paragraph(self.out, &terminal(&text), 6, self.width)?;
        }
        writeln!(self.out)
    }

    fn subjects(&mut self, subjects: &[SubjectReport]) -> io::Result<()> {
        let mut plain = 0;
        for subject in subjects {
            let own: Vec<_> = subject.words.iter().filter(|word| word.word == "noted").collect();
            let quiet = subject.standing == "not-listed" && subject.findings.is_empty();
            if quiet && own.is_empty() && subjects.len() > EACH {
                plain += 1;
                continue;
            }
            for finding in &subject.findings {
                self.finding(finding, &subject.subject)?;
            }
            line(subject, self.out)?;
            for word in own {
                let meanings = word.codes.iter().map(|code| match &code.meaning {
                    Some(meaning) => format!("{} ({meaning})", code.answer),
                    None => format!("{} (not documented)", code.answer),
                });
                let meanings = meanings.collect::<Vec<_>>().join(", ");
                let text = format!("    {} says, and it is no listing: {meanings}", word.list);
                paragraph(self.out, &terminal(&text), 6, self.width)?;
            }
            if !subject.findings.is_empty() {
                writeln!(self.out)?;
            }
        }
        match plain {
            0 => Ok(()),
            1 => writeln!(self.out, "1 more is not listed"),
            more => writeln!(self.out, "{more} more are not listed (--quiet has a line for each)"),
        }
    }

    /// The lists that said nothing, by state, each with what was seen; and what to do.
    fn silent_zones(&mut self, report: &ListsReport) -> io::Result<()> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for subject in &report.subjects {
            for word in subject.words.iter().filter(|word| word.word == "unknown") {
                let key =
                    (word.reason.unwrap_or_default(), word.remedy.as_deref().unwrap_or_default());
                let group = match groups.iter().position(|group| (group.state, group.remedy) == key)
                {
                    Some(at) => at,
                    None => {
                        groups.push(Group { state: key.0, remedy: key.1, lists: Vec::new() });
                        groups.len() - 1
                    }
                };
                let Some(group) = groups.get_mut(group) else { continue };
                let text = word.text.as_deref().unwrap_or_default();
                match group.lists.iter_mut().find(|(list, _, _)| *list == word.list) {
                    Some((_, _, count)) => *count += 1,
                    None => group.lists.push((&word.list, text, 1)),
                }
            }
        }
        if groups.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        styled(self.out, BOLD, "lists that say nothing")?;
        writeln!(self.out)?;
        for Group { state, remedy, lists } in groups {
            write!(self.out, "  ")?;
            styled(self.out, UNKNOWN, state)?;
            writeln!(self.out)?;
            for (list, text, count) in lists {
                let states = report.zones.iter().filter(|zone| zone.id == list);
                let healthy =
                    states.flat_map(|zone| &zone.kinds).all(|kind| kind.state == "healthy");
                // A list that works failed to answer about some only; one that does not, about all.
                let about = match healthy && count < report.subjects.len() {
                    true => format!(" (about {count} of {})", report.subjects.len()),
                    false => String::new(),
                };
                let text = format!("    {list}{about}: {text}");
                paragraph(self.out, &terminal(&text), 6, self.width)?;
            }
            if !remedy.is_empty() {
                paragraph(self.out, &terminal(&format!("    remedy: {remedy}")), 6, self.width)?;
            }
        }
        Ok(())
    }

    /// Every list with its state and why.
    fn table(&mut self, report: &ListsReport) -> io::Result<()> {
        let rows: Vec<(&ZoneReport, &ZoneKindReport)> = report
            .zones
            .iter()
            .flat_map(|zone| zone.kinds.iter().map(move |kind| (zone, kind)))
            .collect();
        let wide = |of: &dyn Fn(&(&ZoneReport, &ZoneKindReport)) -> usize, head: &str| {
            rows.iter().map(of).max().unwrap_or(0).max(head.len())
        };
        let ids = wide(&|row| terminal(&row.0.id).chars().count(), "list");
        let zones = wide(&|row| terminal(&row.0.zone).chars().count(), "zone");
        let kinds = wide(&|row| kind_word(row.1.kind).len(), "kind");
        let states = wide(&|row| row.1.state.len(), "state");
        let head = format!(
            "{:ids$}   {:zones$}   {:kinds$}   {:states$}   why",
            "list", "zone", "kind", "state"
        );
        styled(self.out, BOLD, &head)?;
        writeln!(self.out)?;
        for (zone, kind) in rows {
            let (id, name) = (terminal(&zone.id), terminal(&zone.zone));
            write!(self.out, "{id:ids$}   {name:zones$}   {:kinds$}   ", kind_word(kind.kind))?;
            let colour = if kind.state == "healthy" { GOOD } else { UNKNOWN };
            styled(self.out, colour, kind.state)?;
            let gap = states - kind.state.len() + 3;
            writeln!(self.out, "{:gap$}{}", "", terminal(&kind.text))?;
            if !kind.remedy.is_empty() {
                let text = format!("    remedy: {}", kind.remedy);
                paragraph(self.out, &terminal(&text), 6, self.width)?;
            }
        }
        Ok(())
    }

    fn remarks(&mut self, report: &ListsReport) -> io::Result<()> {
        let (summary, run) = (report.summary, &report.run);
        if summary.subjects > 1 {
            let text = format!(
                "\n{} subjects: {} listed, {} not listed, {} unknown",
                summary.subjects, summary.listed, summary.not_listed, summary.unknown
            );
            writeln!(self.out, "{text}")?;
        }
        let text = format!(
            "{} of {} lists work; registry {} of {}, asked through {}",
            summary.healthy,
            summary.lists,
            run.registry.version,
            run.registry.date,
            run.resolvers.join(", ")
        );
        writeln!(self.out)?;
        paragraph(self.out, &terminal(&text), 2, self.width)?;
        if run.interrupted {
            writeln!(self.out, "interrupted: this report is incomplete")?;
        }
        Ok(())
    }
}

fn kind_word(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Ipv4 => "ipv4",
        SubjectKind::Ipv6 => "ipv6",
        SubjectKind::Domain => "domain",
    }
}
