//! POP-before-SMTP of a host in version 1 of the report.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::{Place, TlsReport, words};

/// Whether a POP3 login opens the mail server to the address that it comes from, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PopReport {
    /// `granted`: relaying is refused before the login and granted after it; `not-granted`: it is
    /// refused after it too; `not-measured`: it was granted before it; `unknown`.
    #[schemars(with = "words::PopOutcome")]
    pub outcome: &'static str,
    /// Why it was not measured, or is not known.
    #[schemars(with = "Option<words::PopReasonWord>")]
    pub reason: Option<&'static str>,
    /// What to do about that.
    pub remedy: Option<&'static str>,
    /// How long relaying is granted after a login; `null` where it is not.
    pub window: Option<PopWindowReport>,
    /// The exchange that shows it best.
    pub evidence: Option<Place>,
    /// For how many seconds after the login it was to be asked at most.
    pub longest_seconds: u64,
    /// The reverse-path of every check without brackets; empty is the null one.
    pub mail_from: String,
    /// The forward-path of every check without brackets.
    pub rcpt_to: String,
    /// The checks, in the order of asking.
    pub checks: Vec<PopCheckReport>,
    /// The connections to POP3 servers, in order.
    pub logins: Vec<PopLoginReport>,
}

/// How long relaying is granted, in seconds after the login: the truth lies between the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PopWindowReport {
    /// It was granted for this long.
    pub at_least_seconds: Seconds,
    /// It was refused from here on; `null` where it was still granted when the questions ended.
    pub below_seconds: Option<Seconds>,
}

/// Whether relaying was granted at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PopCheckReport {
    /// Seconds from the sending of the password; `null` before the login.
    pub after_seconds: Option<Seconds>,
    /// What the server did.
    #[schemars(with = "words::PopHeard")]
    pub observed: &'static str,
    /// Why that is not known.
    #[schemars(with = "Option<words::PopReasonWord>")]
    pub reason: Option<&'static str>,
    /// The exchange that shows it.
    pub evidence: Option<Place>,
}

/// One connection to a POP3 server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PopLoginReport {
    /// The server's address and port.
    pub server: SocketAddr,
    /// The address that it was asked from; `null` where no connection came about.
    pub source: Option<IpAddr>,
    /// How it ended.
    #[schemars(with = "words::PopResult")]
    pub result: &'static str,
    /// Why no connection came about.
    pub failure: Option<String>,
    /// What TLS was agreed on; `null` where all was in the clear.
    pub tls: Option<TlsReport>,
    /// What was said; name and password of the account are `***`.
    pub exchanges: Vec<PopExchangeReport>,
}

/// One command to a POP3 server and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PopExchangeReport {
    /// The command line; `null` where nothing was sent.
    pub sent: Option<String>,
    /// True inside TLS.
    pub tls: bool,
    /// The answer.
    pub reply: Option<String>,
    /// Why there is none.
    pub lost: Option<String>,
    /// Milliseconds to the end of the answer.
    pub elapsed_ms: u64,
}

/// A time in milliseconds, written as a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub u64);

impl Serialize for Seconds {
    #[allow(clippy::cast_precision_loss, reason = "no audit takes as long as 2^53 ms")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

impl JsonSchema for Seconds {
    fn schema_name() -> Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Seconds.", "type": "number", "minimum": 0 })
    }
}
