//! A tolerant reader of UCL, rspamd's configuration language, for the shapes that its modules use.
//!
//! The crates for UCL bind the C library, which opens the files that an `.include` names; a configuration that is read
//! here opens nothing.

use super::super::reading::Reading;

/// How deep objects may be nested; what is deeper is skipped with a note.
const DEPTH_LIMIT: usize = 64;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    List(Vec<Value>),
    Object(Object),
}

/// Members in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) members: Vec<Member>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) value: Value,
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, or those of a list.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::List(list) => list.iter().filter_map(Self::text).map(str::to_owned).collect(),
            Self::Object(_) => Vec::new(),
        }
    }
}

impl Object {
    /// The last member of this name.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        let mut members = self.members.iter().rev();
        members.find(|member| member.key.eq_ignore_ascii_case(key)).map(|member| &member.value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A truth value.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)?.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    /// The texts of all members of this name.
    pub(super) fn all_texts(&self, key: &str) -> Vec<String> {
        let members = self.members.iter().filter(|member| member.key.eq_ignore_ascii_case(key));
        members.flat_map(|member| member.value.texts()).collect()
    }

    /// All texts of all members.
    pub(super) fn texts(&self) -> Vec<String> {
        self.members.iter().flat_map(|member| member.value.texts()).collect()
    }
}

/// Reads a document. What cannot be read is skipped with a note.
pub(super) fn parse(text: &str, reading: &mut Reading) -> Object {
    let mut reader = Reader { rest: text, line: 1, reading };
    let mut document = Object::default();
    while !reader.rest.is_empty() {
        reader.members(&mut document, 0);
        // A closing bracket too many.
        if !reader.rest.is_empty() {
            reader.fault("a closing bracket has no opening one");
            reader.bump();
        }
    }
    document
}

struct Reader<'t, 'r> {
    rest: &'t str,
    line: usize,
    reading: &'r mut Reading,
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn fault(&mut self, message: &str) {
        let text: String = self.rest.chars().take(80).take_while(|c| *c != '\n').collect();
        self.reading.not_followed(self.line, &text, message);
    }

    /// Skips what separates members.
    fn space(&mut self) {
        while let Some(c) = self.peek() {
            if self.rest.starts_with("/*") {
                self.comment();
            } else if c == '#' {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.bump();
                }
            } else if c.is_whitespace() || c == ';' || c == ',' {
                self.bump();
            } else {
                return;
            }
        }
    }

    /// A comment, with those within it.
    fn comment(&mut self) {
        let mut level = 0_usize;
        loop {
            if self.rest.starts_with("/*") {
                level += 1;
                self.bump();
            } else if self.rest.starts_with("*/") {
                level -= 1;
                self.bump();
            }
            if self.bump().is_none() || level == 0 {
                return;
            }
        }
    }

    /// Members up to a closing bracket, which stays.
    fn members(&mut self, object: &mut Object, depth: usize) {
        loop {
            self.space();
            match self.peek() {
                None | Some('}' | ']') => return,
                Some('.') => self.directive(),
                Some('{') if object.members.is_empty() && depth == 0 => {
                    // The outermost braces may be there or not.
                    self.bump();
                    self.members(object, depth + 1);
                    self.close('}');
                }
                Some(_) => self.member(object, depth),
            }
        }
    }

    /// `.include` and its kin.
    fn directive(&mut self) {
        let line = self.line;
        let start = self.rest;
        while self.peek().is_some_and(|c| c != '\n' && c != ';') {
            self.bump();
        }
        let text = start.get(..start.len() - self.rest.len()).unwrap_or_default();
        let message = "another file is included here; give it too";
        self.reading.not_followed(line, text, message);
    }

    fn member(&mut self, object: &mut Object, depth: usize) {
        let line = self.line;
        let Some(key) = self.word(false) else {
            self.fault("this cannot be read as a setting");
            while self.peek().is_some_and(|c| c != '\n' && c != '}' && c != ']') {
                self.bump();
            }
            return;
        };
        self.blank();
        if self.peek().is_some_and(|c| c == '=' || c == ':') {
            self.bump();
            self.space_within();
        }
        if self.rest.trim_start().starts_with('{') {
            self.space_within();
        }
        // `section "name" {`: an object within an object.
        let mut path = vec![key];
        let value = loop {
            match self.peek() {
                Some('{' | '[') => break self.value(depth),
                None | Some(';' | '}' | ']') => break Value::Text(String::new()),
                _ => {}
            }
            let Some(word) = self.word(true) else { break Value::Text(String::new()) };
            self.blank();
            match self.peek() {
                Some('{') => path.push(word),
                _ => break Value::Text(word),
            }
        };
        let mut value = value;
        while path.len() > 1 {
            let Some(key) = path.pop() else { break };
            value = Value::Object(Object { members: vec![Member { key, line, value }] });
        }
        if let Some(key) = path.pop() {
            object.members.push(Member { key, line, value });
        }
    }

    /// Spaces, without the end of the line.
    fn blank(&mut self) {
        while self.peek().is_some_and(|c| c == ' ' || c == '\t' || c == '\r') {
            self.bump();
        }
    }

    /// Spaces, line ends and comments in front of a value.
    fn space_within(&mut self) {
        loop {
            match self.peek() {
                Some(c) if c.is_whitespace() => {
                    self.bump();
                }
                _ if self.rest.starts_with("/*") => self.comment(),
                _ => return,
            }
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        if depth >= DEPTH_LIMIT {
            self.fault("it is nested too deeply to be read");
            self.rest = "";
            return Value::Text(String::new());
        }
        match self.peek() {
            Some('{') => {
                self.bump();
                let mut object = Object::default();
                self.members(&mut object, depth + 1);
                self.close('}');
                Value::Object(object)
            }
            Some('[') => {
                self.bump();
                let mut list = Vec::new();
                loop {
                    self.space();
                    match self.peek() {
                        None | Some(']' | '}') => break,
                        Some('{' | '[') => list.push(self.value(depth + 1)),
                        Some(_) => match self.word(true) {
                            Some(word) => list.push(Value::Text(word)),
                            None => {
                                self.bump();
                            }
                        },
                    }
                }
                self.close(']');
                Value::List(list)
            }
            _ => Value::Text(self.word(true).unwrap_or_default()),
        }
    }

    fn close(&mut self, bracket: char) {
        if self.peek() == Some(bracket) {
            self.bump();
        } else {
            self.fault(&format!("a `{bracket}` is missing"));
        }
    }

    /// A quoted string or a bare word. `None` where there is neither.
    fn word(&mut self, value: bool) -> Option<String> {
        let quote = self.peek().filter(|c| ['"', '\''].contains(c));
        let mut word = String::new();
        if let Some(quote) = quote {
            self.bump();
            while let Some(c) = self.bump() {
                match c {
                    _ if c == quote => return Some(word),
                    '\\' => word.extend(self.bump()),
                    _ => word.push(c),
                }
            }
            self.fault("a quote is not closed");
            return Some(word);
        }
        while let Some(c) = self.peek() {
            let ends = c.is_whitespace()
                || [';', ',', '{', '}', '[', ']', '#', '"'].contains(&c)
                || (!value && ['=', ':'].contains(&c));
            if ends {
                break;
            }
            word.push(c);
            self.bump();
        }
        (!word.is_empty()).then_some(word)
    }
}
