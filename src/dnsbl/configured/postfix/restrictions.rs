//! Lists of restrictions.

use std::collections::BTreeSet;

use super::super::reading::{Reading, mentions_lists, zone_name};
use super::super::{Asked, ConfiguredZone, NoteKind, Use};
use super::expand::{Expander, Word};
use super::syntax::Parameter;

/// How deep restriction classes are followed.
const DEPTH_LIMIT: usize = 10;

/// The restrictions that ask a list: their name, what a listing does, and what is asked about.
const LISTS: [(&str, Use, Asked); 10] = [
    ("reject_rbl_client", Use::Reject, Asked::ClientAddress),
    ("reject_rbl", Use::Reject, Asked::ClientAddress),
    ("reject_rhsbl_client", Use::Reject, Asked::ClientName),
    ("reject_rhsbl_reverse_client", Use::Reject, Asked::ReverseName),
    ("reject_rhsbl_helo", Use::Reject, Asked::Helo),
    ("reject_rhsbl_sender", Use::Reject, Asked::Sender),
    ("reject_rhsbl_recipient", Use::Reject, Asked::Recipient),
    ("permit_dnswl_client", Use::Allow, Asked::ClientAddress),
    ("permit_rhswl_client", Use::Allow, Asked::ClientName),
    ("reject_maps_rbl", Use::Reject, Asked::ClientAddress),
];

/// Reads lists of restrictions.
pub(super) struct Restrictions<'r, 'p> {
    expander: &'r mut Expander<'p>,
    reading: &'r mut Reading,
    /// The declared classes, and those that were followed.
    classes: BTreeSet<String>,
    followed: BTreeSet<String>,
    /// Whether a refusal is a temporary one by the configuration.
    soft: bool,
    /// Whether `reject_maps_rbl` was seen.
    old: bool,
}

/// What holds for the rest of a list.
#[derive(Clone, Copy)]
struct Course {
    warn: bool,
    defer: bool,
    depth: usize,
}

impl<'r, 'p> Restrictions<'r, 'p> {
    pub(super) fn new(expander: &'r mut Expander<'p>, reading: &'r mut Reading) -> Self {
        let words = expander
            .parameter("smtpd_restriction_classes")
            .map(|parameter| expander.words(parameter))
            .unwrap_or_default();
        let code = expander.value("maps_rbl_reject_code").unwrap_or_default();
        let soft_bounce = expander.value("soft_bounce").unwrap_or_default();
        Self {
            expander,
            reading,
            classes: words.into_iter().map(|word| word.text).collect(),
            followed: BTreeSet::new(),
            soft: code.starts_with('4') || soft_bounce.eq_ignore_ascii_case("yes"),
            old: false,
        }
    }

    /// Reads one list of restrictions.
    pub(super) fn read(&mut self, parameter: &Parameter) {
        if self.expander.counts(parameter) {
            self.walk(parameter, Course { warn: false, defer: false, depth: 0 });
        }
    }

    /// Reads the classes that no list names; lookup tables refer to them.
    pub(super) fn read_unreferenced_classes(&mut self) {
        for class in self.classes.clone() {
            if self.followed.contains(&class) {
                continue;
            }
            if let Some(parameter) = self.expander.parameter(&class) {
                self.read(parameter);
            }
        }
    }

    /// Notes `maps_rbl_domains` where nothing makes use of it.
    pub(super) fn read_old_domains(&mut self) {
        let Some(parameter) = self.expander.parameter("maps_rbl_domains") else { return };
        if !self.old && !parameter.raw().is_empty() {
            let message = "`maps_rbl_domains` counts only with `reject_maps_rbl`, which no list of \
                           this file has";
            self.reading.note(NoteKind::Disabled, parameter.line, &parameter.text(), message);
        }
    }

