//! The page for a browser.

use super::samples::with_lists;
use super::*;

fn page(hosts: Vec<HostReport>) -> String {
    written(|out| html::write(&run(hosts, Vec::new()), out))
}

/// The line of the host in the list of hosts.
fn head(host: HostReport) -> String {
    let page = page(vec![host]);
    page.lines().find(|line| line.starts_with("<summary>")).unwrap().to_owned()
}

#[test]
fn the_deciding_line_is_marked() {
    let page = page(vec![report(&open())]);
    let deciding = "12 | S: 250 2.1.5 ok\n<mark>   ^^^ accepted here and again";
    assert!(page.contains(deciding), "{page}");
    assert!(page.contains("<dt>Exim</dt>"), "{page}");
    assert!(page.contains("swaks --server 192.0.2.1"), "{page}");
}

#[test]
fn nothing_is_asked_for_from_elsewhere() {
    let page = page(vec![report(&open()), report(&with_matrix(closed()))]);
    assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"), "{page}");
    for way in ["<script", "<link", "@import", "url(", "src=", "href=", "style=\""] {
        assert!(!page.contains(way), "{way}: {page}");
    }
}

#[test]
fn only_what_is_known_looks_good() {
    let good = |mut host: HostReport| {
        host.grade.letter = "A";
        head(host)
    };
    assert!(good(report(&closed())).contains("class=\"A\">grade A"));
    for unknown in [deferred(), unreachable()] {
        let line = good(report(&unknown));
        assert!(line.contains("class=\"N\">grade A"), "{line}");
        assert!(!line.contains("class=\"closed\""), "{line}");
    }
    let none = page(Vec::new());
    assert!(none.contains("No host was reached, so nothing is known."), "{none}");
}

#[test]
fn lists_stand_there_with_what_they_said_and_their_health() {
    let report = with_lists(run(vec![report(&closed())], Vec::new()));
    let page = written(|out| html::write(&report, out));
    assert!(page.contains("<li>alpha: listed</li>"), "{page}");
    assert!(page.contains("<li>gone (gone.example): ipv4 tombstoned"), "{page}");
    assert!(
        page.contains(": unknown ("),
        "what a list did not say is told with its reason: {page}"
    );
}
