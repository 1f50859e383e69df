//! The header fields of a message that anyone may have written.

/// How much of a message is looked at for its header fields.
const MOST_BYTES: usize = 64 * 1024;
/// The longest value that is kept, in characters.
const LONGEST_VALUE: usize = 1000;

/// The beginning of a message.
#[derive(Debug, Default)]
pub(super) struct Head(Vec<u8>);

/// One field: its name in lower case and its unfolded value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: String,
}

impl Head {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let free = MOST_BYTES.saturating_sub(self.0.len());
        self.0.extend_from_slice(bytes.get(..free).unwrap_or(bytes));
    }

    /// The fields down to the first empty line. What is no field is left out.
    pub(super) fn fields(&self) -> Vec<Field> {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        let mut in_field = false;
        for line in self.0.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                if let Some((_, value)) = fields.last_mut().filter(|_| in_field) {
                    value.extend_from_slice(line);
                }
                continue;
            }
            let split = line.iter().position(|byte| *byte == b':').and_then(|at| {
                let name = line.get(..at)?.trim_ascii_end();
                let sound = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
                sound.then_some((name, line.get(at + 1..)?))
            });
            in_field = split.is_some();
            if let Some((name, value)) = split {
                let name = String::from_utf8_lossy(name).to_ascii_lowercase();
                fields.push((name, value.to_vec()));
            }
        }
        fields.into_iter().map(|(name, value)| Field { name, value: unfolded(&value) }).collect()
    }
}

/// One space for every run of blanks, and no more characters than are kept.
fn unfolded(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let words: Vec<_> = text.split([' ', '\t', '\r']).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(LONGEST_VALUE).collect()
}
