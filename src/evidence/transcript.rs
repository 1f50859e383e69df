//! The record of one connection.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::smtp::{Phase, Reply, ReplyFault, WireText};

/// One connection from greeting to end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transcript {
    /// Our address and port.
    pub local: SocketAddr,
    /// The server's.
    pub peer: SocketAddr,
    /// What TLS was agreed on, once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFacts>,
    /// What was said, in the order of asking.
    pub exchanges: Vec<Exchange>,
    /// How long it took from dialling to the end. Known of the run at hand only.
    #[serde(skip)]
    pub took: Option<Duration>,
}

/// What TLS was agreed on. The certificates are recorded, neither trusted nor refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// Such as `TLSv1.3`.
    pub version: String,
    /// The cipher suite by its IANA name.
    pub cipher: String,
    /// The certificates in the order in which the server sent them, its own first.
    pub certificates: Vec<Certificate>,
}

/// A certificate as it was sent: DER, written as Base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Certificate(Vec<u8>);

impl Certificate {
    /// The bytes, DER.
    pub fn der(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Certificate {
    fn from(der: Vec<u8>) -> Self {
        Self(der)
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} bytes)", self.0.len())
    }
}

impl FromStr for Certificate {
    type Err = data_encoding::DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        BASE64.decode(text.as_bytes()).map(Self)
    }
}

impl TryFrom<String> for Certificate {
    type Error = data_encoding::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Certificate> for String {
    fn from(certificate: Certificate) -> Self {
        certificate.to_string()
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// One command and its answer; for the greeting there is no command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange {
    /// Where in the session.
    pub phase: Phase,
    /// The command line without CRLF.
    pub sent: WireText,
    /// True when the command was written before the answer to the one before it was read.
    pub pipelined: bool,
    /// True inside TLS.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tls: bool,
    /// What came back.
    pub answer: Answer,
    /// Milliseconds from the writing of the command (or of the pipelined group) to the end of the
    /// answer.
    pub elapsed_ms: u64,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A complete reply.
    Reply(Reply),
    /// No reply.
    Lost(Loss),
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The connection was reset.
    #[error("the connection was reset")]
    Reset,
    /// The whole reply did not come in time.
    #[error("no complete reply within {seconds} s (received: \"{got}\")")]
    Timeout {
        /// How long was waited.
        seconds: u64,
        /// The bytes that did come, capped.
        got: WireText,
    },
    /// TLS did not come about.
    #[error("no TLS: {text}")]
    Handshake {
        /// Why, in the words of the TLS library.
        text: WireText,
    },
    /// The bytes are no SMTP reply.
    #[error("{0}")]
    Fault(ReplyFault),
}

impl Answer {
    /// The reply, if there is one.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Reply(reply) => Some(reply),
            Self::Lost(_) => None,
        }
    }
}

impl Exchange {
    /// True for a reply that nobody asked for. A server may close on its own account, and says 421
    /// then (RFC 5321 section 3.8); another reply before the end is one too many.
    fn is_too_many(&self) -> bool {
        match &self.answer {
            Answer::Reply(reply) => self.phase == Phase::Unsolicited && reply.code() != 421,
            Answer::Lost(loss) => matches!(loss, Loss::Fault(ReplyFault::Unsolicited { .. })),
        }
    }

    /// True where the reply to QUIT answers something else.
    fn is_early_goodbye(&self) -> bool {
        let is_goodbye = self.answer.reply().is_some_and(Reply::is_goodbye);
        is_goodbye && !matches!(self.phase, Phase::Quit | Phase::Unsolicited)
    }
}

impl Transcript {
    /// A connection on which nothing was said yet.
    pub fn new(local: SocketAddr, peer: SocketAddr) -> Self {
        Self { local, peer, tls: None, exchanges: Vec::new(), took: None }
    }

    /// How many bytes of replies it holds.
    pub fn size(&self) -> usize {
        let replies = self.exchanges.iter().filter_map(|exchange| exchange.answer.reply());
        replies.map(Reply::size).sum()
    }

