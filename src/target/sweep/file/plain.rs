//! Plain lists: targets or exclusions.

use std::io::{BufRead, Read};

use super::{Fault, Problem, Sink, shown};

/// The longest line, in bytes.
const LINE: usize = 64 << 10;

/// Reads the words of all lines up to `#`.
pub(super) fn read<S: Sink>(mut input: impl BufRead, sink: &mut S) -> Result<(), Fault> {
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let fault = |problem| Fault::at(line, problem);
        let read = input.by_ref().take(LINE as u64 + 1).read_until(b'\n', &mut bytes);
        if read.map_err(|error| fault(Problem::Io(error)))? == 0 {
            break;
        }
        if bytes.len() > LINE {
            return Err(fault(Problem::LongPart { what: "line", limit: LINE }));
        }
        let text = std::str::from_utf8(&bytes).ok().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| fault(Problem::NotText))?;
        let content = text.split('#').next().unwrap_or_default();
        let words = content.split_whitespace();
        if S::ONE_A_LINE
            && let Some(second) = words.clone().nth(1)
        {
            return Err(fault(Problem::SecondWord(shown(second))));
        }
        for word in words {
            sink.text(word).map_err(fault)?;
        }
    }
    Ok(())
}
