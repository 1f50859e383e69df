//! JSON of masscan.
//!
//! Its versions differ, and few write valid JSON: elements stand in an array that may end in a
//! comma, or alone with commas between and `{finished: 1}` behind them, or (`-oD`) one a line. So the
//! elements are cut out here, whatever stands between them, and each is read as JSON.

use std::io::BufRead;

use serde::Deserialize;

use super::{Fault, Form, HostState, Problem, Sink, address, by_ports};

/// The longest element, in bytes. A banner has at most 64 KiB before it is escaped.
const ELEMENT: usize = 1 << 20;

/// An address and what was found there.
#[derive(Deserialize)]
struct Element {
    ip: String,
    /// Of `-oJ`.
    ports: Option<Vec<Port>>,
    /// Of `-oD`.
    port: Option<u16>,
    proto: Option<String>,
    data: Option<Status>,
}

#[derive(Deserialize)]
struct Port {
    port: u16,
    proto: Option<String>,
    /// Absent where a banner was read, which proves the port open.
    status: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    status: Option<String>,
}

/// Reads the elements of any version.
pub(super) fn read(input: impl BufRead, wanted: &[u16], sink: &mut impl Sink) -> Result<(), Fault> {
    let mut elements = Elements::new(input);
    while let Some((line, bytes)) = elements.next()? {
        let (address, state) = judge(&bytes, wanted).map_err(|problem| Fault::at(line, problem))?;
        sink.host(address, state);
    }
    Ok(())
}

fn judge(bytes: &[u8], wanted: &[u16]) -> Result<(std::net::IpAddr, HostState), Problem> {
    let element: Element = serde_json::from_slice(bytes).map_err(|error| {
        // The position within the element would be taken for one in the file.
        let text = error.to_string();
        Problem::Json(text.split(" at line ").next().unwrap_or_default().to_owned())
    })?;
    let address = address(&element.ip)?;
    let mut ports = element.ports;
    if let Some(port) = element.port {
        let status = element.data.and_then(|data| data.status);
        ports.get_or_insert_default().push(Port { port, proto: element.proto, status });
    }
    let is_open = |port: &&Port| {
        port.proto.as_deref().is_none_or(|proto| proto == "tcp")
            && port.status.as_deref().is_none_or(|status| status == "open")
    };
    let open = ports.map(|ports| ports.iter().filter(is_open).map(|p| p.port).collect::<Vec<_>>());
    Ok((address, by_ports(open.as_deref(), wanted)))
}

/// Cuts out the elements.
struct Elements<R> {
    input: R,
    line: u64,
    /// `[` was read.
    is_array: bool,
    /// `]` was read.
    is_closed: bool,
    /// `{finished: 1}` was read.
    is_finished: bool,
    /// A comma was read after the last element.
    awaits_more: bool,
    any: bool,
}

impl<R: BufRead> Elements<R> {
    fn new(input: R) -> Self {
        let (is_array, is_closed, is_finished) = (false, false, false);
        Self { input, line: 1, is_array, is_closed, is_finished, awaits_more: false, any: false }
    }

    /// The next element and its first line.
    fn next(&mut self) -> Result<Option<(u64, Vec<u8>)>, Fault> {
        while let Some(byte) = self.byte()? {
            match byte {
                _ if byte.is_ascii_whitespace() => {}
                b'[' if !self.is_array && !self.any => self.is_array = true,
                b']' if self.is_array && !self.is_closed => self.is_closed = true,
                b',' if self.any && !self.is_closed && !self.awaits_more => self.awaits_more = true,
                b'{' if !self.is_closed => {
                    let line = self.line;
                    let element = self.element()?;
                    (self.any, self.awaits_more) = (true, false);
                    if !is_end(&element) {
                        return Ok(Some((line, element)));
                    }
                    self.is_finished = true;
                }
                _ if self.is_closed => return Err(self.json("text follows the end of the list")),
                _ => {
                    let shown = char::from(byte).escape_debug().to_string();
                    return Err(self.json(&format!("`{shown}` stands between its elements")));
                }
            }
        }
        let is_whole = self.is_closed || self.is_finished || (!self.is_array && !self.awaits_more);
        if is_whole { Ok(None) } else { Err(self.fault(Problem::CutShort(Form::Masscan))) }
    }

    /// The rest of an element whose first brace was read.
    fn element(&mut self) -> Result<Vec<u8>, Fault> {
        let mut element = vec![b'{'];
        let (mut depth, mut in_string, mut is_escaped) = (1_usize, false, false);
        while depth > 0 {
            let Some(byte) = self.byte()? else {
                return Err(self.fault(Problem::CutShort(Form::Masscan)));
            };
            element.push(byte);
            if element.len() > ELEMENT {
                return Err(self.fault(Problem::LongPart { what: "element", limit: ELEMENT }));
            }
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if in_string => is_escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => depth -= 1,
                _ => {}
            }
        }
        Ok(element)
    }

    fn byte(&mut self) -> Result<Option<u8>, Fault> {
        let buffer = self.input.fill_buf();
        let byte = match buffer {
            Ok(buffer) => buffer.first().copied(),
            Err(error) => return Err(Fault::at(self.line, Problem::Io(error))),
        };
        if let Some(byte) = byte {
            self.input.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }

    fn json(&self, text: &str) -> Fault {
        self.fault(Problem::Json(text.to_owned()))
    }

    fn fault(&self, problem: Problem) -> Fault {
        Fault::at(self.line, problem)
    }
}

/// Whether an element is the last one of old versions, with or without quotes.
fn is_end(element: &[u8]) -> bool {
    let bare = element.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'"');
    bare.eq(b"{finished:1}")
}
