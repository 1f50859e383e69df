//! From the evidence of one host to what is known of POP-before-SMTP there.

use crate::evidence::Evidence;
use crate::evidence::pop::{PopAnswer, PopCheck, PopExchange, PopLogin};
use crate::verdict::{Heard, PopReason, pop_before_smtp};

use super::{
    Place, PopCheckReport, PopExchangeReport, PopLoginReport, PopReport, PopWindowReport, Seconds,
    TlsReport,
};

impl PopReport {
    /// What is known; `None` where it was not asked for.
    pub(super) fn of(evidence: &Evidence) -> Option<Self> {
        let (pop, verdict) = (evidence.pop.as_ref()?, pop_before_smtp(evidence)?);
        let checks = pop.checks.iter().zip(&verdict.heard);
        Some(Self {
            outcome: verdict.outcome.as_str(),
            reason: verdict.outcome.reason(),
            remedy: verdict.outcome.remedy(),
            window: verdict.window.map(|window| PopWindowReport {
                at_least_seconds: Seconds(window.at_least),
                below_seconds: window.below.map(Seconds),
            }),
            evidence: verdict.place.map(Place::from),
            longest_seconds: pop.window,
            mail_from: pop.envelope.0.to_string(),
            rcpt_to: pop.envelope.1.to_string(),
            checks: checks.map(|(check, heard)| of_check(check, *heard)).collect(),
            logins: pop.logins.iter().map(of_login).collect(),
        })
    }
}

fn of_check(check: &PopCheck, heard: Option<Heard>) -> PopCheckReport {
    // A transcript may be missing where single files are replayed.
    let heard = heard.unwrap_or(Heard::Unknown(PopReason::NOT_ANSWERED));
    PopCheckReport {
        after_seconds: check.after_ms.map(Seconds),
        observed: heard.as_str(),
        reason: heard.reason(),
        evidence: check.place.map(Place::from),
    }
}

fn of_login(login: &PopLogin) -> PopLoginReport {
    PopLoginReport {
        server: login.peer,
        source: login.local.map(|local| local.ip()),
        result: PopReason::Login(login.end).as_str(),
        failure: login.failure.as_ref().map(|failure| failure.text.clone()),
        tls: login.tls.as_ref().map(TlsReport::of),
        exchanges: login.exchanges.iter().map(of_exchange).collect(),
    }
}

fn of_exchange(exchange: &PopExchange) -> PopExchangeReport {
    let (reply, lost) = match &exchange.answer {
        PopAnswer::Positive(line) | PopAnswer::Negative(line) => (Some(line.to_string()), None),
        PopAnswer::NotPop(line) => (None, Some(format!("a line that is no POP3 answer: {line}"))),
        PopAnswer::Lost(loss) => (None, Some(loss.to_string())),
    };
    PopExchangeReport {
        sent: (!exchange.sent.is_empty()).then(|| exchange.sent.to_string()),
        tls: exchange.tls,
        reply,
        lost,
        elapsed_ms: exchange.elapsed_ms,
    }
}
