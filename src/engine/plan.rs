//! From probes, identities and the server's own names to forms and controls.

use std::collections::BTreeSet;

use crate::evidence::{
    Control, Envelope, Evidence, Form, FormRole, Identity, Lacking, NotPlanned, SenderKind,
};
use crate::probe::{Bindings, Outer, Placeholder, Probe, ProbeRole, Profile, Template};
use crate::smtp::WireText;
use crate::target::Role;

use super::Settings;

/// The reserved domain that names are under where the auditor has none.
const RESERVED: &str = "example.com";

/// The random parts of one host's plan.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    /// Tags the canary's local part.
    pub(super) canary: String,
    /// A local part that cannot exist.
    pub(super) nobody: String,
    /// Tags the greeting name that is not ours.
    pub(super) helo: String,
}

/// Plans every probe of the list and the controls that make its answers readable.
pub(super) fn plan<'a>(
    evidence: &mut Evidence,
    probes: impl Iterator<Item = &'a Probe>,
    settings: &Settings,
    tokens: &Tokens,
) {
    let control = Form {
        role: FormRole::Control { control: Control::RcptBeforeMail },
        envelope: Envelope {
            forward_path: canary_path(&evidence.identity, tokens),
            ..Envelope::default()
        },
        sender: SenderKind::Null,
        outer: Outer::Foreign,
        outer_domain: None,
    };
    let mut bindings = bindings(evidence, tokens);
    for probe in probes {
        if settings.wanted.relay {
            plan_probe(evidence, probe, &mut bindings, tokens);
        } else {
            lacking(evidence, probe, Lacking::Interest);
        }
    }
    // What the controls are asked beside: the forms, or without them a plain one that is not asked.
    let mut plain = evidence.forms.clone();
    if settings.wanted.relay {
        evidence.forms.insert(0, control);
    } else {
        plain = plain_contexts(&control, &evidence.identity);
    }
    for form in &plain {
        add_controls(evidence, form, tokens);
    }
    if let Some(plain) = plain.iter().find(|form| form.is_plain() || !settings.wanted.relay) {
        add_unknown_local(evidence, plain, tokens);
        add_of_profile(evidence, plain, settings.profile, settings, tokens);
    }
}

/// Adds the controls that a profile wants beside a plain form.
fn add_of_profile(
    evidence: &mut Evidence,
    plain: &Form,
    profile: Profile,
    settings: &Settings,
    tokens: &Tokens,
) {
    let standard = profile >= Profile::Standard && settings.wanted.operations;
    let is_known = |form: &Form| form.control() == Some(Control::MismatchedHelo);
    if standard && evidence.target.role() == Role::Mx && !evidence.forms.iter().any(is_known) {
        add_mismatched_helo(evidence, plain, tokens);
    }
}

/// Plans the probes of a deeper profile that are not planned yet, and says which forms were added.
pub(super) fn plan_deeper<'a>(
    evidence: &mut Evidence,
    probes: impl Iterator<Item = &'a Probe>,
    profile: Profile,
    settings: &Settings,
    tokens: &Tokens,
) -> Vec<usize> {
    let before = evidence.forms.len();
    let of_forms = evidence.forms.iter().filter_map(Form::probe_id);
    let known = of_forms.chain(evidence.not_planned.iter().map(|entry| entry.probe.as_str()));
    let known: BTreeSet<_> = known.map(str::to_owned).collect();
    let mut bindings = bindings(evidence, tokens);
    for probe in probes.filter(|probe| !known.contains(&probe.id)) {
        match settings.wanted.relay {
            true => plan_probe(evidence, probe, &mut bindings, tokens),
            false => lacking(evidence, probe, Lacking::Interest),
        }
    }
    for form in evidence.forms.get(before..).unwrap_or_default().to_vec() {
        add_controls(evidence, &form, tokens);
    }
    let plain = evidence.forms.iter().find(|form| form.is_plain() || !settings.wanted.relay);
    if let Some(plain) = plain.cloned() {
        add_of_profile(evidence, &plain, profile, settings, tokens);
    }
    (before..evidence.forms.len()).collect()
}

