//! CSV of zmap, with a header.

use std::io::BufRead;

use csv::{ByteRecord, ErrorKind, ReaderBuilder, Trim};

use super::{Fault, HostState, Problem, Sink, address, by_ports, shown};

/// The columns that matter.
#[derive(Debug, Default)]
struct Columns {
    /// `saddr`, or `ip`.
    address: usize,
    /// `sport`: the port that answered.
    port: Option<usize>,
    /// `success`: whether the answer says that the port is open.
    success: Option<usize>,
    /// `classification`: `rst` where the port is closed.
    class: Option<usize>,
}

/// Whether a line is the header of a report. `ip` alone might be a name.
pub(super) fn is_header(line: &str) -> bool {
    let cells: Vec<_> = line.split(',').map(str::trim).collect();
    cells.contains(&"saddr") || (cells.len() > 1 && cells.contains(&"ip"))
}

/// Reads the rows below the header.
pub(super) fn read(input: impl BufRead, wanted: &[u16], sink: &mut impl Sink) -> Result<(), Fault> {
    let mut reader = ReaderBuilder::new()
        .has_headers(true)
        .trim(Trim::All)
        .comment(Some(b'#'))
        .from_reader(input);
    let header = reader.byte_headers().map_err(|error| fault(&error))?;
    let columns = columns(header);
    let mut row = ByteRecord::new();
    while reader.read_byte_record(&mut row).map_err(|error| fault(&error))? {
        let line = row.position().map_or(0, csv::Position::line);
        let (address, state) =
            judge(&row, &columns, wanted).map_err(|problem| Fault::at(line, problem))?;
        sink.host(address, state);
    }
    Ok(())
}

fn columns(header: &ByteRecord) -> Columns {
    let column = |name: &str| header.iter().position(|cell| cell == name.as_bytes());
    Columns {
        address: column("saddr").or_else(|| column("ip")).unwrap_or_default(),
        port: column("sport"),
        success: column("success"),
        class: column("classification"),
    }
}

fn judge(
    row: &ByteRecord,
    columns: &Columns,
    wanted: &[u16],
) -> Result<(std::net::IpAddr, HostState), Problem> {
    let cell = |at: usize| {
        let bytes = row.get(at).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| Problem::NotText)
    };
    let address = address(cell(columns.address)?)?;
    let open = match (columns.success, columns.class) {
        (Some(at), _) => match cell(at)? {
            "1" | "true" => true,
            "0" | "false" => false,
            other => {
                return Err(Problem::Row(format!("`{}` in the column success", shown(other))));
            }
        },
        (None, Some(at)) => cell(at)? != "rst",
        (None, None) => true,
    };
    if !open {
        return Ok((address, HostState::Closed));
    }
    let port = columns.port.map(|at| {
        let text = cell(at)?;
        text.parse::<u16>().map_err(|_| Problem::Port(shown(text)))
    });
    let port = port.transpose()?.map(|port| [port]);
    Ok((address, by_ports(port.as_ref().map(|port| port.as_slice()), wanted)))
}

fn fault(error: &csv::Error) -> Fault {
    let line = error.position().map(csv::Position::line);
    let problem = match error.kind() {
        ErrorKind::Io(error) => Problem::Io(std::io::Error::new(error.kind(), error.to_string())),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Problem::Row(format!("the row has {len} cells, the header {expected_len}"))
        }
        _ => Problem::NotText,
    };
    Fault { line, problem }
}
