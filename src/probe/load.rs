//! Probe files: TOML in, [`Probe`] out, every fault with its place.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::{
    Axis, EnvelopeTemplate, Expected, Greeting, Mta, Outer, Probe, ProbeRole, Profile, SafetyClass,
    SourceError, Template, Vector,
};
use crate::finding::catalogue;
use crate::smtp::Reply;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProbe {
    id: Spanned<String>,
    code: Spanned<String>,
    title: Spanned<String>,
    since: Spanned<String>,
    check: Spanned<String>,
    axis: Axis,
    #[serde(default)]
    gate: bool,
    profile: Profile,
    safety: Spanned<SafetyClass>,
    roles: Spanned<Vec<ProbeRole>>,
    outer: Spanned<RawOuter>,
    at: Option<Spanned<RawAt>>,
    detects: Spanned<String>,
    references: Spanned<Vec<String>>,
    fix: Spanned<BTreeMap<Mta, String>>,
    envelope: RawEnvelope,
    #[serde(default)]
    vector: Vec<Spanned<RawVector>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawOuter {
    Foreign,
    Absent,
    Local,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawAt {
    HostName,
    MailDomain,
    Address,
    Localhost,
    SubDomain,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEnvelope {
    #[serde(default)]
    greeting: Greeting,
    #[serde(default)]
    starttls: bool,
    #[serde(default)]
    xclient: bool,
    helo: Option<Spanned<String>>,
    mail_from: Spanned<String>,
    #[serde(default = "yes")]
    mail_brackets: bool,
    first_rcpt: Option<Spanned<String>>,
    rcpt_to: Spanned<String>,
    #[serde(default = "yes")]
    rcpt_brackets: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVector {
    name: String,
    source: Option<String>,
    replies: Vec<Spanned<String>>,
    control: Option<Spanned<String>>,
    local: Option<Spanned<String>>,
    outcome: Spanned<Expected>,
    reason: Option<String>,
}

/// A file while it is being read.
struct File<'a> {
    name: &'a str,
    source: &'a str,
}

impl Probe {
    /// Reads one probe file. `file` is the name for errors and must be `…/<family>/<name>.toml`,
    /// which the id has to match.
    pub fn parse(file: &str, source: &str) -> Result<Self, SourceError> {
        let raw: RawProbe =
            toml::from_str(source).map_err(|error| SourceError::from_toml(file, source, &error))?;
        File { name: file, source }.probe(raw)
    }
}

impl File<'_> {
    fn error(&self, span: Range<usize>, message: impl Into<String>) -> SourceError {
        SourceError::new(self.name, self.source, Some(span), message.into())
    }

    fn probe(&self, raw: RawProbe) -> Result<Probe, SourceError> {
        self.check_id(&raw.id)?;
        let outer = self.outer(&raw)?;
        if catalogue::find(raw.check.get_ref()).is_none() {
            let message = format!("check `{}` is not in the catalogue", raw.check.get_ref());
            return Err(self.error(raw.check.span(), message));
        }
        if *raw.safety.get_ref() > SafetyClass::Envelope {
            let message = "an envelope probe stops at RCPT: its safety is passive or envelope";
            return Err(self.error(raw.safety.span(), message));
        }
        if raw.roles.get_ref().is_empty() {
            return Err(self.error(raw.roles.span(), "name at least one role: mx or submission"));
        }
        let references = raw.references.get_ref();
        if references.is_empty() || references.iter().any(|text| text.trim().is_empty()) {
            return Err(self.error(raw.references.span(), "name at least one reference"));
        }
        if raw.fix.get_ref().is_empty() {
            return Err(self.error(raw.fix.span(), "say how at least one server is mended"));
        }
        let envelope = EnvelopeTemplate {
            greeting: raw.envelope.greeting,
            starttls: raw.envelope.starttls,
            xclient: raw.envelope.xclient,
            helo: raw.envelope.helo.as_ref().map(|text| self.template(text)).transpose()?,
            mail_from: self.template(&raw.envelope.mail_from)?,
            mail_brackets: raw.envelope.mail_brackets,
            first_rcpt: raw.envelope.first_rcpt.as_ref().map(|t| self.template(t)).transpose()?,
            rcpt_to: self.template(&raw.envelope.rcpt_to)?,
            rcpt_brackets: raw.envelope.rcpt_brackets,
        };
        let vectors: Vec<_> = raw
            .vector
            .iter()
            .map(|vector| self.vector(vector, &envelope))
            .collect::<Result<_, _>>()?;
        self.check_vectors(&raw.id, &vectors)?;
        Ok(Probe {
            code: self.line(&raw.code)?,
            title: self.line(&raw.title)?,
            since: self.line(&raw.since)?,
            detects: self.line(&raw.detects)?,
            id: raw.id.into_inner(),
            check: raw.check.into_inner(),
            axis: raw.axis,
            gate: raw.gate,
            profile: raw.profile,
            safety: raw.safety.into_inner(),
            roles: raw.roles.into_inner(),
            outer,
            references: raw.references.into_inner(),
            fix: raw.fix.into_inner(),
            envelope,
            vectors,
            file: self.name.to_owned(),
            built_in: false,
        })
    }

    fn check_id(&self, id: &Spanned<String>) -> Result<(), SourceError> {
        let mut path = self.name.trim_end_matches(".toml").rsplit(['/', '\\']);
        let (name, family) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
        let want = format!("{family}-{name}");
        if *id.get_ref() == want {
            return Ok(());
        }
        let message = format!("id `{}` does not match the file: it must be `{want}`", id.get_ref());
        Err(self.error(id.span(), message))
    }

    fn outer(&self, raw: &RawProbe) -> Result<Outer, SourceError> {
        match (raw.outer.get_ref(), raw.at.as_ref().map(Spanned::get_ref)) {
            (RawOuter::Foreign, None) => Ok(Outer::Foreign),
            (RawOuter::Absent, None) => Ok(Outer::Absent),
            (RawOuter::Local, Some(RawAt::HostName)) => Ok(Outer::HostName),
            (RawOuter::Local, Some(RawAt::MailDomain)) => Ok(Outer::MailDomain),
            (RawOuter::Local, Some(RawAt::Address)) => Ok(Outer::Address),
            (RawOuter::Local, Some(RawAt::Localhost)) => Ok(Outer::Localhost),
            (RawOuter::Local, Some(RawAt::SubDomain)) => Ok(Outer::SubDomain),
            (RawOuter::Local, None) => Err(self.error(
                raw.outer.span(),
                "outer = \"local\" needs at = \"host-name\", \"mail-domain\", \"address\", \
                 \"localhost\" or \"sub-domain\"",
            )),
            (_, Some(_)) => Err(self.error(raw.outer.span(), "`at` goes with outer = \"local\"")),
        }
    }

    fn template(&self, text: &Spanned<String>) -> Result<Template, SourceError> {
        text.get_ref()
            .parse()
            .map_err(|error: super::TemplateError| self.error(text.span(), error.to_string()))
    }

    /// A text that is printed on one line.
    fn line(&self, text: &Spanned<String>) -> Result<String, SourceError> {
        let value = text.get_ref().trim();
        if value.is_empty() {
            return Err(self.error(text.span(), "must not be empty"));
        }
        if value.chars().any(char::is_control) {
            return Err(self.error(text.span(), "must be one line without control characters"));
        }
        Ok(value.to_owned())
    }

    fn vector(
        &self,
        raw: &Spanned<RawVector>,
        envelope: &EnvelopeTemplate,
    ) -> Result<Vector, SourceError> {
        let vector = raw.get_ref();
        let reply = |text: &Spanned<String>| {
            Reply::from_text(text.get_ref())
                .ok_or_else(|| self.error(text.span(), "is not one SMTP reply with one code"))
        };
        let first = usize::from(envelope.first_rcpt.is_some());
        let context = if envelope.starttls || envelope.xclient { 2 } else { 0 };
        if !(1..=4 + first + context).contains(&vector.replies.len()) {
            let message = "replies are greeting, EHLO, MAIL and RCPT: one to four of them, one more \
                           for a first_rcpt, and two more, EHLO and STARTTLS or XCLIENT, before \
                           the EHLO of a probe that wants that";
            return Err(self.error(raw.span(), message));
        }
        Ok(Vector {
            name: vector.name.clone(),
            source: vector.source.clone(),
            replies: vector.replies.iter().map(reply).collect::<Result<_, _>>()?,
            control: vector.control.as_ref().map(reply).transpose()?,
            local: vector.local.as_ref().map(reply).transpose()?,
            outcome: *vector.outcome.get_ref(),
            reason: vector.reason.clone(),
            place: self.error(vector.outcome.span(), ""),
        })
    }

    /// A probe proves that it can say yes, say no, and say that it cannot tell.
    fn check_vectors(&self, id: &Spanned<String>, vectors: &[Vector]) -> Result<(), SourceError> {
        let has = |want: fn(Expected) -> bool| vectors.iter().any(|v| want(v.outcome));
        let missing = [
            (has(|o| o == Expected::Accepted), "accepted"),
            (has(|o| matches!(o, Expected::Refused | Expected::AuthRequired)), "refused"),
            (has(Expected::is_undecided), "undecided (deferred, tls-required or inconclusive)"),
        ];
        match missing.iter().find(|(present, _)| !present) {
            Some((_, what)) => {
                let message = format!("no [[vector]] whose outcome is {what}: add one");
                Err(self.error(id.span(), message))
            }
            None => Ok(()),
        }
    }
}
