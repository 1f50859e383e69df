//! What a practice server does: the types that describe it.

use std::net::IpAddr;
use std::time::Duration;

use super::account::Account;
use super::extension::{AuthOffer, Xclient};
use super::secure::Tls;

/// Everything that a practice server does, by default what a sound closed Postfix does.
///
/// Built from [`Behaviour::closed`] (or [`Behaviour::exim`]) by struct update. A field that holds a
/// reply takes it as it stands on the wire, code included, without the last CRLF; it may hold
/// several lines with CRLF between them.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// The server's own host name, said in its greeting and in its replies to EHLO and HELO.
    pub name: String,
    /// The greeting; `220 NAME ESMTP` when absent.
    pub banner: Option<Vec<u8>>,
    /// Domains that the server takes mail for. Its own name, `localhost` and literals of
    /// [`own_addresses`](Self::own_addresses) are local as well.
    pub local_domains: Vec<String>,
    /// Addresses whose literals (`[192.0.2.1]`) are local. [`PracticeServer`](super::PracticeServer)
    /// adds the address it is bound to.
    pub own_addresses: Vec<IpAddr>,
    /// Local parts that exist at each local domain; `postmaster` always exists.
    pub users: Vec<String>,
    /// Every local part exists.
    pub catch_all: bool,
    /// Whose mail to foreign recipients the server takes.
    pub relay: RelayPolicy,
    /// How it refuses the others.
    pub wording: Wording,
    /// Greylisting: recipients deferred before anything else is decided about them.
    pub temporary: Option<Temporary>,
    /// What happens to a client that makes many errors.
    pub error_limit: Option<ErrorLimit>,
    /// The reply to DATA when a recipient was accepted; 354 when absent.
    pub refuse_data: Option<String>,
    /// It takes the message and never says so.
    pub silent_after_message: bool,
    /// The client itself is refused.
    pub block_client: Option<Block>,
    /// The keywords listed in the reply to EHLO, without those that the fields below add: STARTTLS,
    /// AUTH, XCLIENT and XFORWARD.
    pub extensions: Vec<String>,
    /// TLS, by STARTTLS or from the first byte.
    pub tls: Option<Tls>,
    /// The reply to MAIL outside TLS, such as [`MUST_START_TLS`](super::MUST_START_TLS). With
    /// [`Syntax::Postfix`] all other commands but HELO, EHLO, STARTTLS, NOOP and QUIT get it too.
    pub tls_required: Option<String>,
    /// Where AUTH is listed.
    pub auth: Option<AuthOffer>,
    /// The account that may log in where [`auth`](Self::auth) lists it, and then relay.
    pub account: Option<Account>,
    /// The addresses of clients that are trusted: they may relay, and use any sender.
    pub trusted_clients: Vec<IpAddr>,
    /// XCLIENT, listed for strangers.
    pub xclient: Option<Xclient>,
    /// XFORWARD is listed for strangers and taken; it changes nothing.
    pub xforward: bool,
    /// Whether EHLO is understood.
    pub ehlo: EhloSupport,
    /// What becomes of a second greeting on one connection.
    pub second_greeting: SecondGreeting,
    /// HELO and EHLO names that are refused, and the reply.
    pub refuse_helo: Option<(HeloMatch, String)>,
    /// Reverse-paths that are refused at MAIL, and the reply.
    pub refuse_sender: Option<(SenderMatch, String)>,
    /// The reply to a local postmaster as a recipient, who is accepted when this is absent.
    pub refuse_postmaster: Option<String>,
    /// How bytes leave.
    pub delivery: Delivery,
    /// How strictly addresses are read.
    pub syntax: Syntax,
    /// A scripted sink: 250 to every command in any order, RCPT before MAIL included.
    pub accept_everything: bool,
}

impl Behaviour {
    /// A closed server for `practice.test` with Postfix's stock wording, where `postmaster` and
    /// `user` exist.
    pub fn closed() -> Self {
        Self {
            name: "mx-closed.practice.test".into(),
            banner: None,
            local_domains: vec!["practice.test".into()],
            own_addresses: Vec::new(),
            users: vec!["postmaster".into(), "user".into()],
            catch_all: false,
            relay: RelayPolicy::Closed,
            wording: Wording::PostfixStock,
            temporary: None,
            error_limit: None,
            refuse_data: None,
            silent_after_message: false,
            block_client: None,
            extensions: ["PIPELINING", "SIZE 10240000", "8BITMIME", "ENHANCEDSTATUSCODES"]
                .map(String::from)
                .to_vec(),
            tls: None,
            tls_required: None,
            auth: None,
            account: None,
            trusted_clients: Vec::new(),
            xclient: None,
            xforward: false,
            ehlo: EhloSupport::Offered,
            second_greeting: SecondGreeting::Counts,
            refuse_helo: None,
            refuse_sender: None,
            refuse_postmaster: None,
            delivery: Delivery::Whole,
            syntax: Syntax::Postfix,
            accept_everything: false,
        }
    }