    fn walk(&mut self, parameter: &Parameter, course: Course) {
        let words = self.expander.words(parameter);
        let mut course = course;
        let mut words = words.into_iter().peekable();
        let mut warn_next = false;
        let mut end: Option<Word> = None;
        while let Some(word) = words.next() {
            let name = word.text.to_ascii_lowercase();
            let warn = course.warn || warn_next;
            if name == "warn_if_reject" {
                warn_next = true;
                continue;
            }
            warn_next = false;
            let unreached = end.as_ref().map(|end| end.text.clone());
            if let Some((_, usage, asked)) = LISTS.iter().find(|(list, _, _)| *list == name) {
                if name == "reject_maps_rbl" {
                    self.old_domains(&word, warn, course.defer, unreached.as_deref());
                    continue;
                }
                let Some(zone) = words.next() else {
                    let message = format!("`{name}` is not followed by a zone");
                    self.reading.not_followed(word.line, &word.text, message);
                    continue;
                };
                let usage = self.usage(*usage, warn, course.defer);
                self.zone(&word, &zone, usage, *asked, unreached.as_deref());
            } else if name.starts_with("check_") {
                let table = words.next().map(|word| word.text).unwrap_or_default();
                self.table(&word, &table);
            } else if self.classes.contains(&word.text) {
                self.class(&word, Course { warn, depth: course.depth + 1, ..course });
            } else if name == "defer_if_reject" {
                course.defer = true;
            } else if ["permit", "reject", "defer"].contains(&name.as_str()) {
                if !warn || name == "permit" {
                    end.get_or_insert(word);
                }
            } else if name.contains(':') {
                self.table(&word, &name);
            } else if name.contains(['$', '=', '{']) || mentions_lists(&name) {
                let message = match name.contains('$') {
                    true => format!("`{}` is not set in this file, or by way of itself", word.text),
                    false => {
                        format!("`{}` is no restriction that is known to ask a list", word.text)
                    }
                };
                self.reading.not_followed(word.line, &word.text, message);
            }
        }
    }

    /// What a listing does after the words before the restriction.
    fn usage(&self, usage: Use, warn: bool, defer: bool) -> Use {
        match usage {
            Use::Reject if warn => Use::Warn,
            Use::Reject if defer || self.soft => Use::Defer,
            other => other,
        }
    }

    fn class(&mut self, word: &Word, course: Course) {
        self.followed.insert(word.text.clone());
        match self.expander.parameter(&word.text) {
            Some(parameter) if course.depth < DEPTH_LIMIT => self.walk(parameter, course),
            Some(_) => {
                let message = format!("the class `{}` is within itself", word.text);
                self.reading.not_followed(word.line, &word.text, message);
            }
            None => {
                let message = format!("the class `{}` is not set in this file", word.text);
                self.reading.not_followed(word.line, &word.text, message);
            }
        }
    }

    fn table(&mut self, word: &Word, table: &str) {
        let message = match word.text.eq_ignore_ascii_case("check_policy_service") {
            true => format!("the policy service `{table}` may ask lists of its own"),
            false => format!("the lookup table `{table}` may name restrictions that ask lists"),
        };
        let text = format!("{} {table}", word.text);
        self.reading.note(NoteKind::Elsewhere, word.line, &text, message);
    }

    /// The zones of `reject_maps_rbl`.
    fn old_domains(&mut self, word: &Word, warn: bool, defer: bool, unreached: Option<&str>) {
        self.old = true;
        let Some(parameter) = self.expander.parameter("maps_rbl_domains") else {
            let message = "`reject_maps_rbl` asks `maps_rbl_domains`, which this file does not set";
            self.reading.not_followed(word.line, &word.text, message);
            return;
        };
        let usage = self.usage(Use::Reject, warn, defer);
        for zone in self.expander.words(parameter) {
            let place = Word { line: zone.line, ..word.clone() };
            self.zone(&place, &zone, usage, Asked::ClientAddress, unreached);
        }
        let message = "`reject_maps_rbl` is gone since Postfix 3.9; write `reject_rbl_client ZONE`";
        self.reading.note(NoteKind::Meaning, word.line, &word.text, message);
    }

    fn zone(
        &mut self,
        word: &Word,
        argument: &Word,
        usage: Use,
        asked: Asked,
        unreached: Option<&str>,
    ) {
        let text = format!("{} {}", word.text, argument.text);
        let (name, filter) = match argument.text.split_once('=') {
            Some((name, filter)) => (name, Some(filter)),
            None => (argument.text.as_str(), None),
        };
        let Some(name) = zone_name(name) else {
            let message = match argument.text.contains('$') {
                true => format!("`{}` has a parameter that is not set in this file", argument.text),
                false => format!("`{}` is no name of a zone", argument.text),
            };
            self.reading.not_followed(word.line, &text, message);
            return;
        };
        if let Some(end) = unreached {
            let message = format!("{name} is never asked: it stands behind `{end}`");
            self.reading.note(NoteKind::Disabled, word.line, &text, message);
            return;
        }
        let mut zone = ConfiguredZone::new(name, usage, asked, word.line, &text);
        if let Some(filter) = filter {
            super::set_filter(&mut zone, filter, self.reading);
        }
        self.reading.zone(zone);
    }
}
