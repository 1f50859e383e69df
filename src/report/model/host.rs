//! From the evidence and the judgement of one host to its report.

use std::net::IpAddr;

use crate::evidence::{Answer, Control, Envelope, Evidence, Exchange, Form, Identity, TlsFacts};
use crate::finding::{Finding, catalogue};
use crate::grade::Grade;
use crate::probe::Library;
use crate::report::lists::SubjectReport;
use crate::report::reproduce::swaks;
use crate::smtp::{Phase, Reply, WireText};
use crate::target::Target;
use crate::target::scope::Authority;
use crate::verdict::listing::SubjectVerdict;
use crate::verdict::{FormVerdict, Judge, NotRun, Outcome, ProbeVerdict, Reason, RelayVerdict};

use super::dialogue::excerpt;
use super::messages::messages;
use super::*;

impl HostReport {
    /// The report of one host. `probes` gives the texts; a probe that is not in it is reported
    /// without them. The same evidence gives the same report.
    pub fn build(
        evidence: &Evidence,
        relay: &RelayVerdict,
        findings: &[Finding],
        grade: &Grade,
        lists: &[SubjectVerdict],
        probes: &Library,
        authority: Option<&Authority>,
    ) -> Self {
        let source = Source { evidence, relay, probes };
        let commands = |exchange: &&Exchange| !exchange.sent.is_empty();
        let exchanges = evidence.transcripts.iter().flat_map(|t| &t.exchanges);
        Self {
            target: TargetReport::of(&evidence.target),
            server: source.server(),
            vantage: source.vantage(),
            authority: authority.map(AuthorityReport::of),
            relay: source.relay(),
            grade: GradeReport::of(grade),
            probes: relay.probes.iter().map(|probe| source.probe(probe)).collect(),
            controls: relay.controls.iter().filter_map(|(f, v)| source.control(*f, v)).collect(),
            findings: findings.iter().map(|finding| source.finding(finding)).collect(),
            messages: messages(evidence),
            connections: source.connections(),
            dial_failures: source.dial_failures(),
            stopped: evidence.stopped,
            totals: Totals {
                connections: evidence.transcripts.len(),
                commands: exchanges.filter(commands).count(),
            },
            relay_matrix: MatrixReport::of(evidence),
            lists: lists
                .iter()
                .map(|verdict| SubjectReport { findings: Vec::new(), ..SubjectReport::of(verdict) })
                .collect(),
            pop_before_smtp: PopReport::of(evidence),
            policy: None,
        }
    }
}

impl HostReport {
    /// Makes the source address that the user chose a part of the lines that reproduce a finding.
    #[must_use]
    pub fn sent_from(mut self, source: Option<IpAddr>) -> Self {
        let lines = self.findings.iter_mut().filter_map(|finding| finding.reproduce.as_mut());
        if let Some(source) = source {
            lines.for_each(|line| line.push_str(&format!(" --local-interface {source}")));
        }
        self
    }
}

/// What the parts of a host's report are made from.
struct Source<'a> {
    evidence: &'a Evidence,
    relay: &'a RelayVerdict,
    probes: &'a Library,
}

