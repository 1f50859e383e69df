//! The page for a browser.

use super::samples::with_lists;
use super::*;
use crate::report::html::UserTemplate;

fn page(hosts: Vec<HostReport>) -> String {
    written(|out| html::write(&run(hosts, Vec::new()), &PageOptions::default(), out))
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
    let report = run(vec![report(&open()), report(&with_matrix(closed()))], Vec::new());
    for plain in [false, true] {
        let options = PageOptions { plain, template: None };
        let page = written(|out| html::write(&report, &options, out));
        assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"), "{page}");
        assert_eq!(page.contains("script-src 'sha256-"), !plain);
        assert_eq!(page.matches("<script").count(), usize::from(!plain));
        for way in ["<link", "@import", "url(", "src=", "style=\"", "innerHTML"] {
            assert!(!page.contains(way), "{way}: {page}");
        }
        let links = page.matches("href=").count();
        assert_eq!(page.matches("href=\"#host-").count(), links, "{page}");
    }
}

#[test]
fn a_range_has_a_map_of_the_worst_at_each_address() {
    let mut hosts: Vec<_> = (0..9)
        .map(|last| {
            let mut host = report(&closed());
            host.target.address = [192, 0, 2, last * 16].into();
            host
        })
        .collect();
    assert!(!page(hosts[..7].to_vec()).contains("<h2 id=\"map\">"), "a few hosts are no map");
    let mut submission = report(&open());
    submission.target.address = hosts[3].target.address;
    submission.target.port = 587;
    hosts.push(submission);
    let page = page(hosts);
    assert!(page.contains("aria-label=\"192.0.2.0&#x2f;24: 8 closed, 1 open\""), "{page}");
    let cell = "<g class=\"open\" transform=\"translate(0 30)\"><title>192.0.2.48 open</title>";
    assert!(page.contains(cell), "{page}");
}

#[test]
fn a_template_of_the_users_is_tried_before_it_is_used() {
    let own = |source: &str| UserTemplate::new("own.html", source);
    let template = own(
        "{% extends \"page.html\" %}{% block header %}<h1>{{ summary.hosts }} of ours</h1>{% endblock %}",
    );
    let options = PageOptions { plain: false, template: Some(template.unwrap()) };
    let report = run(vec![report(&open())], Vec::new());
    let page = written(|out| html::write(&report, &options, out));
    assert!(page.contains("<h1>1 of ours</h1>") && page.contains("id=\"overview\""), "{page}");
    let table = [
        ("{% if %}", "own.html:1"),
        ("a\n{{ summary.nowhere }}", "own.html:2"),
        ("{% include \"nowhere.html\" %}", "nowhere.html"),
        ("{% for row in rows %}{{ row.lable }}{% endfor %}", "own.html:1"),
        ("{% if sweep is not none %}{{ sweep.nowhere }}{% endif %}", "own.html:1"),
    ];
    for (source, place) in table {
        let fault = own(source).unwrap_err().to_string();
        assert!(fault.starts_with("own.html: the template does not work: "), "{fault}");
        assert!(fault.contains(place), "{fault}");
    }
    let escaped = own("{{ not_probed[0].why ~ '<b>' }}").unwrap();
    let options = PageOptions { plain: true, template: Some(escaped) };
    let other = NotProbed {
        domain: "example.test".into(),
        host: "mx.example.test".into(),
        address: None,
        why: "<i>".into(),
    };
    let report = run(Vec::new(), vec![other]);
    assert_eq!(written(|out| html::write(&report, &options, out)).trim(), "&lt;i&gt;&lt;b&gt;");
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
    let page = written(|out| html::write(&report, &PageOptions::default(), out));
    assert!(page.contains("<li>alpha: listed</li>"), "{page}");
    assert!(page.contains("<li>gone (gone.example): ipv4 tombstoned"), "{page}");
    assert!(
        page.contains(": unknown ("),
        "what a list did not say is told with its reason: {page}"
    );
}
