//! Templates: ours, and the user's own in their place.

use std::io;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};

const PAGE: &str = include_str!("../../../reports/templates/page.html");
const HOST: &str = include_str!("../../../reports/templates/host.html");
/// Shared with the page of a comparison.
pub(in crate::report) const STYLE: &str = include_str!("../../../reports/templates/style.css");
const SCRIPT: &str = include_str!("../../../reports/templates/page.js");

/// What of a page may be chosen.
#[derive(Clone, Debug, Default)]
pub struct PageOptions {
    /// Leave the script out, for readers that know none, such as mail programs.
    pub plain: bool,
    /// A template of the user's in the place of our `page.html`.
    pub template: Option<UserTemplate>,
}

/// A template of the user's, proved to work.
#[derive(Clone, Debug)]
pub struct UserTemplate {
    name: String,
    source: String,
}

/// Why a template of the user's cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "{name}: the template does not work: {said}; reports/templates/README.md says what a template is given"
)]
pub struct TemplateFault {
    name: String,
    /// The reader's words, with the line.
    said: String,
}

impl UserTemplate {
    /// Takes a template that writes a page of the sample report without a fault; `name` is that of its file.
    ///
    /// # Errors
    /// [`TemplateFault`] with the line.
    pub fn new(name: &str, source: &str) -> Result<Self, TemplateFault> {
        let template = Self { name: name.to_owned(), source: source.to_owned() };
        let options = PageOptions { plain: false, template: Some(template.clone()) };
        super::trial::page(&options).map_err(|error| TemplateFault {
            name: name.to_owned(),
            said: error.to_string().replace('\n', " "),
        })?;
        Ok(template)
    }
}

/// The templates of a page.
#[derive(Debug)]
pub(super) struct Templates {
    all: Environment<'static>,
    page: String,
    script: Option<&'static str>,
}

impl Templates {
    pub(super) fn new(options: &PageOptions) -> io::Result<Self> {
        let mut all = Environment::new();
        all.set_undefined_behavior(UndefinedBehavior::Strict);
        // A user's file may have any name, and is a page all the same.
        all.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
        all.add_template("page.html", PAGE).map_err(fault)?;
        all.add_template("host.html", HOST).map_err(fault)?;
        let mut page = "page.html".to_owned();
        if let Some(UserTemplate { name, source }) = &options.template {
            page = format!("user:{name}");
            all.add_template_owned(page.clone(), source.clone()).map_err(fault)?;
        }
        Ok(Self { all, page, script: (!options.plain).then_some(SCRIPT) })
    }

    /// The details of a host.
    pub(super) fn host(&self, host: Value) -> io::Result<String> {
        self.all.get_template("host.html").and_then(|one| one.render(host)).map_err(fault)
    }

    /// The page; `given` is what it is about.
    pub(super) fn page(&self, given: Value) -> io::Result<String> {
        let ours = context! {
            style => STYLE,
            style_hash => hash(STYLE),
            script => Serde(self.script),
            script_hash => Serde(self.script.map(hash)),
            ..given
        };
        self.all.get_template(&self.page).and_then(|page| page.render(ours)).map_err(fault)
    }
}

/// As a Content-Security-Policy names a text.
pub(in crate::report) fn hash(text: &str) -> String {
    BASE64.encode(digest(&SHA256, text.as_bytes()).as_ref())
}

/// The error with its line and what caused it.
fn fault(error: Error) -> io::Error {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        words.push_str(&format!("; {cause}"));
        source = cause.source();
    }
    io::Error::other(words.replace("user:", ""))
}