    /// A closed server for `practice.test` that reads, words and limits as a stock Exim does.
    pub fn exim() -> Self {
        Self {
            name: "mx-exim.practice.test".into(),
            wording: Wording::Exim,
            syntax: Syntax::Exim,
            extensions: ["SIZE 52428800", "8BITMIME", "PIPELINING"].map(String::from).to_vec(),
            ..Self::closed()
        }
    }

    /// Whether the server takes mail for `domain`, a name or an address literal. A trailing dot
    /// is not part of the name.
    pub(super) fn is_local(&self, domain: &[u8]) -> bool {
        let domain = domain.strip_suffix(b".").unwrap_or(domain);
        let names = self.local_domains.iter().chain([&self.name]).map(String::as_bytes);
        names.chain([b"localhost".as_slice()]).any(|name| name.eq_ignore_ascii_case(domain))
            || literal_address(domain).is_some_and(|address| self.own_addresses.contains(&address))
    }

    /// Whether `local_part` (dequoted) exists here.
    pub(super) fn is_user(&self, local_part: &[u8]) -> bool {
        self.catch_all
            || is_postmaster(local_part)
            || self.users.iter().any(|user| user.as_bytes().eq_ignore_ascii_case(local_part))
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::closed()
    }
}

/// Whether `local_part` is `postmaster` in any case of letters (RFC 5321 section 2.3.5).
pub(super) fn is_postmaster(local_part: &[u8]) -> bool {
    local_part.eq_ignore_ascii_case(b"postmaster")
}

/// The address in `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
fn literal_address(domain: &[u8]) -> Option<IpAddr> {
    let inner = std::str::from_utf8(domain).ok()?.strip_prefix('[')?.strip_suffix(']')?;
    match inner.split_at_checked(5) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case("IPv6:") => rest.parse().ok().map(IpAddr::V6),
        _ => inner.parse().ok(),
    }
}

/// Whose mail to foreign recipients is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayPolicy {
    /// Nobody's.
    Closed,
    /// Everybody's.
    Open,
    /// That of a reverse-path whose domain is local.
    LocalSender,
    /// That of a client that greets with the server's own name.
    HeloIsOwnName,
    /// Everybody's, written as `user%other@local` (or `user%other`), which is rewritten to
    /// `user@other`. Other foreign forms are refused.
    PercentHack,
    /// Everybody's, written with a source route whose first hop is local.
    SourceRoute,
    /// Everybody's to these domains, as if their MX records named the server; other foreign
    /// domains are refused.
    MxListsTarget(Vec<String>),
    /// Everybody's, after a local recipient was accepted in the same transaction.
    SecondRecipient,
    /// What this takes, and only inside TLS.
    InsideTls(Box<RelayPolicy>),
    /// What this takes, and only outside TLS.
    InClear(Box<RelayPolicy>),
    /// What any of these takes.
    AnyOf(Vec<RelayPolicy>),
}

/// How a refusal to relay is said; `<rcpt>` is the forward-path as the client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wording {
    /// `454 4.7.1 <rcpt>: Relay access denied`: Postfix's stock settings, and not greylisting.
    PostfixStock,
    /// `554 5.7.1 <rcpt>: Relay access denied`.
    PostfixReject,
    /// `550 relay not permitted`.
    Exim,
    /// `550 5.7.1 <rcpt>... Relaying denied`.
    Sendmail,
    /// `550 Invalid recipient: <rcpt>`.
    OpenSmtpd,
    /// `513 Relaying denied.`
    Courier,
    /// `553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)`.
    Qmail,
    /// `550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain`.
    Exchange,
    /// This reply.
    Custom(String),
}