/// Plans what lacked the server's name or one of its extensions, once that is known, and says which
/// forms were added.
pub(super) fn plan_late<'a>(
    evidence: &mut Evidence,
    probes: impl Iterator<Item = &'a Probe>,
    tokens: &Tokens,
) -> Vec<usize> {
    let before = evidence.forms.len();
    let lacking =
        |entry: &NotPlanned| matches!(entry.why, Lacking::TargetName | Lacking::Extension);
    let (late, others) = evidence.not_planned.drain(..).partition::<Vec<_>, _>(lacking);
    evidence.not_planned = others;
    let mut bindings = bindings(evidence, tokens);
    for probe in probes.filter(|probe| late.iter().any(|entry| entry.probe == probe.id)) {
        plan_probe(evidence, probe, &mut bindings, tokens);
    }
    for form in evidence.forms.get(before..).unwrap_or_default().to_vec() {
        add_controls(evidence, &form, tokens);
    }
    (before..evidence.forms.len()).collect()
}

/// The contexts in which a plain message would come: from the auditor and from nobody.
fn plain_contexts(form: &Form, identity: &Identity) -> Vec<Form> {
    let from = |path: String, sender| {
        let mut form = form.clone();
        form.envelope.reverse_path = path.into_bytes().into();
        form.sender = sender;
        form
    };
    let foreign = identity.sender().map(|path| from(path, SenderKind::Foreign));
    foreign.into_iter().chain([from(String::new(), SenderKind::Null)]).collect()
}

/// The same form from the null sender, added with its controls where there is none yet.
pub(super) fn with_null_sender(
    evidence: &mut Evidence,
    index: usize,
    tokens: &Tokens,
) -> Option<usize> {
    let mut form = evidence.forms.get(index)?.clone();
    form.envelope.reverse_path = WireText::default();
    form.sender = SenderKind::Null;
    if let Some(known) = evidence.forms.iter().position(|other| *other == form) {
        return Some(known);
    }
    let added = evidence.forms.len();
    evidence.forms.push(form.clone());
    add_controls(evidence, &form, tokens);
    Some(added)
}

/// The control that repeats a plain form at the end, added where there is none yet.
pub(super) fn repeat_at_end(evidence: &mut Evidence, plain: usize) -> Option<usize> {
    let is_at_end = |form: &Form| form.control() == Some(Control::PlainAtEnd);
    if let Some(known) = evidence.forms.iter().position(is_at_end) {
        return Some(known);
    }
    let mut form = evidence.forms.get(plain)?.clone();
    form.role = FormRole::Control { control: Control::PlainAtEnd };
    evidence.forms.push(form);
    Some(evidence.forms.len() - 1)
}

