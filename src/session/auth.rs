//! AUTH (RFC 4954): an account of the operator's own, and the dialogue that logs in with it.
//!
//! Neither the password nor anything that it could be guessed from gets into an exchange: what is
//! sent is recorded as `***`, so is every challenge, and where the server repeats the password, in
//! whatever reply, that is covered too.

use std::fmt;
use std::sync::Arc;

use data_encoding::BASE64;
use rsasl::config::SASLConfig;
use rsasl::prelude::{Mechname, SASLClient, State};

use crate::evidence::{Answer, Exchange, Loss};
use crate::smtp::{Command, Reply, ReplyFault, Severity, VEILED, WireText};

use super::Session;

/// Challenges that one login may take. SCRAM takes three.
const ROUNDS: usize = 6;
/// A shorter password could be part of any word, and is not looked for in what the server says.
const SHORTEST_SOUGHT: usize = 4;

/// A text that is shown to nobody: it has neither `Debug` nor `Display`, and is not stored.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes a text over.
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

/// How to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 7677: the password is proved and not told.
    ScramSha256,
    /// RFC 4616.
    Plain,
    /// Never a standard, and spoken by many servers.
    Login,
}

impl Mechanism {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::ScramSha256, Self::Plain, Self::Login];

    /// The name in EHLO and AUTH.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }

    /// The mechanism of this name, in any case.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name))
    }
}

/// The operator's own account.
#[derive(Clone)]
pub struct Credentials {
    /// The name to log in with.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The mechanism to use; without one the best that is offered.
    pub mechanism: Option<Mechanism>,
    /// The mailbox that the account sends as, where it is not the user name's.
    pub address: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

impl Credentials {
    /// The mechanism to log in with, of those that the server offers.
    pub fn choose<'a>(&self, offered: impl Iterator<Item = &'a str>) -> Option<Mechanism> {
        let offered: Vec<_> = offered.filter_map(Mechanism::of_name).collect();
        let wanted = |known: &Mechanism| self.mechanism.is_none_or(|wanted| wanted == *known);
        Mechanism::ALL.into_iter().filter(wanted).find(|known| offered.contains(known))
    }

    /// What must not be seen of the account.
    pub(super) fn veil(&self) -> Veil {
        let (user, password) = (self.username.as_bytes(), self.password.reveal().as_bytes());
        let plain = [b"\0".as_slice(), user, b"\0", password].concat();
        let mut sought = vec![BASE64.encode(&plain).into_bytes()];
        if password.len() >= SHORTEST_SOUGHT {
            sought.extend([password.to_vec(), BASE64.encode(password).into_bytes()]);
        }
        Veil(sought)
    }
}

/// What is taken out of everything that is recorded.
#[derive(Default)]
pub(super) struct Veil(Vec<Vec<u8>>);

impl Veil {
    /// The answer without what must not be seen.
    pub(super) fn cover(&self, answer: Answer) -> Answer {
        if self.0.is_empty() {
            return answer;
        }
        let covered = |text: &WireText| WireText::from(self.covered(text.as_bytes()));
        match answer {
            Answer::Reply(reply) => Answer::Reply(reply.with_texts(|text| self.covered(text))),
            Answer::Lost(loss) => Answer::Lost(match loss {
                Loss::Timeout { seconds, got } => Loss::Timeout { seconds, got: covered(&got) },
                Loss::Fault(ReplyFault::NotAReply { line }) => {
                    Loss::Fault(ReplyFault::NotAReply { line: covered(&line) })
                }
                Loss::Fault(ReplyFault::Unsolicited { line }) => {
                    Loss::Fault(ReplyFault::Unsolicited { line: covered(&line) })
                }
                other => other,
            }),
        }
    }

    /// A text without what must not be seen.
    pub(super) fn covered(&self, text: &[u8]) -> Vec<u8> {
        self.0.iter().fold(text.to_vec(), |text, sought| {
            let mut out = Vec::with_capacity(text.len());
            let mut rest = text.as_slice();
            while let Some((first, others)) = rest.split_first() {
                match rest.strip_prefix(sought.as_slice()) {
                    Some(behind) => {
                        out.extend_from_slice(VEILED.as_bytes());
                        rest = behind;
                    }
                    None => {
                        out.push(*first);
                        rest = others;
                    }
                }
            }
            out
        })
    }
}

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// We are logged in.
    Done,
    /// The server refused, or the dialogue made no sense.
    Refused,
    /// The connection ended.
    Lost,
}

