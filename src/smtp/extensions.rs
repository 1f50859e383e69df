//! What a reply to EHLO offers (RFC 5321 section 4.1.1.1), and the names that a server gives itself.

use super::Reply;

/// The service extensions of one EHLO reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ehlo {
    keywords: Vec<(String, Vec<String>)>,
}

impl Ehlo {
    /// Reads the keyword lines, which are all but the first.
    pub fn read(reply: &Reply) -> Self {
        let keywords = reply.texts().skip(1).filter_map(|text| {
            let text = String::from_utf8_lossy(text).to_ascii_uppercase();
            // `AUTH=PLAIN` is how servers spoke to clients of the 1990s.
            let mut words = text.split([' ', '=']).filter(|word| !word.is_empty());
            let keyword = words.next()?.to_owned();
            Some((keyword, words.map(str::to_owned).collect()))
        });
        Self { keywords: keywords.collect() }
    }

    /// True when the keyword is offered, in any case.
    pub fn offers(&self, keyword: &str) -> bool {
        self.keywords.iter().any(|(name, _)| name.eq_ignore_ascii_case(keyword))
    }

    /// The words behind a keyword, upper case; those of all its lines where there are several.
    pub fn words<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.keywords.iter().filter(move |(name, _)| name == keyword);
        lines.flat_map(|(_, words)| words.iter().map(String::as_str))
    }

    /// The keywords in the order of the reply, upper case.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.keywords.iter().map(|(name, _)| name.as_str())
    }
}

/// The host name with which a greeting or EHLO reply begins, in lower case, if its first word is
/// one: letters, digits, hyphens and at least one dot. `220 ESMTP ready` has none.
pub fn host_name_in(reply: &Reply) -> Option<String> {
    let text = reply.texts().next()?;
    let word = text.split(|b| *b == b' ').next()?;
    let name = std::str::from_utf8(word).ok()?.trim_end_matches('.').to_ascii_lowercase();
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let all_numeric = name.rsplit('.').next()?.bytes().all(|b| b.is_ascii_digit());
    let fits =
        name.len() <= 253 && name.contains('.') && !all_numeric && name.split('.').all(label_fits);
    fits.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        Reply::from_text(text).expect(text)
    }

    #[test]
    fn keywords_in_any_place_and_case() {
        let ehlo =
            Ehlo::read(&reply("250-mx.test\n250-size 100\n250-PIPELINING\n250 AUTH=PLAIN LOGIN"));
        assert!(ehlo.offers("PIPELINING") && ehlo.offers("SIZE") && ehlo.offers("auth"));
        assert_eq!(ehlo.words("AUTH").collect::<Vec<_>>(), ["PLAIN", "LOGIN"]);
        assert!(!ehlo.offers("STARTTLS") && !ehlo.offers("mx.test"));
        assert!(!Ehlo::read(&reply("250 PIPELINING")).offers("PIPELINING"));
    }

    #[test]
    fn only_host_names_are_names() {
        let table = [
            ("220 mx.example.test ESMTP Postfix", Some("mx.example.test")),
            ("220 MX.Example.TEST. ready", Some("mx.example.test")),
            ("220-mx.test\n220 more", Some("mx.test")),
            ("220 ESMTP", None),
            ("220 192.0.2.1 ready", None),
            ("220 [192.0.2.1] ready", None),
            ("220 -mx.test", None),
            ("220 mx\u{1b}[31m.test", None),
            ("220", None),
        ];
        for (text, want) in table {
            assert_eq!(host_name_in(&reply(text)).as_deref(), want, "{text}");
        }
    }
}
