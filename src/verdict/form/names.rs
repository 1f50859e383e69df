//! Whose names a reply holds: the auditor's, the server's, the recipient's.

use crate::evidence::{Evidence, Form, SenderKind};
use crate::smtp::{Reply, WireText};
use crate::verdict::wording::Names;

/// Everything that may stand in a reply without being wording.
pub(in crate::verdict) fn names_of(evidence: &Evidence) -> Names {
    let identity = &evidence.identity;
    let mut names: Vec<String> = evidence.server_names.clone();
    names.extend(evidence.target.name().map(str::to_owned));
    names.extend(evidence.target.mail_domain().map(str::to_owned));
    names.extend(identity.local_domains.iter().cloned());
    names.extend(identity.auditor_domain.clone());
    names.extend(identity.helo.clone());
    names.push(identity.canary.1.clone());
    names.extend(identity.client_name.iter().chain(&identity.mx_domain).cloned());
    names.extend(identity.partners.iter().cloned());
    names.extend(Some(&identity.canary.0).filter(|local| is_no_word(local)).cloned());
    names.extend(evidence.forms.iter().flat_map(names_of_form));
    let mut addresses = vec![evidence.target.address()];
    addresses.extend(evidence.transcripts.first().map(|transcript| transcript.local.ip()));
    addresses.extend(identity.canary_address);
    Names::new(names, &addresses)
}

/// The names that a form adds.
pub(super) fn names_of_form(form: &Form) -> impl Iterator<Item = String> {
    let envelope = &form.envelope;
    let local_parts = [&envelope.reverse_path, &envelope.forward_path].map(|path| {
        let mut local = text(path);
        local.truncate(local.rfind('@').unwrap_or(local.len()));
        local
    });
    let local_parts = local_parts.into_iter().filter(|local| is_no_word(local));
    envelope.helo.iter().map(text).chain(local_parts)
}

/// A local part that is an everyday word, such as `user`, may be meant as the word.
fn is_no_word(local: &str) -> bool {
    local.chars().any(|c| !c.is_ascii_alphabetic())
}

/// True for `<local@domain>` of letters, digits, dots, hyphens and plus signs only, whose domain is
/// one: without a final dot, and not a bare address.
pub(super) fn is_plain_address(form: &Form) -> bool {
    let path = text(&form.envelope.forward_path);
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    path.split_once('@').is_some_and(|(local, domain)| {
        let labels = domain.rsplit('.').next().unwrap_or_default();
        local.chars().chain(domain.chars()).all(plain)
            && labels.chars().any(|c| c.is_ascii_alphabetic())
            && !form.envelope.bare_rcpt
    })
}

/// True when a reply names the sender and nothing of the recipient: what does not exist is then the
/// sender. The sender's domain alone is a name of the sender only beside a recipient at the
/// server's own domain.
pub(super) fn names_only_the_sender(form: &Form, reply: &Reply) -> bool {
    let said = reply.text().to_lowercase();
    let sender = text(&form.envelope.reverse_path);
    let Some((_, domain)) = sender.rsplit_once('@') else { return false };
    let own = form.outer.is_own() && form.sender == SenderKind::Foreign;
    let names_sender = stands_alone(&said, &sender) || own && stands_alone(&said, domain);
    names_sender && !recipients(form).any(|part| said.contains(&part) && !sender.contains(&part))
}

/// True when a reply to a form at the server's own domain names the mailbox that is hidden in it
/// as if it had been asked for: the server has taken the form apart.
pub(super) fn names_foreign_mailbox(form: &Form, canary: &str, reply: &Reply) -> bool {
    let said = reply.text().to_lowercase();
    if said.contains(&text(&form.envelope.forward_path)) {
        return false;
    }
    let canary = canary.to_lowercase();
    let parts: Vec<_> = recipients(form).collect();
    parts.windows(2).any(|pair| match pair {
        [one, other] if *one == canary => stands_alone(&said, &format!("{other}@{canary}")),
        [one, other] if *other == canary => stands_alone(&said, &format!("{one}@{canary}")),
        _ => false,
    })
}

/// True where a name is not part of a longer one.
fn stands_alone(said: &str, name: &str) -> bool {
    let of_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '+' | '@');
    said.match_indices(name).any(|(at, _)| {
        let (before, rest) = said.split_at(at);
        let mut after = rest.get(name.len()..).unwrap_or_default().chars();
        let ends = match after.next() {
            Some('.') => !after.next().is_some_and(of_name),
            Some(c) => !of_name(c),
            None => true,
        };
        // A domain may stand behind its local part, a mailbox behind nothing.
        let joined = |c: char| of_name(c) && (c != '@' || name.contains('@'));
        let begins = !before.ends_with(joined);
        !name.is_empty() && begins && ends
    })
}

/// The names that a forward-path is made of, from left to right.
fn recipients(form: &Form) -> impl Iterator<Item = String> {
    let path = text(&form.envelope.forward_path);
    let is_border = |c: char| matches!(c, '@' | '%' | '!' | '"' | ':' | ',' | '[' | ']');
    let parts: Vec<_> =
        path.split(is_border).filter(|part| part.len() > 2).map(str::to_owned).collect();
    parts.into_iter()
}

fn text(wire: &WireText) -> String {
    String::from_utf8_lossy(wire.as_bytes()).to_lowercase()
}
