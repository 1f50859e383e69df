//! Texts with placeholders from a closed vocabulary.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::smtp::literal;

/// A value that a probe may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// The foreign sender, or the null reverse-path where the server refuses it.
    Sender,
    /// The local part of the foreign sender.
    SenderLocal,
    /// The auditor's domain.
    AuditorDomain,
    /// The canary mailbox.
    Canary,
    /// Its local part.
    CanaryLocal,
    /// Its domain.
    CanaryDomain,
    /// The address where its mail is taken.
    CanaryAddress,
    /// That address as a literal, brackets included.
    CanaryLiteral,
    /// A label that names nothing.
    Random,
    /// The server's address, bare.
    TargetAddress,
    /// The server's own host name.
    TargetName,
    /// The server's address as a literal, brackets included.
    TargetLiteral,
    /// A domain that the server takes mail for.
    LocalDomain,
    /// A local part that exists there.
    LocalUser,
    /// The name that the auditor's address has in DNS.
    ClientName,
    /// A domain that the server may trust because of its name.
    PartnerDomain,
    /// A domain of the auditor's whose MX record names the server.
    MxDomain,
}

const NAMES: [(&str, Placeholder); 17] = [
    ("sender", Placeholder::Sender),
    ("sender.local", Placeholder::SenderLocal),
    ("auditor.domain", Placeholder::AuditorDomain),
    ("canary", Placeholder::Canary),
    ("canary.local", Placeholder::CanaryLocal),
    ("canary.domain", Placeholder::CanaryDomain),
    ("canary.address", Placeholder::CanaryAddress),
    ("canary.literal", Placeholder::CanaryLiteral),
    ("random", Placeholder::Random),
    ("target.address", Placeholder::TargetAddress),
    ("target.name", Placeholder::TargetName),
    ("target.literal", Placeholder::TargetLiteral),
    ("local.domain", Placeholder::LocalDomain),
    ("local.user", Placeholder::LocalUser),
    ("client.name", Placeholder::ClientName),
    ("partner.domain", Placeholder::PartnerDomain),
    ("mx.domain", Placeholder::MxDomain),
];

/// The values for one host. What is `None` makes the forms that need it impossible.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Bindings {
    pub sender: Option<String>,
    pub sender_local: Option<String>,
    pub auditor_domain: Option<String>,
    pub canary_local: Option<String>,
    pub canary_domain: Option<String>,
    pub canary_address: Option<IpAddr>,
    pub random: Option<String>,
    pub target_address: Option<IpAddr>,
    pub target_name: Option<String>,
    pub local_domain: Option<String>,
    pub local_user: Option<String>,
    pub client_name: Option<String>,
    pub partner_domain: Option<String>,
    pub mx_domain: Option<String>,
    /// The client address to claim with XCLIENT; no placeholder stands for it.
    pub claimed_address: Option<IpAddr>,
}

impl Bindings {
    fn value(&self, placeholder: Placeholder) -> Option<String> {
        match placeholder {
            Placeholder::Sender => self.sender.clone(),
            Placeholder::SenderLocal => self.sender_local.clone(),
            Placeholder::AuditorDomain => self.auditor_domain.clone(),
            Placeholder::Canary => {
                Some(format!("{}@{}", self.canary_local.as_ref()?, self.canary_domain.as_ref()?))
            }
            Placeholder::CanaryLocal => self.canary_local.clone(),
            Placeholder::CanaryDomain => self.canary_domain.clone(),
            Placeholder::TargetName => self.target_name.clone(),
            Placeholder::TargetAddress => self.target_address.map(|address| address.to_string()),
            Placeholder::TargetLiteral => self.target_address.map(literal),
            Placeholder::CanaryAddress => self.canary_address.map(|address| address.to_string()),
            Placeholder::CanaryLiteral => self.canary_address.map(literal),
            Placeholder::Random => self.random.clone(),
            Placeholder::LocalDomain => self.local_domain.clone(),
            Placeholder::LocalUser => self.local_user.clone(),
            Placeholder::ClientName => self.client_name.clone(),
            Placeholder::PartnerDomain => self.partner_domain.clone(),
            Placeholder::MxDomain => self.mx_domain.clone(),
        }
    }
}

