//! What a practice server says.

use super::behaviour::{Syntax, Wording};

/// A reply as it stands on the wire, without its last CRLF.
pub(super) type Reply = Vec<u8>;

/// The code at the head of a reply; 0 where there is none.
pub(super) fn code(reply: &[u8]) -> u16 {
    let digits = reply.get(..3).and_then(|head| std::str::from_utf8(head).ok());
    digits.and_then(|text| text.parse().ok()).unwrap_or(0)
}

impl Wording {
    /// The refusal to relay to `path`.
    pub(super) fn refuse(&self, path: &[u8]) -> Reply {
        let (before, behind) = match self {
            Self::PostfixStock => ("454 4.7.1 <", ">: Relay access denied"),
            Self::PostfixReject => ("554 5.7.1 <", ">: Relay access denied"),
            Self::Sendmail => ("550 5.7.1 <", ">... Relaying denied"),
            Self::OpenSmtpd => ("550 Invalid recipient: <", ">"),
            Self::Exim => return b"550 relay not permitted".to_vec(),
            Self::Courier => return b"513 Relaying denied.".to_vec(),
            Self::Qmail => {
                return b"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"
                    .to_vec();
            }
            Self::Exchange => {
                return b"550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
                    .to_vec();
            }
            Self::Custom(reply) => return reply.clone().into_bytes(),
        };
        [before.as_bytes(), path, behind.as_bytes()].concat()
    }
}

/// What is said in the ordinary course of a session.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phrase {
    Bye,
    LineTooLong,
    Unknown,
    NeedHelo,
    HeloSyntax,
    SenderOk,
    SenderSyntax,
    NestedMail,
    NeedMail,
    RecipientOk,
    RecipientSyntax,
    DataBeforeMail,
    DataBeforeRecipient,
    StartData,
    Reset,
    Noop,
    Verify,
    Help,
    Blocked,
    StartTls,
    StartTlsSyntax,
    TlsActive,
    TlsNotOffered,
    AuthDone,
    AuthFailed,
    AuthNeedsTls,
    XclientInMail,
}

impl Syntax {
    /// The phrase in the words of Postfix or Exim.
    pub(super) fn say(self, phrase: Phrase) -> Reply {
        let (postfix, exim) = match phrase {
            Phrase::Bye => ("221 2.0.0 Bye", "221 closing connection"),
            Phrase::LineTooLong => ("500 5.5.2 Error: line too long", "500 line too long"),
            Phrase::Unknown => {
                ("500 5.5.2 Error: command not recognized", "500 unrecognized command")
            }
            Phrase::NeedHelo => {
                ("503 5.5.1 Error: send HELO/EHLO first", "503 HELO or EHLO required")
            }
            Phrase::HeloSyntax => {
                ("501 5.5.4 Syntax: HELO hostname", "501 Syntactically invalid HELO argument(s)")
            }
            Phrase::SenderOk => ("250 2.1.0 Ok", "250 OK"),
            Phrase::SenderSyntax => {
                ("501 5.1.7 Bad sender address syntax", "501 malformed sender address")
            }
            Phrase::NestedMail => {
                ("503 5.5.1 Error: nested MAIL command", "503 sender already given")
            }
            Phrase::NeedMail => ("503 5.5.1 Error: need MAIL command", "503 sender not yet given"),
            Phrase::RecipientOk => ("250 2.1.5 Ok", "250 Accepted"),
            Phrase::RecipientSyntax => {
                ("501 5.1.3 Bad recipient address syntax", "501 malformed recipient address")
            }
            Phrase::DataBeforeMail => {
                ("503 5.5.1 Error: need RCPT command", "503 valid RCPT command must precede DATA")
            }
            Phrase::DataBeforeRecipient => {
                ("554 5.5.1 Error: no valid recipients", "503 valid RCPT command must precede DATA")
            }
            Phrase::StartData => (
                "354 End data with <CR><LF>.<CR><LF>",
                "354 Enter message, ending with \".\" on a line by itself",
            ),
            Phrase::Reset => ("250 2.0.0 Ok", "250 Reset OK"),
            Phrase::Noop => ("250 2.0.0 Ok", "250 OK"),
            Phrase::Verify => {
                ("252 2.0.0 Cannot verify, try to send mail", "252 Administrative prohibition")
            }
            Phrase::Help => ("214 2.0.0 See RFC 5321", "214 See RFC 5321"),
            Phrase::Blocked => {
                ("503 5.5.1 Error: access was refused, send QUIT", "503 access was refused")
            }
            Phrase::StartTls => ("220 2.0.0 Ready to start TLS", "220 TLS go ahead"),
            Phrase::StartTlsSyntax => {
                ("501 5.5.4 Syntax: STARTTLS", "501 STARTTLS takes no argument")
            }
            Phrase::TlsActive => (
                "554 5.5.1 Error: TLS already active",
                "503 STARTTLS command used when not advertised",
            ),
            Phrase::TlsNotOffered => (
                "502 5.5.1 Error: command not implemented",
                "503 STARTTLS command used when not advertised",
            ),
            Phrase::AuthDone => {
                ("235 2.7.0 Authentication successful", "235 Authentication succeeded")
            }
            Phrase::AuthFailed => {
                ("535 5.7.8 Error: authentication failed", "535 Incorrect authentication data")
            }
            Phrase::AuthNeedsTls => (
                "504 5.5.4 Encryption required for requested authentication mechanism",
                "503 AUTH command used when not advertised",
            ),
            Phrase::XclientInMail => {
                ("503 5.5.1 Error: MAIL transaction in progress", "503 sender already given")
            }
        };
        match self {
            Self::Postfix => postfix.into(),
            Self::Exim => exim.into(),
        }
    }

    /// The refusal of a user who does not exist.
    pub(super) fn unknown_user(self, path: &[u8]) -> Reply {
        const POSTFIX: &[u8] =
            b">: Recipient address rejected: User unknown in local recipient table";
        match self {
            Self::Postfix => [b"550 5.1.1 <", path, POSTFIX].concat(),
            Self::Exim => b"550 Unrouteable address".to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relay_refusals_are_worded_as_the_servers_word_them() {
        let table = [
            (Wording::PostfixStock, "454 4.7.1 <u@far.test>: Relay access denied"),
            (Wording::PostfixReject, "554 5.7.1 <u@far.test>: Relay access denied"),
            (Wording::Exim, "550 relay not permitted"),
            (Wording::Sendmail, "550 5.7.1 <u@far.test>... Relaying denied"),
            (Wording::OpenSmtpd, "550 Invalid recipient: <u@far.test>"),
            (Wording::Courier, "513 Relaying denied."),
            (
                Wording::Qmail,
                "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            ),
            (
                Wording::Exchange,
                "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
            ),
            (Wording::Custom("550-no\r\n550 no".into()), "550-no\r\n550 no"),
        ];
        for (wording, expected) in table {
            assert_eq!(wording.refuse(b"u@far.test"), expected.as_bytes(), "{wording:?}");
        }
    }

    #[test]
    fn codes_are_read_from_the_head() {
        let codes = ["250 ok", "250", "25", "x50 ok", ""].map(|reply| code(reply.as_bytes()));
        assert_eq!(codes, [250, 250, 0, 0, 0]);
    }
}
