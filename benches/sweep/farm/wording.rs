//! What the servers of the farm say, in the words of real ones.

use super::names::Names;

/// Whose words a server uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    Postfix,
    Exim,
    Sendmail,
}

/// A reply that does not depend on what was asked, CRLF included.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phrase {
    SenderOk,
    NestedMail,
    NeedMail,
    RecipientOk,
    NoMessage,
    NeedRecipient,
    Reset,
    Bye,
    Noop,
    Unknown,
}

impl Tongue {
    pub(super) fn say(self, phrase: Phrase, out: &mut Vec<u8>) {
        let (postfix, exim, sendmail) = match phrase {
            Phrase::SenderOk => ("250 2.1.0 Ok", "250 OK", "250 2.1.0 Sender ok"),
            Phrase::NestedMail => (
                "503 5.5.1 Error: nested MAIL command",
                "503 sender already given",
                "503 5.5.0 Sender already specified",
            ),
            Phrase::NeedMail => (
                "503 5.5.1 Error: need MAIL command",
                "503 sender not yet given",
                "503 5.0.0 Need MAIL before RCPT",
            ),
            Phrase::RecipientOk => ("250 2.1.5 Ok", "250 Accepted", "250 2.1.5 Recipient ok"),
            Phrase::NoMessage => (
                "554 5.7.1 Relay access denied",
                "550 relay not permitted",
                "550 5.7.1 Relaying denied",
            ),
            Phrase::NeedRecipient => (
                "554 5.5.1 Error: no valid recipients",
                "503 valid RCPT command must precede DATA",
                "503 5.0.0 Need RCPT (recipient)",
            ),
            Phrase::Reset => ("250 2.0.0 Ok", "250 Reset OK", "250 2.0.0 Reset state"),
            Phrase::Bye => {
                ("221 2.0.0 Bye", "221 closing connection", "221 2.0.0 closing connection")
            }
            Phrase::Noop => ("250 2.0.0 Ok", "250 OK", "250 2.0.0 OK"),
            Phrase::Unknown => (
                "500 5.5.2 Error: command not recognized",
                "500 unrecognized command",
                "500 5.5.1 Command unrecognized",
            ),
        };
        let text = match self {
            Self::Postfix => postfix,
            Self::Exim => exim,
            Self::Sendmail => sendmail,
        };
        put(out, &[text.as_bytes(), b"\r\n"]);
    }

    pub(super) fn greet(self, names: &Names, out: &mut Vec<u8>) {
        let rest: &[u8] = match self {
            Self::Postfix => b" ESMTP Postfix\r\n",
            Self::Exim => b" ESMTP Exim 4.96\r\n",
            Self::Sendmail => b" ESMTP Sendmail 8.17.1/8.17.1\r\n",
        };
        put(out, &[b"220 ", names.host.as_bytes(), rest]);
    }

    /// The reply to EHLO, or to HELO.
    pub(super) fn welcome(self, names: &Names, extended: bool, client: &[u8], out: &mut Vec<u8>) {
        let host = names.host.as_bytes();
        let hello: &[&[u8]] = match self {
            Self::Postfix => &[],
            Self::Exim => &[b" Hello ", client, b" [127.0.0.1]"],
            Self::Sendmail => &[b" Hello ", client, b" [127.0.0.1], pleased to meet you"],
        };
        put(out, &[if extended { b"250-" } else { b"250 " }, host]);
        put(out, hello);
        put(out, &[b"\r\n"]);
        if !extended {
            return;
        }
        let extensions: &[u8] = match self {
            Self::Postfix => {
                b"250-PIPELINING\r\n250-SIZE 10240000\r\n250-VRFY\r\n250-ETRN\r\n\
                  250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250 CHUNKING\r\n"
            }
            Self::Exim => {
                b"250-SIZE 52428800\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-CHUNKING\r\n\
                  250-PRDR\r\n250 HELP\r\n"
            }
            Self::Sendmail => {
                b"250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SIZE\r\n250-DSN\r\n\
                  250-DELIVERBY\r\n250 HELP\r\n"
            }
        };
        put(out, &[extensions]);
    }

    /// The refusal to relay to `path`.
    pub(super) fn refuse(self, path: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Postfix => put(out, &[b"454 4.7.1 <", path, b">: Relay access denied\r\n"]),
            Self::Exim => put(out, &[b"550 relay not permitted\r\n"]),
            Self::Sendmail => put(out, &[b"550 5.7.1 <", path, b">... Relaying denied\r\n"]),
        }
    }

    /// The refusal of a user who does not exist.
    pub(super) fn unknown_user(self, path: &[u8], out: &mut Vec<u8>) {
        const POSTFIX: &[u8] =
            b">: Recipient address rejected: User unknown in local recipient table\r\n";
        match self {
            Self::Postfix => put(out, &[b"550 5.1.1 <", path, POSTFIX]),
            Self::Exim => put(out, &[b"550 Unrouteable address\r\n"]),
            Self::Sendmail => put(out, &[b"550 5.1.1 <", path, b">... User unknown\r\n"]),
        }
    }
}

/// Adds all `parts`.
pub(super) fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}
