//! The one account that a practice server knows, and the dialogue in which it logs in.

use data_encoding::BASE64;

use super::behaviour::Behaviour;
use super::wording::{Phrase, Reply};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name to log in with.
    pub user: String,
    /// The password.
    pub password: String,
    /// The one reverse-path that it may use beside the null one; any where this is absent.
    pub sends_as: Option<String>,
    /// The server repeats the password, plain and in Base64, in every reply after a try.
    pub indiscreet: bool,
}

/// What the next line of a client answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// The empty challenge of PLAIN.
    Plain,
    /// The question for the user name.
    User,
    /// The question for the password, with the user name.
    Password(Vec<u8>),
}

/// What came of a line of the dialogue.
pub(super) enum Step {
    /// The client is asked for more.
    Ask(Pending, &'static str),
    /// It is logged in.
    Done,
    /// It is not.
    Failed,
}

impl Account {
    /// The first line, without the word AUTH.
    pub(super) fn begin(&self, argument: &[u8]) -> Step {
        let mut words = argument.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        match (mechanism.as_slice(), words.next()) {
            (b"PLAIN", Some(response)) => self.answer(&Pending::Plain, response),
            (b"PLAIN", None) => Step::Ask(Pending::Plain, "334 "),
            (b"LOGIN", Some(response)) => self.answer(&Pending::User, response),
            (b"LOGIN", None) => Step::Ask(Pending::User, "334 VXNlcm5hbWU6"),
            _ => Step::Failed,
        }
    }

    /// A line that answers a challenge.
    pub(super) fn answer(&self, pending: &Pending, line: &[u8]) -> Step {
        let Ok(text) = BASE64.decode(line.trim_ascii()) else { return Step::Failed };
        let is_it = |user: &[u8], password: &[u8]| {
            user == self.user.as_bytes() && password == self.password.as_bytes()
        };
        let done = |good: bool| if good { Step::Done } else { Step::Failed };
        match pending {
            Pending::Plain => {
                let mut parts = text.split(|byte| *byte == 0).skip(1);
                let (user, password) = (parts.next(), parts.next());
                done(is_it(user.unwrap_or_default(), password.unwrap_or_default()))
            }
            Pending::User => Step::Ask(Pending::Password(text), "334 UGFzc3dvcmQ6"),
            Pending::Password(user) => done(is_it(user, &text)),
        }
    }

    /// What an indiscreet server adds to its replies.
    pub(super) fn secrets(&self) -> Option<String> {
        let plain = format!("\0{}\0{}", self.user, self.password);
        let encoded = |text: &str| BASE64.encode(text.as_bytes());
        let all = [self.password.clone(), encoded(&self.password), encoded(&plain)];
        self.indiscreet.then(|| all.join(" "))
    }
}

impl Behaviour {
    /// The reply to MAIL from an address that is not the account's.
    pub(super) fn refuse_in_name_of(&self, path: &[u8]) -> Option<Reply> {
        let account = self.account.as_ref()?;
        let own = account.sends_as.as_ref()?.as_bytes();
        let wrong = !path.is_empty() && !path.eq_ignore_ascii_case(own);
        wrong.then(|| {
            let behind = format!(">: Sender address rejected: not owned by user {}", account.user);
            [b"553 5.7.1 <", path, behind.as_bytes()].concat()
        })
    }

    /// The reply to a login that succeeded.
    pub(super) fn logged_in(&self) -> Reply {
        self.syntax.say(Phrase::AuthDone)
    }
}
