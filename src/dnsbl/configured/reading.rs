//! What has been found in a file so far.

use super::key::{self, Secret};
use super::zone::ConfiguredZone;
use super::{Configured, Dialect, Note, NoteKind};

/// The characters of a text that are kept.
const TEXT_LIMIT: usize = 200;
/// The zones and the notes of a file that are kept.
const COUNT_LIMIT: usize = 10_000;

/// The zones and notes of a file while it is read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    zones: Vec<ConfiguredZone>,
    notes: Vec<Note>,
    /// The line of the first zone or note that was one too many.
    overflow: Option<usize>,
}

impl Reading {
    /// Adds a zone, once for each way and place of its use.
    pub(super) fn zone(&mut self, zone: ConfiguredZone) {
        if self.zones.len() < COUNT_LIMIT {
            self.zones.push(zone);
        } else {
            self.overflow.get_or_insert(zone.line);
        }
    }

    /// Adds a note.
    pub(super) fn note(
        &mut self,
        kind: NoteKind,
        line: usize,
        text: &str,
        message: impl Into<String>,
    ) {
        let message = shorten(&message.into());
        let note = Note { line, kind, text: shorten(text), message };
        if self.notes.last() == Some(&note) {
            return;
        }
        if self.notes.len() < COUNT_LIMIT {
            self.notes.push(note);
        } else {
            self.overflow.get_or_insert(line);
        }
    }

    /// Adds a note on something that cannot be followed.
    pub(super) fn not_followed(&mut self, line: usize, text: &str, message: impl Into<String>) {
        self.note(NoteKind::NotFollowed, line, text, message);
    }

    /// Takes the keys out of every text; a zone keeps its own for asking.
    fn mask(&mut self) {
        let mut keys: Vec<Secret> = Vec::new();
        for zone in &mut self.zones {
            if let Some((masked, key)) = key::split(&zone.zone) {
                if !keys.contains(&key) {
                    keys.push(key.clone());
                }
                (zone.zone, zone.key) = (masked, Some(key));
            }
        }
        let of_zones = self.zones.iter_mut().flat_map(ConfiguredZone::texts);
        let of_notes = self.notes.iter_mut().flat_map(|note| [&mut note.text, &mut note.message]);
        for text in of_zones.chain(of_notes) {
            let masked = key::masked(text);
            *text = keys.iter().fold(masked, |text, key| key::masked_of(&text, key.reveal()));
        }
    }

    /// What was found, in the order of the file and each thing once.
    pub(super) fn finish(mut self, dialect: Dialect) -> Configured {
        self.mask();
        self.zones.sort_by_key(|zone| zone.line);
        self.zones.dedup();
        if let Some(line) = self.overflow {
            let message = format!("of the zones and notes, only {COUNT_LIMIT} each are kept");
            let kind = NoteKind::NotFollowed;
            self.notes.push(Note { line, kind, text: String::new(), message });
        }
        self.notes.sort_by_key(|note| note.line);
        self.notes.dedup();
        Configured { dialect, zones: self.zones, notes: self.notes }
    }
}

/// A text in one line that is short enough to be shown.
pub(super) fn shorten(text: &str) -> String {
    // A key that the cut divides is not known for one any more.
    let text = key::masked(text);
    let mut short = String::new();
    let mut count = 0;
    let mut space = false;
    for c in text.trim().chars() {
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if count >= TEXT_LIMIT {
            short.push('…');
            break;
        }
        if space {
            short.push(' ');
            count += 1;
        }
        short.push(c);
        count += 1;
        space = false;
    }
    short
}

/// The name of a zone as it is compared: lower case and without the final dot. `None` where it is no domain name of
/// two labels or more.
pub(super) fn zone_name(text: &str) -> Option<String> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<_> = name.split('.').collect();
    let letters = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let fits = name.len() <= 253 && labels.len() >= 2 && labels.iter().all(letters);
    // The last label of a name is never a number; what ends in one is an address.
    let named = labels.last().is_some_and(|last| last.bytes().any(|b| !b.is_ascii_digit()));
    (fits && named).then_some(name)
}

/// Whether a text names DNS-based lists in one of the words that the dialects have for them.
pub(super) fn mentions_lists(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.into_iter().any(|word| {
        ["rbl", "rbls", "dnslists"].contains(&word)
            || ["dnsbl", "dnswl", "rhsbl", "rhswl"].iter().any(|part| word.contains(part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_zones() {
        let table = [
            ("Zen.Spamhaus.ORG.", Some("zen.spamhaus.org")),
            ("abc_1.zen.dq.spamhaus.net", Some("abc_1.zen.dq.spamhaus.net")),
            ("localhost", None),
            ("127.0.0.2", None),
            ("a..b", None),
            ("$key.zen.example", None),
            ("zen.spamhaus.org=127.0.0.2", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(zone_name(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn words_for_lists() {
        for text in ["reject_rbl_client", "my_rbls", "dnslists = x", "use dnsbl", "permit_dnswl"] {
            assert!(mentions_lists(text), "{text}");
        }
        for text in ["marble", "$dnslist_domain", "check_client_access", ""] {
            assert!(!mentions_lists(text), "{text}");
        }
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let cut = shorten(&"ä \n".repeat(5_000));
        assert!(cut.chars().count() <= TEXT_LIMIT + 2, "{}", cut.chars().count());
        assert!(cut.ends_with('…'));
        assert_eq!(shorten(" a \n\t b "), "a b");
    }
}