/// Plans a probe, once for each local domain and partner that it needs, which are bound then.
fn plan_probe(evidence: &mut Evidence, probe: &Probe, bindings: &mut Bindings, tokens: &Tokens) {
    let role = match evidence.target.role() {
        Role::Mx => ProbeRole::Mx,
        Role::Submission => ProbeRole::Submission,
    };
    if !probe.roles.contains(&role) {
        return lacking(evidence, probe, Lacking::Role);
    }
    let envelope = &probe.envelope;
    let uses = |name| {
        let paths = [&envelope.rcpt_to, &envelope.mail_from];
        let mut all = paths.into_iter().chain(&envelope.helo).chain(&envelope.first_rcpt);
        all.any(|template: &Template| template.uses(name))
    };
    let identity = &evidence.identity;
    // Without a name that only some auditors give, nothing else is lacking.
    let extra = [
        (Placeholder::ClientName, identity.client_name.is_some(), Lacking::ClientName),
        (Placeholder::PartnerDomain, !identity.partners.is_empty(), Lacking::Partner),
        (Placeholder::MxDomain, identity.mx_domain.is_some(), Lacking::MxDomain),
    ];
    if let Some((_, _, why)) = extra.into_iter().find(|(name, given, _)| uses(*name) && !given) {
        return lacking(evidence, probe, why);
    }
    let extensions = [(envelope.starttls, "STARTTLS"), (envelope.xclient, "XCLIENT")];
    if extensions.iter().any(|(wanted, keyword)| *wanted && !evidence.offers(keyword)) {
        return lacking(evidence, probe, Lacking::Extension);
    }
    if envelope.xclient && identity.claimed_address.is_none() {
        return lacking(evidence, probe, Lacking::ClaimedAddress);
    }
    // A probe that needs a local domain or a partner is asked once for each.
    let each = |name, values: &[String]| -> Vec<Option<String>> {
        if uses(name) { values.iter().cloned().map(Some).collect() } else { vec![None] }
    };
    let domains = each(Placeholder::LocalDomain, &identity.local_domains);
    let partners = each(Placeholder::PartnerDomain, &identity.partners);
    if domains.is_empty() {
        return lacking(evidence, probe, Lacking::LocalDomain);
    }
    let pairs = domains.iter().flat_map(|domain| partners.iter().map(move |p| (domain, p)));
    for (instance, (domain, partner)) in pairs.enumerate() {
        bindings.local_domain.clone_from(domain);
        bindings.partner_domain.clone_from(partner);
        match Form::of_probe(probe, bindings, instance) {
            Ok(mut form) => {
                // Where XCLIENT is offered inside TLS only, it is sent there.
                let in_clear = evidence.extensions.iter().any(|known| known == "XCLIENT");
                form.envelope.starttls |= envelope.xclient && !in_clear;
                let same = evidence
                    .forms
                    .iter()
                    .any(|other| other.probe_id().is_some() && other.envelope == form.envelope);
                if same {
                    lacking(evidence, probe, Lacking::Difference);
                } else {
                    let both = probe.gate && form.sender == SenderKind::Foreign;
                    evidence.forms.push(form);
                    // A gate is tried with a bounce's sender too, whatever became of the other.
                    if both && envelope.mail_from.uses(Placeholder::Sender) {
                        with_null_sender(evidence, evidence.forms.len() - 1, tokens);
                    }
                }
            }
            Err(missing) => lacking(evidence, probe, lacking_for(missing)),
        }
    }
}

fn lacking(evidence: &mut Evidence, probe: &Probe, why: Lacking) {
    let entry =
        NotPlanned { probe: probe.id.clone(), code: probe.code.clone(), gate: probe.gate, why };
    // Several instances may lack the same.
    if !evidence.not_planned.contains(&entry) {
        evidence.not_planned.push(entry);
    }
}

fn lacking_for(missing: Placeholder) -> Lacking {
    match missing {
        Placeholder::TargetName => Lacking::TargetName,
        Placeholder::LocalDomain | Placeholder::LocalUser => Lacking::LocalDomain,
        Placeholder::CanaryAddress | Placeholder::CanaryLiteral => Lacking::CanaryAddress,
        Placeholder::ClientName => Lacking::ClientName,
        Placeholder::PartnerDomain => Lacking::Partner,
        Placeholder::MxDomain => Lacking::MxDomain,
        _ => Lacking::AuditorDomain,
    }
}

/// What all probes of a host have in common.
fn bindings(evidence: &Evidence, tokens: &Tokens) -> Bindings {
    let identity = &evidence.identity;
    let domain = identity.auditor_domain.clone();
    Bindings {
        // Without a domain of our own the null reverse-path is the only sender that is nobody's.
        sender: Some(identity.sender().unwrap_or_default()),
        sender_local: domain.is_some().then(|| Identity::SENDER_LOCAL.to_owned()),
        auditor_domain: domain,
        canary_local: Some(canary_local(identity, tokens)),
        canary_domain: Some(identity.canary.1.clone()),
        target_name: evidence.server_name().map(str::to_owned),
        target_address: Some(evidence.target.address()),
        canary_address: identity.canary_address,
        random: Some(tokens.canary.clone()),
        local_domain: None,
        local_user: Some(identity.local_user.clone()),
        client_name: identity.client_name.clone(),
        partner_domain: None,
        mx_domain: identity.mx_domain.clone(),
        claimed_address: identity.claimed_address,
    }
}

