//! Who asks: from flags and configuration to an [`Identity`], checked against what is local.

use crate::evidence::Identity;
use crate::target::Target;
use crate::target::name::{is_at_or_below, normalise};

use super::args::IdentityArgs;
use super::config::{Auditor, Local};
use super::exit::Failure;

/// Reserved for examples by RFC 2606: mail for it goes nowhere.
const RESERVED_DOMAIN: &str = "example.com";

/// Puts the identity together; flags outrank the configuration.
pub(super) fn identity(
    args: &IdentityArgs,
    auditor: &Auditor,
    local: &Local,
) -> Result<Identity, Failure> {
    let canary = match args.canary.as_ref().or(auditor.canary.as_ref()) {
        Some(mailbox) => Some(split_mailbox("--canary", mailbox)?),
        None => None,
    };
    let domain = match &args.auditor_domain {
        Some(domain) => Some(name("--auditor-domain", domain)?),
        // A canary is the auditor's own, and so is its domain.
        None => auditor.domain.clone().or_else(|| Some(canary.as_ref()?.1.clone())),
    };
    let local_domains = match args.local_domains.as_slice() {
        [] => local.domains.clone(),
        given => given.iter().map(|d| name("--local-domain", d)).collect::<Result<_, _>>()?,
    };
    let helo = match &args.helo {
        Some(helo) => Some(helo_name(helo)?),
        None => auditor.helo.clone().or_else(|| domain.clone()),
    };
    let local_user = match &args.local_user {
        Some(user) => local_part("--local-user", user)?,
        None => local.user.clone().unwrap_or_else(|| "postmaster".into()),
    };
    let canary_domain = domain.clone().unwrap_or_else(|| RESERVED_DOMAIN.into());
    let identity = Identity {
        canary: canary.unwrap_or((String::new(), canary_domain)),
        auditor_domain: domain,
        contact: auditor.contact.clone(),
        canary_address: args.canary_address.or(auditor.canary_address),
        helo,
        local_domains,
        local_user,
        client_name: auditor.client_name.clone(),
        partners: local.partners.clone(),
        mx_domain: local.mx_domain.clone(),
        claimed_address: args.claimed_address,
    };
    check_names(&identity)?;
    let locals = identity.local_domains.clone();
    check_foreign(&identity, locals.iter().map(|domain| (domain.as_str(), domain.as_str())))?;
    Ok(identity)
}

/// The auditor must be a stranger to every target: a canary inside a domain that the target takes
/// mail for is accepted by right.
pub(super) fn check_against(identity: &Identity, targets: &[Target]) -> Result<(), Failure> {
    for target in targets {
        if let Some(domain) = target.mail_domain() {
            check_foreign(identity, std::iter::once((domain, domain)))?;
        }
        let Some(host) = target.name() else { continue };
        for (what, own) in own_domains(identity) {
            if is_at_or_below(host, own) {
                return Err(Failure::usage(format!(
                    "{what} {own} holds the target {host}, which may take its mail by right; name \
                     a domain that the target has nothing to do with"
                )));
            }
        }
    }
    Ok(())
}

fn own_domains(identity: &Identity) -> impl Iterator<Item = (&'static str, &str)> {
    let auditor = identity.auditor_domain.as_deref().map(|domain| ("the auditor's domain", domain));
    let canary = ("the canary's domain", identity.canary.1.as_str());
    let of_mx = identity.mx_domain.as_deref().map(|domain| ("mx_domain", domain));
    std::iter::once(canary).chain(auditor).chain(of_mx)
}

/// What the configuration says of names must still hold where flags changed the others.
fn check_names(identity: &Identity) -> Result<(), Failure> {
    let canary = &identity.canary.1;
    if let Some(partner) = identity.partners.iter().find(|p| is_at_or_below(canary, p)) {
        return Err(Failure::usage(format!(
            "the partner {partner} holds {canary}, the canary's domain, so mail to it proves no \
             relaying; name a canary that is no partner's (--auditor-domain, --canary)"
        )));
    }
    if identity.mx_domain.as_ref() == Some(canary) {
        return Err(Failure::usage(format!(
            "mx_domain {canary} is the canary's domain, whose MX record must not name the targets; \
             name another one (--auditor-domain, --canary)"
        )));
    }
    Ok(())
}

