//! Who asks, and with which names and addresses.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The names and addresses that the auditor uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The auditor's own domain; `None` means the reserved identity.
    pub auditor_domain: Option<String>,
    /// Who to ask about the audit.
    pub contact: Option<String>,
    /// The mailbox that no relay test may reach by right, local part first.
    pub canary: (String, String),
    /// Where the canary's domain is reached.
    pub canary_address: Option<IpAddr>,
    /// The name in EHLO; `None` means the literal of the source address.
    pub helo: Option<String>,
    /// The domains that the server takes mail for.
    pub local_domains: Vec<String>,
    /// A local part that exists there.
    pub local_user: String,
    /// The name that the auditor's address has in DNS.
    #[serde(default)]
    pub client_name: Option<String>,
    /// Domains that the server may trust because of their names.
    #[serde(default)]
    pub partners: Vec<String>,
    /// A domain of the auditor's whose MX record names the server, foreign to it.
    #[serde(default)]
    pub mx_domain: Option<String>,
    /// The client address to claim where the server offers XCLIENT; only with the user's consent.
    #[serde(default)]
    pub claimed_address: Option<IpAddr>,
}

impl Identity {
    /// The local part of the foreign sender.
    pub const SENDER_LOCAL: &str = "probe";

    /// The mailbox that mail comes from; `None` without a domain of the auditor's own.
    pub fn sender(&self) -> Option<String> {
        let domain = self.auditor_domain.as_ref()?;
        Some(format!("{}@{domain}", Self::SENDER_LOCAL))
    }

    /// The canary's mailbox itself, without the tag of a form.
    pub fn canary_mailbox(&self) -> String {
        let (local, domain) = &self.canary;
        let local = if local.is_empty() { "canary" } else { local };
        format!("{local}@{domain}")
    }

    /// A mailbox of the canary's that carries a tag, behind `+` where the mailbox is real.
    pub fn tagged_canary(&self, tag: &str) -> String {
        match self.canary.0.as_str() {
            "" => format!("mxaudit-{tag}@{}", self.canary.1),
            mailbox => format!("{mailbox}+{tag}@{}", self.canary.1),
        }
    }

    /// True when the auditor named no domain, so that only reserved names can be used.
    pub fn is_reserved(&self) -> bool {
        self.auditor_domain.is_none()
    }

    /// True when the user named a mailbox other than postmaster, which many servers exempt from
    /// their checks.
    pub fn has_local_user(&self) -> bool {
        !self.local_user.eq_ignore_ascii_case("postmaster")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(auditor: Option<&str>, canary: &str) -> Identity {
        Identity {
            auditor_domain: auditor.map(str::to_owned),
            contact: None,
            canary: (canary.into(), "canary.test".into()),
            canary_address: None,
            helo: None,
            local_domains: Vec::new(),
            local_user: "postmaster".into(),
            client_name: None,
            partners: Vec::new(),
            mx_domain: None,
            claimed_address: None,
        }
    }

    #[test]
    fn mail_comes_from_the_auditors_own_domain_only() {
        let sender = identity(Some("audit.test"), "").sender();
        assert_eq!(sender.as_deref(), Some("probe@audit.test"));
        assert_eq!(identity(None, "").sender(), None);
    }

    #[test]
    fn the_canary_has_a_mailbox_even_where_none_was_named() {
        assert_eq!(identity(None, "jane").canary_mailbox(), "jane@canary.test");
        assert_eq!(identity(None, "").canary_mailbox(), "canary@canary.test");
    }
}
