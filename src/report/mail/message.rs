//! From contents to the bytes of a message.

use lettre::Address;
use lettre::message::header::{
    ContentTransferEncoding, ContentType, Date, HeaderName, HeaderValue, UserAgent,
};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};

use super::{Attached, Contents};
use crate::report::escape;
use crate::report::model::Tool;

/// What stands before the contents.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Who sends it.
    pub from: &'a Address,
    /// Everybody who gets it.
    pub to: &'a [Address],
    /// When it was written.
    pub date: Date,
    /// What no other message has: letters and digits.
    pub token: &'a str,
    /// Where the report is too, as a sentence.
    pub elsewhere: &'a str,
}

/// A message as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its bytes, all of them ASCII.
    pub bytes: Vec<u8>,
    /// What did not fit.
    pub left_out: Vec<&'static str>,
}

/// Why a message cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The library refuses it.
    #[error("the mail cannot be written")]
    Library(#[from] lettre::error::Error),
    /// A media type of our own is none.
    #[error("the mail cannot be written: a media type")]
    MediaType(#[from] lettre::message::header::ContentTypeErr),
    /// Even the text alone is too large.
    #[error(
        "the mail cannot be written: {size} bytes without any attachment, and {limit} may be sent"
    )]
    TooLarge {
        /// What the text takes.
        size: usize,
        /// What the message may take.
        limit: usize,
    },
}

/// The page, where an attachment and it compete for room.
const PAGE: &str = "the page in HTML";

impl Contents {
    /// The message. The same contents and the same head give the same bytes.
    ///
    /// # Errors
    /// Where the library refuses an address, or where nothing can be left out any more.
    pub fn message(mut self, head: &Head<'_>) -> Result<Message, MailError> {
        let mut left_out: Vec<_> =
            self.files.iter().filter(|file| file.bytes.is_none()).map(|file| file.name).collect();
        if self.html.is_none() {
            left_out.push(PAGE);
        }
        loop {
            let bytes = self.written(head, &left_out)?;
            if bytes.len() <= self.limit {
                return Ok(Message { bytes, left_out });
            }
            let size = |file: &Attached| file.bytes.as_ref().map(Vec::len);
            let largest = self.files.iter_mut().max_by_key(|file| size(file));
            match largest.filter(|file| file.bytes.is_some()) {
                Some(file) => {
                    file.bytes = None;
                    left_out.push(file.name);
                }
                None if self.html.is_some() => {
                    self.html = None;
                    left_out.push(PAGE);
                }
                None => {
                    let (size, limit) = (bytes.len(), self.limit);
                    return Err(MailError::TooLarge { size, limit });
                }
            }
        }
    }

    fn written(&self, head: &Head<'_>, left_out: &[&str]) -> Result<Vec<u8>, MailError> {
        let boundary = |part: &str| format!("=_mxaudit_{}_{part}", head.token);
        let note = self.note(head, left_out);
        let text = match &note {
            Some(note) => format!("{note}\n\n{}", self.text),
            None => self.text.clone(),
        };
        let mut shown = MultiPart::alternative()
            .boundary(boundary("shown"))
            .singlepart(SinglePart::plain(Body::new(text)));
        if let Some(page) = &self.html {
            let body = Body::new(noted(page, note.as_deref()));
            shown = shown.singlepart(SinglePart::html(body));
        }
        let mut all = MultiPart::mixed().boundary(boundary("all")).multipart(shown);
        for file in &self.files {
            let Some(bytes) = &file.bytes else { continue };
            // In base64, which changes no line end.
            let coded = Body::new_with_encoding(bytes.clone(), ContentTransferEncoding::Base64);
            let body = coded.unwrap_or_else(Body::new);
            let media_type = ContentType::parse(file.media_type)?;
            all = all.singlepart(Attachment::new(file.name.to_owned()).body(body, media_type));
        }
        let own = |name: &'static str, value: &str| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
        };
        let tool = Tool::this();
        let mailbox = |address: &Address| Mailbox::new(None, address.clone());
        let mut message = lettre::Message::builder().from(mailbox(head.from));
        for address in head.to {
            message = message.to(mailbox(address));
        }
        let message = message
            .subject(&self.subject)
            .header(head.date)
            .message_id(Some(format!("<{}@{}>", head.token, head.from.domain())))
            // RFC 3834: nobody is to answer it by a machine.
            .raw_header(own("Auto-Submitted", "auto-generated"))
            .header(UserAgent::from(format!("{}/{}", tool.name, tool.version)))
            .multipart(all)?;
        Ok(message.formatted())
    }

    /// What is to be known of a mail that does not hold everything.
    fn note(&self, head: &Head<'_>, left_out: &[&str]) -> Option<String> {
        let mut said = Vec::new();
        if !left_out.is_empty() {
            let what = left_out.join(", ");
            said.push(format!("Left out, since this mail would be too large with it: {what}."));
        }
        if self.is_text_cut {
            said.push("The text is cut off: it is too long for a mail.".to_owned());
        }
        if said.is_empty() {
            return None;
        }
        said.push(escape::terminal(head.elsewhere));
        Some(said.join("\n"))
    }
}

/// The page with a note at its top.
fn noted(page: &str, note: Option<&str>) -> String {
    let Some(note) = note else { return page.to_owned() };
    let note = minijinja::HtmlEscape(note).to_string();
    page.replacen("<body>", &format!("<body>\n<p><strong>{note}</strong></p>"), 1)
}
