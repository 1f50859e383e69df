//! The incremental reply parser: bytes in, replies out, no I/O.

use super::{Reply, ReplyFault, WireText};

/// How much of a fault's line is kept.
const EXCERPT: usize = 200;

/// Caps on what one reply may hold.
#[derive(Clone, Copy, Debug)]
pub struct ParseLimits {
    /// Bytes of one line, line end included.
    pub line: usize,
    /// Bytes of one reply.
    pub reply: usize,
    /// Lines of one reply.
    pub lines: usize,
    /// Bytes of all replies together.
    pub session: usize,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self { line: 4 << 10, reply: 64 << 10, lines: 256, session: 512 << 10 }
    }
}

/// Reads replies from bytes that come in pieces of any size.
///
/// Any split of the same bytes gives the same replies. The first fault is final: what follows it
/// cannot be attributed to a command any more.
#[derive(Debug, Default)]
pub struct ReplyParser {
    limits: ParseLimits,
    /// Bytes not yet read into a line.
    pending: Vec<u8>,
    /// Where the search for the next LF goes on.
    scanned: usize,
    /// The lines of a reply that is half read, with LF between them.
    lines: Vec<u8>,
    /// How many there are.
    count: usize,
    code: u16,
    size: usize,
    /// Bytes of the session that were read into lines.
    consumed: usize,
    bare_lf: bool,
    fault: Option<ReplyFault>,
}

impl ReplyParser {
    /// A parser with caps of its own.
    pub fn new(limits: ParseLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes bytes from the peer. After a fault they are dropped.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        // One byte behind the session cap shows that it is passed; more need not be kept.
        let held = self.consumed + self.pending.len();
        let room = (self.limits.session + 1).saturating_sub(held);
        self.pending.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// The next complete reply, the fault that ends the dialogue, or `None` when more bytes are
    /// needed.
    pub fn next_reply(&mut self) -> Option<Result<Reply, ReplyFault>> {
        if let Some(fault) = &self.fault {
            return Some(Err(fault.clone()));
        }
        match self.advance() {
            Ok(reply) => reply.map(Ok),
            Err(fault) => {
                self.fault = Some(fault.clone());
                self.pending.clear();
                Some(Err(fault))
            }
        }
    }

    /// True when no byte waits and no reply is half read.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.lines.is_empty() && self.fault.is_none()
    }

    /// The first bytes that wait, for a fault's text.
    pub fn excerpt(&self) -> WireText {
        let first = self.lines.split(|byte| *byte == b'\n').next();
        excerpt(first.filter(|_| self.count > 0).unwrap_or(&self.pending))
    }

