//! Hands a finished mail to the user's own relay.
//!
//! This is the only place that speaks SMTP not to audit. The relay is nobody's target, so no scope
//! is asked; it is whom the user named, and its certificate has to prove that. The dialogue is
//! lettre's, inside TLS that is ours: lettre keeps what a stranger sent before STARTTLS was done and
//! takes it for the relay's words, and here nothing of before is kept.

mod relay;
mod stream;

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

pub use relay::{Account, Relay, RelayError, Roots, RootsError, Security};

/// The wait for a connection.
const CONNECT: Duration = Duration::from_secs(30);
/// The wait for each answer: RFC 5321 section 4.5.3.2 asks for 5 minutes for most.
const ANSWER: Duration = Duration::from_secs(300);
/// The wait for the mail to be sent and taken: section 4.5.3.2.6 asks for 10 minutes.
const TAKEN: Duration = Duration::from_secs(600);
/// The wait for the goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// What became of a mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What the relay said at the end.
    pub reply: String,
    /// Who does not get it, and what the relay said of each.
    pub refused: Vec<(Address, String)>,
}

/// Why a mail was not taken. What the relay said is as it came.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// There is no connection.
    #[error("no connection to {relay}: {source}")]
    Connect {
        /// Which relay.
        relay: String,
        /// Why.
        source: std::io::Error,
    },
    /// In the clear, but not to this machine.
    #[error("{relay} is not this machine, and nothing is sent to another one in the clear")]
    Elsewhere {
        /// Which relay.
        relay: String,
    },
    /// TLS is not agreed on, or the certificate proves nothing.
    #[error("no TLS with {relay}: {source}")]
    Tls {
        /// Which relay.
        relay: String,
        /// Why.
        source: std::io::Error,
    },
    /// STARTTLS is not to be had.
    #[error("{relay} does not begin TLS: {said}")]
    NoStartTls {
        /// Which relay.
        relay: String,
        /// What it said.
        said: String,
    },
    /// There are words in the clear behind the reply to STARTTLS.
    #[error(
        "somebody sends words in the clear behind {relay}'s reply to STARTTLS, as if they came from inside TLS"
    )]
    Injected {
        /// Which relay.
        relay: String,
    },
    /// The relay does not answer in time.
    #[error("{relay} does not answer {what} within {seconds} seconds")]
    Silent {
        /// Which relay.
        relay: String,
        /// What it does not answer.
        what: &'static str,
        /// How long that was waited for.
        seconds: u64,
    },
    /// No login that can be used is offered.
    #[error("{relay} offers no login by PLAIN or LOGIN")]
    NoLogin {
        /// Which relay.
        relay: String,
    },
    /// The relay says no, or is lost.
    #[error("{relay} answers {what}: {said}")]
    Answer {
        /// Which relay.
        relay: String,
        /// What it answers.
        what: &'static str,
        /// What it said.
        said: String,
    },
    /// Nobody gets it.
    #[error("{relay} takes it for nobody: {}", each(.refused))]
    Refused {
        /// Which relay.
        relay: String,
        /// What it said of each.
        refused: Vec<(Address, String)>,
    },
}

/// The words about several recipients.
fn each(refused: &[(Address, String)]) -> String {
    let each = refused.iter().map(|(address, said)| format!("{address}: {said}"));
    each.collect::<Vec<_>>().join("; ")
}

/// Sends a message from one to all. A recipient that is refused does not keep it from the others.
///
/// # Errors
/// Where nobody gets it.
pub async fn submit(
    relay: &Relay,
    from: &Address,
    to: &[Address],
    message: &[u8],
) -> Result<Taken, SubmitError> {
    let opened = timeout(ANSWER, stream::open(relay)).await;
    let (stream, own) = opened.map_err(|_| relay.silent("the connection", ANSWER))??;
    let hello = match own {
        std::net::IpAddr::V4(own) => ClientId::Ipv4(own),
        std::net::IpAddr::V6(own) => ClientId::Ipv6(own),
    };
    let greeted = AsyncSmtpConnection::connect_with_transport(stream, &hello);
    let mut connection = answer(relay, "the greeting and EHLO", ANSWER, greeted).await?;
    let sent = transaction(relay, &mut connection, from, to, message).await;
    let _ = timeout(GOODBYE, connection.quit()).await;
    sent
}

async fn transaction(
    relay: &Relay,
    connection: &mut AsyncSmtpConnection,
    from: &Address,
    to: &[Address],
    message: &[u8],
) -> Result<Taken, SubmitError> {
    if let Some(account) = &relay.account {
        let known = [Mechanism::Plain, Mechanism::Login];
        if connection.server_info().get_auth_mechanism(&known).is_none() {
            return Err(SubmitError::NoLogin { relay: relay.to_string() });
        }
        let credentials = Credentials::new(account.username.clone(), account.password.clone());
        answer(relay, "the login", ANSWER, connection.auth(&known, &credentials)).await?;
    }
    let mail = connection.command(Mail::new(Some(from.clone()), Vec::new()));
    answer(relay, "MAIL FROM", ANSWER, mail).await?;
    let mut refused = Vec::new();
    for recipient in to {
        let rcpt = connection.command(Rcpt::new(recipient.clone(), Vec::new()));
        match answer(relay, "RCPT TO", ANSWER, rcpt).await {
            Ok(_) => {}
            Err(SubmitError::Answer { said, .. }) if !connection.has_broken() => {
                refused.push((recipient.clone(), said));
            }
            Err(error) => return Err(error),
        }
    }
    if refused.len() == to.len() {
        return Err(SubmitError::Refused { relay: relay.to_string(), refused });
    }
    answer(relay, "DATA", ANSWER, connection.command(Data)).await?;
    let taken = answer(relay, "the mail", TAKEN, connection.message(message)).await?;
    let reply = taken.message().collect::<Vec<_>>().join(" ");
    Ok(Taken { reply: format!("{} {reply}", taken.code()), refused })
}

/// Waits for an answer, so long and no longer.
async fn answer<T>(
    relay: &Relay,
    what: &'static str,
    wait: Duration,
    asked: impl Future<Output = Result<T, SmtpError>>,
) -> Result<T, SubmitError> {
    let answered = timeout(wait, asked).await.map_err(|_| relay.silent(what, wait))?;
    answered.map_err(|error| {
        let said = relay.covered(said(&error));
        SubmitError::Answer { relay: relay.to_string(), what, said }
    })
}

/// The reply behind an error of the library, or what the library says where there is none.
fn said(error: &SmtpError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    match (error.status(), source) {
        (Some(code), text) => format!("{code} {}", text.unwrap_or_default()),
        (None, Some(source)) => source,
        (None, None) => error.to_string(),
    }
}

impl Relay {
    fn silent(&self, what: &'static str, wait: Duration) -> SubmitError {
        SubmitError::Silent { relay: self.to_string(), what, seconds: wait.as_secs() }
    }

    /// The relay's words without the password, should it repeat that.
    fn covered(&self, said: String) -> String {
        match &self.account {
            Some(account) if account.password.len() >= 4 => said.replace(&account.password, "***"),
            _ => said,
        }
    }
}

#[cfg(test)]
mod tests;
