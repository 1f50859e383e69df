//! The picture in the README: what a terminal shows of an open relay, colours and all. It is made here, so that
//! it shows what is written today: `MXAUDIT_BLESS=1 cargo test --lib report::tests`.

use std::fmt::Write as _;

use super::samples::blessed;
use super::*;

/// Characters of a line that are shown.
const WIDE: usize = 112;
/// A character's width and a line's height, in the picture.
const CELL: (usize, usize) = (8, 18);

/// What the sequences of a terminal make of a text.
fn class(sequence: &str, now: &str) -> String {
    let colour = match sequence {
        "0" => return String::new(),
        "1" => "b",
        "31" => "r",
        "32" => "g",
        "33" => "y",
        "34" => "u",
        "35" => "m",
        "36" => "c",
        "2" | "90" => "d",
        other => panic!("the picture does not know the sequence {other}"),
    };
    format!("{now} {colour}").trim().to_owned()
}

/// A line as parts of text, each with its class.
fn parts(line: &str, class_now: &mut String) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let mut left = WIDE;
    let mut rest = line;
    while !rest.is_empty() {
        let (text, after) = rest.split_once("\u{1b}[").unwrap_or((rest, ""));
        let shown: String = text.chars().take(left).collect();
        left -= shown.chars().count();
        let cut = if shown.len() < text.len() { "…" } else { "" };
        parts.push((format!("{shown}{cut}"), class_now.clone()));
        rest = after;
        if let Some((sequence, after)) = after.split_once('m') {
            *class_now = sequence.split(';').fold(class_now.clone(), |now, one| class(one, &now));
            rest = after;
        }
        if !cut.is_empty() {
            left = 0;
        }
    }
    parts.retain(|(text, _)| !text.is_empty());
    parts
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn picture(command: &str, coloured: &str) -> String {
    let text = format!("\u{1b}[2m$ {command}\u{1b}[0m\n{coloured}");
    let lines: Vec<_> = text.lines().collect();
    let (width, height) = (CELL.0 * (WIDE + 4), CELL.1 * (lines.len() + 2));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" \
         font-size=\"13\">\n<title>What mxaudit says of an open relay</title>\n<style>text{{fill:#d8dee9;white-space:pre}}\
         .b{{font-weight:bold}}.r{{fill:#ff6b6b}}.g{{fill:#7bd88f}}.y{{fill:#ffd166}}.u{{fill:#82aaff}}\
         .m{{fill:#d6a2ff}}.c{{fill:#7fdbff}}.d{{fill:#8a93a5}}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#1b1f2a\"/>\n"
    );
    let mut class_now = String::new();
    for (at, line) in lines.iter().enumerate() {
        let y = CELL.1 * (at + 2) - 4;
        let _ = write!(svg, "<text xml:space=\"preserve\" x=\"16\" y=\"{y}\">");
        for (text, class) in parts(line, &mut class_now) {
            let text = escaped(&text);
            let _ = match class.as_str() {
                "" => write!(svg, "{text}"),
                class => write!(svg, "<tspan class=\"{class}\">{text}</tspan>"),
            };
        }
        svg.push_str("</text>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

#[test]
fn the_picture_is_what_is_written() {
    let coloured = bytes(&run(vec![report(&open())], Vec::new()), Options::default());
    let picture = picture("mxaudit check mx1.example.test", &coloured);
    assert!(!picture.contains('\u{1b}') && picture.contains(">error[open-relay]</tspan>"));
    blessed("reports/samples/report.svg", &picture);
}