impl Source<'_> {
    fn server(&self) -> ServerReport {
        let first = self.evidence.transcripts.first().and_then(|t| t.exchanges.first());
        let greeting = first.filter(|exchange| exchange.phase == Phase::Greeting);
        ServerReport {
            names: self.evidence.server_names.clone(),
            // Keywords are the server's bytes, read as text.
            extensions: self.evidence.extensions.iter().map(|word| escaped(word)).collect(),
            extensions_in_tls: {
                self.evidence.extensions_in_tls.iter().map(|word| escaped(word)).collect()
            },
            greeting: greeting.and_then(|e| e.answer.reply()).map(Reply::to_string),
        }
    }

    fn vantage(&self) -> HostVantage {
        let first = self.evidence.transcripts.first();
        let inside = Judge::new(self.evidence).is_inside();
        HostVantage {
            source: first.map(|transcript| transcript.local.ip()),
            position: first.map(|_| if inside { "inside" } else { "outside" }),
            asserted: self.evidence.outside_asserted,
        }
    }

    fn relay(&self) -> RelayReport {
        let coverage = self.relay.coverage;
        RelayReport {
            verdict: self.relay.verdict.as_str(),
            proof: self.relay.proof.as_str(),
            reasons: self.relay.reasons.iter().map(|reason| reason.code).collect(),
            explanations: self.relay.reasons.iter().map(|reason| self.explain(reason)).collect(),
            coverage: CoverageReport {
                planned: coverage.planned,
                judged: coverage.judged,
                percent: coverage.percent(),
            },
        }
    }

    fn explain(&self, reason: &Reason) -> ExplanationReport {
        let mark = reason.evidence.and_then(|at| self.decided_by(at));
        ExplanationReport {
            reason: reason.code,
            text: reason.text.clone(),
            remedy: reason.remedy.clone(),
            probes: reason.probes.clone(),
            evidence: reason.evidence.map(Place::from),
            dialogue: self.dialogue(reason.evidence, true, mark),
        }
    }

    /// What an exchange decides, in words.
    fn decided_by(&self, place: (usize, usize)) -> Option<String> {
        const NAMED: usize = 4;
        let decided = self.relay.probes.iter().filter(|p| p.verdict.evidence == Some(place));
        let codes: Vec<_> = decided.map(|probe| probe.code.as_str()).collect();
        let (named, more) = codes.split_at(codes.len().min(NAMED));
        let named = named.join(" ");
        match (codes.len(), more.len()) {
            (0, _) => self.is_end(place).then(|| "the same recipient, at the end".to_owned()),
            (_, 0) => Some(format!("decides {named}")),
            (_, more) => Some(format!("decides {named} and {more} more")),
        }
    }

    fn is_end(&self, place: (usize, usize)) -> bool {
        let mut controls = self.relay.controls.iter();
        controls.any(|(form, verdict)| {
            let form = self.evidence.forms.get(*form);
            let at_end = form.and_then(Form::control) == Some(Control::PlainAtEnd);
            at_end && verdict.evidence == Some(place)
        })
    }

    fn probe(&self, probe: &ProbeVerdict) -> ProbeReport {
        let verdict = &probe.verdict;
        let form = probe.form.and_then(|index| self.evidence.forms.get(index));
        ProbeReport {
            id: probe.id.clone(),
            code: probe.code.clone(),
            title: self.probes.find(&probe.id).map(|known| known.title.clone()),
            outcome: verdict.outcome.as_str(),
            reason: verdict.outcome.reason(),
            remedy: match verdict.outcome {
                Outcome::NotRun(why) => Some(NotRun::remedy(why)),
                _ => None,
            },
            confidence: verdict.confidence,
            repeated: verdict.repeated,
            envelope: form.map(|form| self.envelope(&form.envelope, verdict.evidence)),
            evidence: verdict.evidence.map(Place::from),
        }
    }

    fn control(&self, form: usize, verdict: &FormVerdict) -> Option<ControlReport> {
        let form = self.evidence.forms.get(form)?;
        let exchange = verdict.evidence.and_then(|place| self.exchange(place));
        Some(ControlReport {
            control: form.control()?,
            outcome: verdict.outcome.as_str(),
            reason: verdict.outcome.reason(),
            envelope: self.envelope(&form.envelope, verdict.evidence),
            evidence: verdict.evidence.map(Place::from),
            reply: exchange.and_then(|exchange| exchange.answer.reply()).map(lines),
        })
    }

    fn finding(&self, finding: &Finding) -> FindingReport {
        let entry = catalogue::find(finding.id);
        let known = finding.probe.as_deref().and_then(|id| self.probes.find(id));
        let judged = self.relay.probes.iter().find(|p| Some(&p.id) == finding.probe.as_ref());
        let envelope = judged
            .and_then(|probe| probe.form)
            .and_then(|index| self.evidence.forms.get(index))
            .map(|form| &form.envelope);
        let mut references = known.map(|probe| probe.references.clone()).unwrap_or_default();
        for more in entry.map(|entry| entry.references).unwrap_or_default() {
            if !references.iter().any(|reference| reference == more) {
                references.push((*more).to_owned());
            }
        }
        let greeting = envelope.is_none_or(|envelope| envelope.helo.is_some());
        let mark = (!finding.mark.is_empty()).then(|| finding.mark.clone());
        let fix = known.map(|probe| &probe.fix).into_iter().flatten();
        FindingReport {
            id: finding.id,
            title: entry.map_or("", |entry| entry.title),
            severity: finding.severity,
            confidence: finding.confidence,
            proof: catalogue::RELAYING.contains(&finding.id).then(|| self.relay.proof.as_str()),
            probe: finding.probe.clone(),
            code: judged.map(|probe| probe.code.clone()),
            summary: finding.summary.clone(),
            notes: finding.notes.iter().cloned().chain(self.inside_tls(finding.evidence)).collect(),
            also: finding.also.clone(),
            baseline: None,
            suppression: None,
            evidence: finding.evidence.map(Place::from),
            dialogue: self.dialogue(finding.evidence, greeting, mark),
            remedy: entry.map_or("", |entry| entry.remedy),
            fix: fix.map(|(mta, text)| (mta.name(), text.clone())).collect(),
            references,
            reproduce: envelope.and_then(|envelope| {
                let helo = self.helo(envelope, finding.evidence);
                let inside = self.tls_of(finding.evidence).is_some();
                swaks(&self.evidence.target, inside, helo.as_deref(), envelope)
            }),
        }
    }

    fn dialogue(
        &self,
        place: Option<(usize, usize)>,
        greeting: bool,
        mark: Option<String>,
    ) -> Vec<DialogueLine> {
        let found = place.and_then(|(connection, exchange)| {
            let transcript = self.evidence.transcripts.get(connection)?;
            Some(excerpt(transcript, exchange, greeting, mark))
        });
        found.unwrap_or_default()
    }

    fn exchange(&self, (connection, exchange): (usize, usize)) -> Option<&Exchange> {
        self.evidence.transcripts.get(connection)?.exchanges.get(exchange)
    }

    /// What TLS an exchange was inside of.
    fn tls_of(&self, place: Option<(usize, usize)>) -> Option<&TlsFacts> {
        let inside = self.exchange(place?)?.tls;
        self.evidence.transcripts.get(place?.0)?.tls.as_ref().filter(|_| inside)
    }

    fn inside_tls(&self, place: Option<(usize, usize)>) -> Option<String> {
        self.tls_of(place).map(|tls| format!("this was said inside TLS ({})", tls.version))
    }

    fn envelope(&self, envelope: &Envelope, place: Option<(usize, usize)>) -> EnvelopeReport {
        EnvelopeReport {
            helo: self.helo(envelope, place),
            mail_from: envelope.reverse_path.to_string(),
            rcpt_to: envelope.forward_path.to_string(),
        }
    }

    /// The name that was greeted with: the form's own, else what the connection shows, else what
    /// the auditor chose.
    fn helo(&self, envelope: &Envelope, place: Option<(usize, usize)>) -> Option<String> {
        let sent = || {
            let (connection, exchange) = place?;
            let transcript = self.evidence.transcripts.get(connection)?;
            let before = transcript.exchanges.get(..=exchange)?.iter().rev();
            let mut greetings = before.filter(|e| matches!(e.phase, Phase::Ehlo | Phase::Helo));
            let sent = greetings.next()?.sent.to_string();
            sent.split_once(' ').map(|(_, name)| name.to_owned())
        };
        let own = envelope.helo.as_ref().map(WireText::to_string);
        own.or_else(sent).or_else(|| self.evidence.identity.helo.clone())
    }

    fn connections(&self) -> Vec<ConnectionReport> {
        let exchange = |exchange: &Exchange| {
            let (reply, lost) = match &exchange.answer {
                Answer::Reply(reply) => (Some(lines(reply)), None),
                Answer::Lost(loss) => (None, Some(loss.to_string())),
            };
            ExchangeReport {
                phase: exchange.phase,
                sent: (!exchange.sent.is_empty()).then(|| exchange.sent.to_string()),
                pipelined: exchange.pipelined,
                tls: exchange.tls,
                reply,
                lost,
                elapsed_ms: exchange.elapsed_ms,
            }
        };
        let transcripts = self.evidence.transcripts.iter();
        let connection = transcripts.map(|transcript| ConnectionReport {
            local: transcript.local,
            peer: transcript.peer,
            tls: transcript.tls.as_ref().map(TlsReport::of),
            exchanges: transcript.exchanges.iter().map(exchange).collect(),
        });
        connection.collect()
    }

    fn dial_failures(&self) -> Vec<DialFailureReport> {
        let failures = self.evidence.dial_failures.iter();
        failures
            .map(|failure| DialFailureReport { kind: failure.kind, text: failure.text.clone() })
            .collect()
    }
}