    /// How often we had to wait for the server: for the connection, for the greeting, and for the
    /// replies to each command or group of commands. A handshake is one round trip with TLS 1.3
    /// and two with TLS 1.2; one that failed counts as one.
    pub fn round_trips(&self) -> usize {
        let waits =
            |exchange: &&Exchange| !exchange.pipelined && exchange.phase != Phase::Unsolicited;
        let handshake = match &self.tls {
            None => 0,
            Some(tls) if tls.version == "TLSv1.3" => 1,
            Some(_) => 2,
        };
        1 + handshake + self.exchanges.iter().filter(waits).count()
    }

    /// True when an exchange may have taken the answer of another.
    ///
    /// A reply that nobody asked for came behind it: a late one passes for the answer to whatever
    /// command comes next, alone or in a group, so nobody knows where the row went wrong; only TLS
    /// begins another (RFC 3207 section 4.2). Or a reply of its group is missing, since the goodbye
    /// answered another command than QUIT: what was asked before that group had been answered.
    pub(super) fn is_doubtful(&self, index: usize) -> bool {
        let Some(exchange) = self.exchanges.get(index) else { return false };
        let mut behind = self.exchanges.iter().skip(index + 1);
        behind.any(|later| later.tls == exchange.tls && later.is_too_many())
            || self.first_of_short_group().is_some_and(|first| index >= first)
    }

    /// The first exchange of the group in which the goodbye came before its turn.
    fn first_of_short_group(&self) -> Option<usize> {
        let goodbye = self.exchanges.iter().position(Exchange::is_early_goodbye)?;
        let group = self.exchanges.get(..=goodbye)?;
        group.iter().rposition(|exchange| !exchange.pipelined)
    }