/// The canary's local part always carries a random tag.
fn canary_local(identity: &Identity, tokens: &Tokens) -> String {
    let mailbox = identity.tagged_canary(&tokens.canary);
    mailbox.rsplit_once('@').map(|(local, _)| local.to_owned()).unwrap_or(mailbox)
}

pub(super) fn canary_path(identity: &Identity, tokens: &Tokens) -> WireText {
    identity.tagged_canary(&tokens.canary).into_bytes().into()
}

/// Adds what a form needs beside it: local recipients under its HELO and sender, and a random user
/// at its outer domain.
fn add_controls(evidence: &mut Evidence, form: &Form, tokens: &Tokens) {
    let Evidence { identity, forms, .. } = evidence;
    let mut add = |control, outer, path: String, outer_domain: Option<&String>| {
        let is_known = |known: &Form| {
            known.control() == Some(control)
                && (known.sender, known.outer) == (form.sender, outer)
                && known.outer_domain.as_ref() == outer_domain
                && known.envelope.forward_path.as_bytes() == path.as_bytes()
                && known.shares_context(form)
        };
        if forms.iter().any(is_known) {
            return;
        }
        let envelope = Envelope {
            forward_path: path.into_bytes().into(),
            bare_rcpt: false,
            first_rcpt: None,
            ..form.envelope.clone()
        };
        let role = FormRole::Control { control };
        let outer_domain = outer_domain.cloned();
        forms.push(Form { role, envelope, sender: form.sender, outer, outer_domain });
    };
    match identity.local_domains.first() {
        Some(domain) => {
            let path = format!("postmaster@{domain}");
            add(Control::Postmaster, Outer::MailDomain, path, Some(domain));
            if identity.has_local_user() {
                let path = format!("{}@{domain}", identity.local_user);
                add(Control::LocalUser, Outer::MailDomain, path, Some(domain));
            }
        }
        // RFC 5321 section 4.5.1: every server takes this, with no domain at all.
        None => add(Control::Postmaster, Outer::Absent, "postmaster".into(), None),
    }
    if form.outer.is_own() {
        let nobody = &tokens.nobody;
        let path = match &form.outer_domain {
            Some(domain) => format!("{nobody}@{domain}"),
            None => nobody.clone(),
        };
        add(Control::RandomUser, form.outer, path, form.outer_domain.as_ref());
    }
}

/// Adds an unknown user at the mail domain beside the first plain form: a server that answers the
/// two differently tells its own domain from a stranger's, whatever its words are.
fn add_unknown_local(evidence: &mut Evidence, plain: &Form, tokens: &Tokens) {
    let Some(domain) = evidence.identity.local_domains.first() else { return };
    let path = format!("{}@{domain}", tokens.nobody).into_bytes();
    let control = Form {
        role: FormRole::Control { control: Control::RandomUser },
        envelope: Envelope { forward_path: path.into(), ..plain.envelope.clone() },
        sender: plain.sender,
        outer: Outer::MailDomain,
        outer_domain: Some(domain.clone()),
    };
    if !evidence.forms.contains(&control) {
        evidence.forms.push(control);
    }
}

/// Adds a local recipient from the sender of the first plain form under a greeting name that is not
/// ours: whoever refuses it there and takes it under our own name refuses it for the name.
fn add_mismatched_helo(evidence: &mut Evidence, plain: &Form, tokens: &Tokens) {
    let of = |wanted| {
        let mut forms = evidence.forms.iter();
        forms.find(|form| form.control() == Some(wanted) && form.shares_context(plain))
    };
    let Some(local) = of(Control::LocalUser).or_else(|| of(Control::Postmaster)) else { return };
    let domain = evidence.identity.auditor_domain.as_deref().unwrap_or(RESERVED);
    let mut form = local.clone();
    form.role = FormRole::Control { control: Control::MismatchedHelo };
    form.envelope.helo = Some(format!("mismatch-{}.{domain}", tokens.helo).into_bytes().into());
    evidence.forms.push(form);
}

#[cfg(test)]
mod tests;