impl TargetReport {
    fn of(target: &Target) -> Self {
        Self {
            name: target.name().map(str::to_owned),
            address: target.address(),
            port: target.port(),
            role: target.role(),
            mail_domain: target.mail_domain().map(str::to_owned),
        }
    }

    /// `name:port`, or `address:port` with an IPv6 address in brackets.
    pub fn label(&self) -> String {
        match (&self.name, self.address) {
            (Some(name), _) => format!("{name}:{}", self.port),
            (None, address) => std::net::SocketAddr::new(address, self.port).to_string(),
        }
    }
}

impl TlsReport {
    /// The report's form of what TLS was agreed on.
    pub(super) fn of(tls: &TlsFacts) -> Self {
        Self {
            version: tls.version.clone(),
            cipher: tls.cipher.clone(),
            certificates: tls.certificates.len(),
        }
    }
}

impl AuthorityReport {
    pub(super) fn of(authority: &Authority) -> Self {
        Self {
            source: authority.source,
            file: authority.file.clone(),
            authorized_by: authority.authorized_by.clone(),
            expires: authority.expires,
        }
    }
}

impl IdentityReport {
    /// The report's form of an identity.
    pub(super) fn of(identity: &Identity) -> Self {
        let (local, domain) = &identity.canary;
        Self {
            auditor_domain: identity.auditor_domain.clone(),
            contact: identity.contact.clone(),
            canary: format!("{local}@{domain}"),
            helo: identity.helo.clone(),
            local_domains: identity.local_domains.clone(),
            local_user: identity.local_user.clone(),
            reserved: identity.is_reserved(),
        }
    }
}

impl From<(usize, usize)> for Place {
    fn from((connection, exchange): (usize, usize)) -> Self {
        Self { connection, exchange }
    }
}

fn lines(reply: &Reply) -> Vec<String> {
    reply.lines().map(|line| line.to_string()).collect()
}

fn escaped(text: &str) -> String {
    WireText::from(text.as_bytes()).to_string()
}