/// A text with placeholders in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Placeholder),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name in braces that is not in the vocabulary.
    #[error("unknown placeholder {{{name}}}; known are {}", known())]
    Unknown {
        /// The name.
        name: String,
    },
    /// A brace without its partner.
    #[error("unbalanced brace; placeholders are written as {{name}}")]
    Unbalanced,
    /// A character that no command can carry.
    #[error("control character {0:?}; a probe sends one line a command")]
    ControlCharacter(char),
}

fn known() -> String {
    NAMES.map(|(name, _)| format!("{{{name}}}")).join(" ")
}

impl Template {
    /// The text as written in the probe file.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True when it asks for this value.
    pub fn uses(&self, placeholder: Placeholder) -> bool {
        self.parts.contains(&Part::Value(placeholder))
    }

    /// The literal pieces between the placeholders.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Value(_) => None,
        })
    }

    /// The text with all values in place, or the first placeholder that has none.
    pub fn render(&self, bindings: &Bindings) -> Result<String, Placeholder> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(name) => out.push_str(&bindings.value(*name).ok_or(*name)?),
            }
        }
        Ok(out)
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            return Err(TemplateError::ControlCharacter(control));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once('{') {
            let (name, after) = tail.split_once('}').ok_or(TemplateError::Unbalanced)?;
            if before.contains('}') {
                return Err(TemplateError::Unbalanced);
            }
            let known = NAMES.iter().find(|(known, _)| *known == name);
            let unknown = || TemplateError::Unknown { name: name.to_owned() };
            let (_, placeholder) = known.ok_or_else(unknown)?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Value(*placeholder));
            rest = after;
        }
        if rest.contains('}') {
            return Err(TemplateError::Unbalanced);
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { text: text.to_owned(), parts })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bindings() -> Bindings {
        Bindings {
            canary_local: Some("c4".into()),
            canary_domain: Some("audit.test".into()),
            target_name: Some("mx.test".into()),
            ..Bindings::default()
        }
    }

    #[test]
    fn values_take_their_places() {
        let template: Template = "{canary.local}%{canary.domain}@{target.name}".parse().unwrap();
        assert_eq!(template.render(&bindings()).unwrap(), "c4%audit.test@mx.test");
        let quoted: Template = "\"{canary}\"".parse().unwrap();
        assert_eq!(quoted.render(&bindings()).unwrap(), "\"c4@audit.test\"");
    }

    #[test]
    fn a_missing_value_is_named() {
        let template: Template = "x@{local.domain}".parse().unwrap();
        assert_eq!(template.render(&bindings()), Err(Placeholder::LocalDomain));
    }

    #[test]
    fn names_of_the_configuration_have_their_own_placeholders() {
        let named = Bindings {
            client_name: Some("probe.audit.test".into()),
            partner_domain: Some("partner.test".into()),
            mx_domain: Some("backup.test".into()),
            claimed_address: None,
            ..bindings()
        };
        let cases = [
            ("{client.name}", "probe.audit.test", Placeholder::ClientName),
            ("{partner.domain}", "partner.test", Placeholder::PartnerDomain),
            ("{mx.domain}", "backup.test", Placeholder::MxDomain),
        ];
        for (text, value, missing) in cases {
            let template: Template = text.parse().unwrap();
            assert_eq!(template.render(&named).as_deref(), Ok(value));
            assert_eq!(template.render(&bindings()), Err(missing));
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        let unknown = "{recipient}".parse::<Template>().unwrap_err();
        assert!(
            unknown.to_string().starts_with("unknown placeholder {recipient}; known are {sender}")
        );
        for text in ["{sender", "sender}", "a}b{sender}"] {
            assert_eq!(text.parse::<Template>(), Err(TemplateError::Unbalanced), "{text}");
        }
        assert_eq!("a\r\nQUIT".parse::<Template>(), Err(TemplateError::ControlCharacter('\r')));
    }
}