fn check_foreign<'a>(
    identity: &Identity,
    mut locals: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Failure> {
    let helo = identity.helo.as_deref().map(|helo| ("the greeting name", helo));
    let own: Vec<_> = own_domains(identity).chain(helo).collect();
    let clash = locals.find_map(|(domain, _)| {
        own.iter().find(|(_, own)| is_at_or_below(own, domain)).map(|found| (*found, domain))
    });
    match clash {
        Some(((what, own), domain)) => Err(Failure::usage(format!(
            "{what} {own} is inside the local domain {domain}, so the targets treat it as their \
             own; use a domain that is foreign to them (--auditor-domain, --canary, --helo, or \
             mx_domain in mxaudit.toml)"
        ))),
        None => Ok(()),
    }
}

fn name(flag: &str, text: &str) -> Result<String, Failure> {
    normalise(text).map_err(|error| Failure::usage(format!("{flag}: {error}")))
}

/// A host name, or an address literal in brackets.
fn helo_name(text: &str) -> Result<String, Failure> {
    let literal = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    match literal {
        Some(inner) if inner.trim_start_matches("IPv6:").parse::<std::net::IpAddr>().is_ok() => {
            Ok(text.to_owned())
        }
        Some(_) => Err(Failure::usage(format!("--helo: `{text}` holds no address"))),
        None => name("--helo", text),
    }
}

fn split_mailbox(flag: &str, text: &str) -> Result<(String, String), Failure> {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err(Failure::usage(format!("{flag}: `{text}` is no mailbox; give user@domain")));
    };
    Ok((local_part(flag, local)?, name(flag, domain)?))
}

/// A dot-atom of RFC 5321 section 4.1.2: what goes into a path must not change its form.
fn local_part(flag: &str, text: &str) -> Result<String, Failure> {
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&'*+-/=?^_`{|}~.".contains(&byte);
    let dots = text.starts_with('.') || text.ends_with('.') || text.contains("..");
    if text.is_empty() || text.len() > 48 || dots || !text.bytes().all(atom) {
        return Err(Failure::usage(format!(
            "{flag}: `{}` is no plain local part; use letters, digits and . - _ +, at most 48",
            text.escape_debug()
        )));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(auditor_domain: Option<&str>, local_domains: &[&str]) -> IdentityArgs {
        IdentityArgs {
            claimed_address: None,
            auditor_domain: auditor_domain.map(str::to_owned),
            canary: None,
            canary_address: None,
            helo: None,
            local_domains: local_domains.iter().map(|domain| (*domain).to_owned()).collect(),
            local_user: None,
        }
    }

    fn configured() -> (Auditor, Local) {
        let auditor = Auditor { client_name: Some("c.a.example".into()), ..Auditor::default() };
        let local = Local {
            partners: vec!["partner.example".into()],
            mx_domain: Some("backup.example".into()),
            ..Local::default()
        };
        (auditor, local)
    }

    #[test]
    fn names_come_from_the_configuration() {
        let (auditor, local) = configured();
        let identity = identity(&args(Some("a.example"), &[]), &auditor, &local).unwrap();
        assert_eq!(identity.client_name, auditor.client_name);
        assert_eq!((identity.partners, identity.mx_domain), (local.partners, local.mx_domain));
    }

    #[test]
    fn flags_must_agree_with_them() {
        let (auditor, local) = configured();
        let cases: [(&str, &[&str], &str); 3] = [
            ("probe.partner.example", &[], "the partner partner.example holds"),
            ("backup.example", &[], "mx_domain backup.example is the canary's domain"),
            ("a.example", &["backup.example"], "mx_domain backup.example is inside the local"),
        ];
        for (domain, locals, start) in cases {
            let failure = identity(&args(Some(domain), locals), &auditor, &local).unwrap_err();
            assert!(failure.messages[0].starts_with(start), "{:?}", failure.messages);
        }
    }
}