    fn advance(&mut self) -> Result<Option<Reply>, ReplyFault> {
        while let Some(end) = self.line_end()? {
            if let Some(reply) = self.take_in(end)? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// Where the next line of the pending bytes ends, its LF included.
    fn line_end(&mut self) -> Result<Option<usize>, ReplyFault> {
        let limit = self.limits.line;
        let unseen = self.pending.get(self.scanned..).unwrap_or_default();
        let Some(offset) = memchr::memchr(b'\n', unseen) else {
            self.scanned = self.pending.len();
            if self.pending.len() > limit {
                return Err(self.overlong());
            }
            self.check_session(self.pending.len())?;
            return Ok(None);
        };
        let end = self.scanned + offset + 1;
        if end > limit {
            return Err(self.overlong());
        }
        self.check_session(end)?;
        Ok(Some(end))
    }

    fn check_session(&self, more: usize) -> Result<(), ReplyFault> {
        let limit = self.limits.session;
        let fits = self.consumed + more <= limit;
        fits.then_some(()).ok_or(ReplyFault::SessionTooLarge { limit })
    }

    /// An over-long line is named as such only if it begins like a reply.
    fn overlong(&self) -> ReplyFault {
        match read_code(&self.pending) {
            Some(_) => ReplyFault::LineTooLong { limit: self.limits.line },
            None => ReplyFault::NotAReply { line: excerpt(&self.pending) },
        }
    }

    /// Takes the next line, which ends at `end`, and with the last one of a reply the reply.
    fn take_in(&mut self, end: usize) -> Result<Option<Reply>, ReplyFault> {
        let line = self.pending.get(..end - 1).unwrap_or_default();
        let (line, bare_lf) = match line.strip_suffix(b"\r") {
            Some(line) => (line, false),
            None => (line, true),
        };
        let Some((code, last)) = read_code(line) else {
            return Err(ReplyFault::NotAReply { line: excerpt(line) });
        };
        if self.count == 0 {
            self.code = code;
        } else if code != self.code {
            return Err(ReplyFault::CodeMismatch { first: self.code, then: code });
        } else {
            self.lines.push(b'\n');
        }
        self.bare_lf |= bare_lf;
        self.lines.extend_from_slice(line);
        self.count += 1;
        self.pending.drain(..end);
        self.scanned = 0;
        self.size += end;
        self.consumed += end;
        if self.count > self.limits.lines {
            return Err(ReplyFault::TooManyLines { limit: self.limits.lines });
        }
        if self.size > self.limits.reply {
            return Err(ReplyFault::ReplyTooLarge { limit: self.limits.reply });
        }
        if !last {
            return Ok(None);
        }
        let reply = Reply::new(code, &self.lines, std::mem::take(&mut self.bare_lf));
        (self.size, self.count) = (0, 0);
        self.lines.clear();
        Ok(Some(reply))
    }
}

/// The code of a line and whether it is the last one of its reply.
///
/// RFC 5321 section 4.2: three digits, then SP, `-` or nothing. The first digit of a reply to a
/// mail client is 2 to 5.
fn read_code(line: &[u8]) -> Option<(u16, bool)> {
    let [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else {
        return None;
    };
    let last = match rest.first() {
        None | Some(b' ' | b'\r' | b'\n') => true,
        Some(b'-') => false,
        Some(_) => return None,
    };
    let digit = |d: u8| u16::from(d - b'0');
    Some((digit(*a) * 100 + digit(*b) * 10 + digit(*c), last))
}

fn excerpt(bytes: &[u8]) -> WireText {
    bytes.get(..EXCERPT).unwrap_or(bytes).to_vec().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(chunks: &[&[u8]]) -> Vec<Result<Reply, ReplyFault>> {
        let mut parser = ReplyParser::default();
        let mut out = Vec::new();
        for chunk in chunks {
            parser.feed(chunk);
            while let Some(next) = parser.next_reply() {
                let stop = next.is_err();
                out.push(next);
                if stop {
                    return out;
                }
            }
        }
        out
    }

    fn one(bytes: &[u8]) -> Result<Reply, ReplyFault> {
        parse(&[bytes]).pop().expect("a reply or a fault")
    }

    #[test]
    fn forms_that_real_servers_send() {
        let table: [(&[u8], u16, usize, bool); 5] = [
            (b"250 ok\r\n", 250, 1, false),
            (b"250\r\n", 250, 1, false),
            (b"250-a\r\n250-b\r\n250 c\r\n", 250, 3, false),
            (b"250 bare\n", 250, 1, true),
            (b"220 caf\xe9 ready\r\n", 220, 1, false),
        ];
        for (bytes, code, lines, bare) in table {
            let reply = one(bytes).expect("a reply");
            assert_eq!((reply.code(), reply.line_count()), (code, lines));
            assert_eq!(reply.has_bare_lf(), bare);
        }
    }

    #[test]
    fn forms_that_are_no_reply() {
        for bytes in [&b"SSH-2.0-x\r\n"[..], b"25O typo\r\n", b"150 x\r\n", b"999 x\r\n", b"\r\n"] {
            assert!(matches!(one(bytes), Err(ReplyFault::NotAReply { .. })), "{bytes:?}");
        }
        let mixed = one(b"250-a\r\n550 b\r\n");
        assert_eq!(mixed, Err(ReplyFault::CodeMismatch { first: 250, then: 550 }));
    }

    #[test]
    fn caps_end_the_dialogue() {
        let long = [&b"220 "[..], &vec![b'x'; 5000]].concat();
        assert_eq!(one(&long), Err(ReplyFault::LineTooLong { limit: 4096 }));
        let many = b"250-x\r\n".repeat(300);
        assert_eq!(one(&many), Err(ReplyFault::TooManyLines { limit: 256 }));
        let fat = [&b"250-"[..], &vec![b'x'; 4000], b"\r\n"].concat().repeat(20);
        assert_eq!(one(&fat), Err(ReplyFault::ReplyTooLarge { limit: 65536 }));
        let session = parse(&[&[&b"250 "[..], &vec![b'x'; 4000], b"\r\n"].concat().repeat(140)]);
        assert_eq!(session.last(), Some(&Err(ReplyFault::SessionTooLarge { limit: 524288 })));
    }

    #[test]
    fn two_hundred_lines_are_fine() {
        let text = [b"250-KEYWORD\r\n".repeat(199), b"250 LAST\r\n".to_vec()].concat();
        assert_eq!(one(&text).expect("a reply").line_count(), 200);
    }

    #[test]
    fn a_fault_is_final() {
        let mut parser = ReplyParser::default();
        parser.feed(b"garbage\r\n250 ok\r\n");
        assert!(parser.next_reply().expect("a fault").is_err());
        parser.feed(b"250 ok\r\n");
        assert!(parser.next_reply().expect("the same fault").is_err());
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_replies(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'2'), Just(b'5'), Just(b'0'), Just(b'-'), Just(b' '),
                            Just(b'\r'), Just(b'\n'), any::<u8>()], 0..300),
            cuts in proptest::collection::vec(1usize..20, 0..40),
        ) {
            let mut chunks = Vec::new();
            let mut rest = &bytes[..];
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                chunks.push(head);
                rest = tail;
            }
            chunks.push(rest);
            prop_assert_eq!(parse(&[&bytes]), parse(&chunks));
        }

        #[test]
        fn well_formed_replies_survive_any_split(
            texts in proptest::collection::vec("[ -~]{0,40}", 1..6),
            code in 200u16..600,
            cut in 1usize..50,
        ) {
            let mut wire = Vec::new();
            for (index, text) in texts.iter().enumerate() {
                let mark = if index + 1 == texts.len() { ' ' } else { '-' };
                wire.extend(format!("{code}{mark}{text}\r\n").bytes());
            }
            let chunks: Vec<_> = wire.chunks(cut).collect();
            let got = parse(&chunks);
            prop_assert_eq!(got.len(), 1);
            let reply = got.into_iter().next().expect("one").expect("a reply");
            prop_assert_eq!(reply.code(), code);
            let back: Vec<_> = reply.texts().map(|t| String::from_utf8_lossy(t).into_owned()).collect();
            prop_assert_eq!(back, texts);
        }
    }
}