impl Session {
    /// Logs in. The exchanges hold nothing of the account but the name of the mechanism.
    pub async fn log_in(
        &mut self,
        account: &Credentials,
        mechanism: Mechanism,
    ) -> (Login, Vec<Exchange>) {
        self.veil = account.veil();
        let mut seen = Vec::new();
        let Some(mut sasl) = Sasl::start(account, mechanism) else {
            return (Login::Refused, seen);
        };
        // A response that does not fit into the line comes after an empty challenge.
        let mut waiting = match sasl.is_first().then(|| sasl.step(None)) {
            Some(Some(initial)) => Some(initial),
            Some(None) => return (Login::Refused, seen),
            None => None,
        };
        let name = mechanism.name();
        let whole = waiting.as_deref().map(|initial| Command::auth(name, Some(initial)));
        let mut command = match whole {
            Some(Ok(command)) => {
                waiting = None;
                Ok(command)
            }
            _ => Command::auth(name, None),
        };
        for _ in 0..ROUNDS {
            let Ok(line) = &command else { break };
            let mut exchange = self.ask(line).await;
            let challenge = match &exchange.answer {
                Answer::Reply(reply) if reply.code() == 334 => reply.clone(),
                Answer::Reply(reply) => {
                    let accepted = reply.severity() == Severity::Positive;
                    seen.push(exchange);
                    let done = accepted && sasl.is_over();
                    return (if done { Login::Done } else { Login::Refused }, seen);
                }
                Answer::Lost(_) => {
                    seen.push(exchange);
                    return (Login::Lost, seen);
                }
            };
            exchange.answer = Answer::Reply(challenge.with_texts(|text| match text {
                b"" => Vec::new(),
                _ => VEILED.into(),
            }));
            seen.push(exchange);
            let response = match waiting.take() {
                Some(initial) => Some(initial),
                None => read_challenge(&challenge).and_then(|text| sasl.step(Some(&text))),
            };
            // RFC 4954 section 4: a lone star gives up.
            command = Command::auth_response(response.as_deref().unwrap_or(b"*"));
        }
        (Login::Refused, seen)
    }
}

fn read_challenge(reply: &Reply) -> Option<Vec<u8>> {
    BASE64.decode(reply.texts().next()?.trim_ascii()).ok()
}

/// Our side of the dialogue.
struct Sasl {
    session: rsasl::prelude::Session,
    over: bool,
    mechanism: Mechanism,
}

impl Sasl {
    fn start(account: &Credentials, mechanism: Mechanism) -> Option<Self> {
        let (user, password) = (account.username.clone(), account.password.reveal().to_owned());
        let config = SASLConfig::with_credentials(None, user, password).ok()?;
        let name = Mechname::parse(mechanism.name().as_bytes()).ok()?;
        let session = SASLClient::new(config).start_suggested(&[name]).ok()?;
        Some(Self { session, over: false, mechanism })
    }

    fn is_first(&self) -> bool {
        self.session.are_we_first()
    }

    /// The next response, in Base64; an empty one in an initial response is `=`.
    fn step(&mut self, challenge: Option<&[u8]>) -> Option<Vec<u8>> {
        let mut response = Vec::new();
        if self.over {
            return None;
        }
        let state = self.session.step(challenge, &mut response).ok()?;
        self.over = matches!(state, State::Finished(_));
        Some(BASE64.encode(&response).into_bytes())
    }

    /// True where the server may say that we are logged in. With SCRAM that takes its own proof.
    fn is_over(&self) -> bool {
        self.over || self.mechanism != Mechanism::ScramSha256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(password: &str) -> Credentials {
        let password = Secret::new(password.into());
        Credentials { username: "jane".into(), password, mechanism: None, address: None }
    }

    #[test]
    fn the_best_mechanism_that_is_offered() {
        let chosen = |account: &Credentials, offered: &str| account.choose(offered.split(' '));
        let any = account("geheim");
        assert_eq!(chosen(&any, "LOGIN PLAIN SCRAM-SHA-256"), Some(Mechanism::ScramSha256));
        assert_eq!(chosen(&any, "LOGIN plain"), Some(Mechanism::Plain));
        assert_eq!(chosen(&any, "GSSAPI CRAM-MD5"), None);
        let login = Credentials { mechanism: Some(Mechanism::Login), ..any };
        assert_eq!(chosen(&login, "PLAIN"), None);
        assert_eq!(chosen(&login, "PLAIN LOGIN"), Some(Mechanism::Login));
    }

    #[test]
    fn what_the_server_repeats_is_covered() {
        let veil = account("geheim").veil();
        let said = "535-no geheim\n535 Z2VoZWlt AGphbmUAZ2VoZWlt ge heim";
        let Answer::Reply(reply) = veil.cover(Answer::Reply(Reply::from_text(said).unwrap()))
        else {
            panic!("a reply stays one")
        };
        assert_eq!(reply, Reply::from_text("535-no ***\n535 *** *** ge heim").unwrap());
        let lost = Loss::Timeout { seconds: 1, got: WireText::from("535 geheim") };
        let got = WireText::from("535 ***");
        assert_eq!(veil.cover(Answer::Lost(lost)), Answer::Lost(Loss::Timeout { seconds: 1, got }));
        assert_eq!(format!("{:?}", account("geheim")), "Credentials(***)");
    }
}