/// Greylisting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Temporary {
    /// Every recipient is deferred, for ever.
    Always {
        /// The reply, such as `451 4.7.1 Greylisted`.
        reply: String,
    },
    /// The first `n` tries of each pair of reverse-path and forward-path are deferred; the server
    /// remembers them over connections.
    FirstTries {
        /// How many tries are deferred.
        n: u32,
        /// The reply, such as `451 4.7.1 Greylisted`.
        reply: String,
    },
    /// Each pair of reverse-path and forward-path is deferred until this time after its first try.
    For {
        /// How long it is deferred.
        time: Duration,
        /// The reply, such as `451 4.7.1 Greylisted`.
        reply: String,
    },
}

/// What happens to a client whose commands got many 4xx and 5xx replies on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorLimit {
    /// After this many errors the next command gets `421 4.7.0 NAME Error: too many errors`, and
    /// the server closes.
    Reply421AfterErrors(u32),
    /// The server sends the reply to this error, then closes.
    HangUpAfterErrors(u32),
}

/// A refusal of the client, whatever it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it is said.
    pub stage: BlockStage,
    /// The reply, such as `554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked`.
    pub reply: String,
    /// Mail to a local postmaster is not blocked; only at [`BlockStage::Rcpt`].
    pub exempt_postmaster: bool,
}

/// Where a client is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockStage {
    /// In the greeting. A 421 greeting closes; after another one the server answers 503 to
    /// everything but QUIT (RFC 5321 section 3.1).
    Greeting,
    /// At each MAIL.
    Mail,
    /// At each RCPT.
    Rcpt,
}

/// Whether EHLO is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EhloSupport {
    /// It is, and the extensions are listed.
    Offered,
    /// It gets this reply, such as `502 5.5.1 Command not implemented`; only HELO works.
    Refused(String),
}

/// What becomes of a second HELO or EHLO on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondGreeting {
    /// It counts, and the transaction is forgotten (RFC 5321 section 4.1.4).
    Counts,
    /// It gets this reply, such as `503 5.5.1 Duplicate HELO/EHLO`.
    Refused(String),
    /// It is taken, and the transaction goes on.
    KeepsTransaction,
    /// It is taken, and the first name is kept.
    KeepsName,
    /// It counts, and who once greeted with the server's own name gets this reply to each recipient.
    HeldAgainst(String),
}

/// Which HELO and EHLO names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeloMatch {
    /// All.
    Any,
    /// The server's own host name.
    OwnName,
    /// A local domain: the own name, the mail domains, `localhost`, the own address literal.
    Local,
    /// A name without a dot.
    OneLabel,
    /// This name.
    Exactly(String),
}

/// Which reverse-paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderMatch {
    /// All.
    Any,
    /// The null reverse-path `<>`.
    Null,
    /// Those whose domain is local.
    Local,
    /// Those that have a domain which is not local.
    Foreign,
}

/// How bytes leave. Every kind but [`Whole`](Self::Whole) is something that a client must survive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// All replies to one burst of commands in one write.
    Whole,
    /// Each multi-line reply in two writes: its first line, a pause of 20 ms, the rest.
    TwoSegments,
    /// One write for each byte.
    ByteByByte,
    /// Lines end in LF alone.
    BareLf,
    /// One byte each period, for ever: a greeting line that never ends.
    Drip(Duration),
    /// A reply that nobody asked for, in the same write as the one it follows.
    ExtraReply {
        /// It follows this reply; the greeting is the first.
        after: u32,
        /// What it says, such as `250 2.0.0 Ok`.
        reply: String,
    },
    /// The same, held back: it comes in one write with the reply to the next command, before it.
    LateReply {
        /// It belongs to this reply; the greeting is the first.
        after: u32,
        /// What it says.
        reply: String,
    },
    /// This many commands are answered; at the next one the connection is reset. Over a stream
    /// that has no reset it is dropped.
    ResetAfter(u32),
    /// This many commands are answered; at the next one the server closes.
    CloseAfter(u32),
    /// Each reply is a line of bytes that is no SMTP: NUL, ESC, bytes above 127.
    Garbage,
    /// A greeting line of this many bytes, CRLF not counted.
    LongLine(usize),
    /// The last line of each multi-line reply carries another code: 550, or 250 after a 5xx.
    MismatchedCodes,
}

/// How strictly addresses are read, and whose habits and phrases the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// As Postfix: lenient, every routing sign is resolved, and what leads abroad is relaying.
    Postfix,
    /// As Exim: 501 for unqualified addresses, literals, a second `@` and trailing dots; `550
    /// restricted characters in address` for routing signs in a local part; ten commands that
    /// are no mail (one RSET and one greeting free) and three syntax errors a connection.
    Exim,
}
