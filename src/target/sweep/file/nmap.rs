//! XML of nmap, and of masscan, which writes the same without the states of hosts.

use std::io::{self, BufRead, Read};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};

use super::{Fault, Form, HostState, Problem, Sink, address, by_ports, shown};

/// Reads the hosts.
pub(super) fn read(input: impl BufRead, wanted: &[u16], sink: &mut impl Sink) -> Result<(), Fault> {
    let mut reader = Reader::from_reader(Counted { input, line: 1 });
    // So that every element has an end.
    reader.config_mut().expand_empty_elements = true;
    let mut report = Report { wanted, sink, depth: 0, host: None, any: false };
    let mut buffer = Vec::new();
    loop {
        let line = reader.get_ref().line;
        let fault = |problem| Fault::at(line, problem);
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(error) => return Err(fault(problem(error, reader.get_mut()))),
        };
        match event {
            Event::Start(element) => report.start(&element).map_err(fault)?,
            Event::End(_) => report.end().map_err(fault)?,
            Event::Eof if report.any && report.depth == 0 => return Ok(()),
            Event::Eof => return Err(fault(Problem::CutShort(Form::Nmap))),
            _ => {}
        }
        buffer.clear();
    }
}

fn problem(error: Error, rest: &mut impl BufRead) -> Problem {
    match error {
        Error::Io(error) => Problem::Io(io::Error::new(error.kind(), error.to_string())),
        Error::Encoding(_) => Problem::NotText,
        // Markup that nothing follows was going to be longer.
        _ if rest.fill_buf().is_ok_and(|rest| rest.is_empty()) => Problem::CutShort(Form::Nmap),
        other => Problem::Xml(shown(&other.to_string())),
    }
}

/// The report as far as it was read.
struct Report<'a, S> {
    wanted: &'a [u16],
    sink: &'a mut S,
    /// Elements that are open.
    depth: usize,
    host: Option<Host>,
    /// Whether a root element was seen.
    any: bool,
}

/// The host whose element is open.
#[derive(Default)]
struct Host {
    addresses: Vec<std::net::IpAddr>,
    /// Whether it is up; none where the report does not say.
    is_up: Option<bool>,
    /// The open TCP ports; none where no ports are told of.
    open: Option<Vec<u16>>,
    /// The TCP port whose element is open.
    port: Option<u16>,
}

impl<S: Sink> Report<'_, S> {
    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), Problem> {
        self.depth += 1;
        let name = element.name();
        match (self.depth, name.as_ref(), &mut self.host) {
            (1, "nmaprun", _) => self.any = true,
            (1, other, _) => return Err(Problem::OtherXml(shown(other))),
            (2, "host", host) => *host = Some(Host::default()),
            (3, "finished", None) => finished(element)?,
            (3, "status", Some(host)) => {
                host.is_up = Some(attribute(element, "state")?.as_deref() == Some("up"));
            }
            (3, "address", Some(host)) => {
                // The other kind is that of network cards.
                let kind = attribute(element, "addrtype")?;
                if kind.as_deref() != Some("mac") {
                    let text = attribute(element, "addr")?.unwrap_or_default();
                    host.addresses.push(address(&text)?);
                }
            }
            (3, "ports", Some(host)) => host.open = Some(host.open.take().unwrap_or_default()),
            (4, "port", Some(host)) => host.port = port(element)?,
            (5, "state", Some(host)) => {
                if let Some(port) = host.port
                    && attribute(element, "state")?.as_deref() == Some("open")
                {
                    host.open.get_or_insert_default().push(port);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        self.depth = self.depth.saturating_sub(1);
        match (self.depth, &mut self.host) {
            (3, Some(host)) => host.port = None,
            (1, host) => {
                if let Some(host) = host.take() {
                    self.judge(&host)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn judge(&mut self, host: &Host) -> Result<(), Problem> {
        // Where the report does not say whether a host is up, an open port says it.
        let is_up = host.is_up.unwrap_or_else(|| host.open.as_ref().is_some_and(|o| !o.is_empty()));
        let state = match is_up {
            true => by_ports(host.open.as_deref(), self.wanted),
            false => HostState::Down,
        };
        if host.addresses.is_empty() {
            return Err(Problem::NoAddress);
        }
        for address in &host.addresses {
            self.sink.host(*address, state);
        }
        Ok(())
    }
}

/// The number of a TCP port.
fn port(element: &BytesStart<'_>) -> Result<Option<u16>, Problem> {
    if attribute(element, "protocol")?.is_some_and(|protocol| protocol != "tcp") {
        return Ok(None);
    }
    let text = attribute(element, "portid")?.unwrap_or_default();
    text.parse().map(Some).map_err(|_| Problem::Port(shown(&text)))
}

/// Whether the scanner came to its end by itself.
fn finished(element: &BytesStart<'_>) -> Result<(), Problem> {
    match attribute(element, "exit")?.as_deref() {
        None | Some("success") => Ok(()),
        Some(other) => {
            let message = attribute(element, "errormsg")?;
            Err(Problem::Unfinished(shown(message.as_deref().unwrap_or(other))))
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, Problem> {
    let xml = |error: String| Problem::Xml(shown(&error));
    let found = element.try_get_attribute(name).map_err(|error| xml(error.to_string()))?;
    let value = found.map(|found| {
        let value = found.normalized_value(XmlVersion::Implicit1_0);
        value.map(std::borrow::Cow::into_owned).map_err(|error| xml(error.to_string()))
    });
    value.transpose()
}

/// Counts the lines that were read.
struct Counted<R> {
    input: R,
    line: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(available) {
            *to = *from;
        }
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        if let Ok(buffer) = self.input.fill_buf() {
            let lines = buffer.iter().take(length).filter(|byte| **byte == b'\n').count();
            self.line += lines as u64;
        }
        self.input.consume(length);
    }
}