    /// The exchanges that a reader needs to understand exchange `index`: the greeting name, the
    /// MAIL it belongs to, and itself.
    pub fn context_of(&self, index: usize) -> Vec<usize> {
        let before = |wanted: &[Phase]| {
            let earlier = self.exchanges.get(..index)?;
            earlier.iter().rposition(|exchange| wanted.contains(&exchange.phase))
        };
        let deciding = self.exchanges.get(index).map(|exchange| exchange.phase);
        let mut indexes: Vec<_> = before(&[Phase::Ehlo, Phase::Helo]).into_iter().collect();
        if deciding == Some(Phase::Rcpt) {
            let mail = before(&[Phase::Mail]);
            indexes
                .extend(mail.filter(|mail| indexes.first().is_none_or(|greeted| mail > greeted)));
        }
        indexes.push(index);
        indexes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::ReplyParser;

    fn transcript(exchanges: &[(Phase, bool, &str)]) -> Transcript {
        let address = SocketAddr::from(([127, 0, 0, 1], 25));
        let exchange = |(phase, pipelined, text): &(Phase, bool, &str)| {
            let mut parser = ReplyParser::default();
            parser.feed(text.as_bytes());
            let line = WireText::from(text.as_bytes());
            let answer = match phase {
                Phase::Unsolicited => Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { line })),
                _ => Answer::Reply(parser.next_reply().unwrap().unwrap()),
            };
            let sent = WireText::default();
            let (phase, pipelined) = (*phase, *pipelined);
            Exchange { phase, sent, pipelined, tls: false, answer, elapsed_ms: 1 }
        };
        let exchanges = exchanges.iter().map(exchange).collect();
        Transcript { exchanges, ..Transcript::new(address, address) }
    }

    fn doubtful(transcript: &Transcript) -> Vec<usize> {
        (0..transcript.exchanges.len()).filter(|index| transcript.is_doubtful(*index)).collect()
    }

    const YES: &str = "250 ok\r\n";

    #[test]
    fn round_trips_are_waits() {
        use Phase::{Ehlo, Greeting, Mail, Quit, Rcpt, Unsolicited};
        let said = [
            (Greeting, false, "220 mx\r\n"),
            (Ehlo, false, YES),
            (Mail, false, YES),
            (Rcpt, true, YES),
            (Rcpt, false, YES),
            (Quit, true, YES),
            (Unsolicited, false, "221 bye\r\n"),
        ];
        let mut transcript = transcript(&said);
        assert_eq!(transcript.round_trips(), 5);
        for (version, trips) in [("TLSv1.3", 6), ("TLSv1.2", 7)] {
            let (cipher, certificates) = (String::new(), Vec::new());
            transcript.tls = Some(TlsFacts { version: version.into(), cipher, certificates });
            assert_eq!(transcript.round_trips(), trips, "{version}");
        }
    }

    #[test]
    fn a_reply_too_many_makes_all_before_it_doubtful() {
        use Phase::{Greeting, Mail, Quit, Rcpt, Rset, Unsolicited};
        let extra = (Unsolicited, false, "250 again\r\n");
        let greeting = (Greeting, false, "220 mx\r\n");
        let group = [(Mail, false, YES), (Rcpt, true, YES)];
        let alone = (Rset, false, YES);
        let with =
            |parts: &[&[(Phase, bool, &'static str)]]| doubtful(&transcript(&parts.concat()));
        assert_eq!(with(&[&[greeting], &group]), [0; 0]);
        assert_eq!(with(&[&[greeting], &group, &[extra]]), [0, 1, 2]);
        // What a command was answered may be late, and so on from one to the next.
        assert_eq!(with(&[&group, &[alone, alone], &[extra]]), [0, 1, 2, 3]);
        assert_eq!(with(&[&[extra], &group]), [0; 0], "only what came before");
        // A goodbye that was answered otherwise took an answer of what came before it.
        let quit = (Quit, false, YES);
        assert_eq!(with(&[&[alone], &group, &[quit, extra]]), [0, 1, 2, 3]);
    }

    /// The end of the connection does not make a reply wanted; a farewell of the server's own is.
    #[test]
    fn a_reply_too_many_before_the_end_counts() {
        for (text, want) in [("550 no\r\n", 1), ("221 bye\r\n", 1), ("421 idle\r\n", 0)] {
            let mut said = transcript(&[(Phase::Rcpt, false, YES), (Phase::Rcpt, false, text)]);
            said.exchanges[1].phase = Phase::Unsolicited;
            assert_eq!(doubtful(&said).len(), want, "{text}");
        }
    }

    /// A reply is missing where the one to QUIT comes before its turn.
    #[test]
    fn an_early_goodbye_makes_its_group_doubtful() {
        use Phase::{Greeting, Mail, Quit, Rcpt};
        let said = |last| {
            let group = [(Mail, false, YES), (Rcpt, true, "550 no\r\n"), (Rcpt, true, last)];
            let rest = [(Greeting, false, "220 mx\r\n")];
            doubtful(&transcript(&[&rest, group.as_slice(), &[(Quit, true, "221 x\r\n")]].concat()))
        };
        assert_eq!(said("550 no\r\n"), [0; 0]);
        assert_eq!(said("221 bye\r\n"), [1, 2, 3, 4]);
    }

    /// What was said in the clear shifts nothing inside TLS.
    #[test]
    fn a_row_ends_where_tls_begins() {
        use Phase::{Rcpt, StartTls, Unsolicited};
        let clear = [(Rcpt, false, YES), (StartTls, false, "220 go\r\n")];
        let extra = (Unsolicited, false, "250 again\r\n");
        for (at, want) in [(2, vec![0, 1]), (4, vec![2, 3])] {
            let mut said = clear.to_vec();
            said.extend([(Rcpt, false, YES), (Rcpt, true, YES)]);
            said.insert(at, extra);
            let mut said = transcript(&said);
            let inside = if at == 2 { 3 } else { 2 };
            for exchange in said.exchanges.iter_mut().skip(inside) {
                exchange.tls = true;
            }
            assert_eq!(doubtful(&said), want);
        }
    }
}
