//! The page for a browser, in a real one. Where Chromium is not installed the trials are skipped by name, unless
//! `MXAUDIT_REQUIRE` names `chromium` or says `all`.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

mod browser;
#[path = "mta/isolation.rs"]
mod isolation;
#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;
#[path = "mta/requirement.rs"]
mod requirement;

use std::fs;
use std::io::BufWriter;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use browser::Browser;
use lab::{audited, settings};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use mxaudit::grade::{Policy, grade, listing_results, relay_results};
use mxaudit::practice::{Behaviour, RelayPolicy, Temporary};
use mxaudit::probe::{Library, Profile};
use mxaudit::report::html::{self, PageOptions};
use mxaudit::report::model::{HostReport, RunDetails, RunReport};
use mxaudit::verdict::findings;
use serde_json::json;

/// What a server may say that a page must not obey.
const BAIT: &str = "</script><script>window.hit=1</script><img src=x onerror=window.hit=2>\
                    <a href='javascript:window.hit=3'>x</a>{{ 7 * 7 }}</title></template>";

/// A name, and what must hold.
type Named = (&'static str, fn() -> Result<()>);

const TRIALS: &[Named] = &[
    ("opened", opened),
    ("filtered", filtered),
    ("sorted_by_mouse_and_keyboard", sorted),
    ("unfolded", unfolded),
    ("followed", followed),
    ("without_script", without_script),
    ("phone", phone),
    ("printed", printed),
    ("hostile", hostile),
    ("ten_thousand_hosts", ten_thousand_hosts),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if !arguments.list
        && let Some(code) = isolation::rerun()
    {
        return code;
    }
    if isolation::isolated() {
        let _ = std::process::Command::new("ip").args(["link", "set", "lo", "up"]).status();
    }
    let trial = |&(name, trial): &Named| Trial::ignorable_test(name, move || run(trial));
    libtest_mimic::run(&arguments, TRIALS.iter().map(trial).collect()).exit_code()
}

fn run(trial: fn() -> Result<()>) -> Result<Completion, Failed> {
    if !browser::is_installed() {
        return requirement::missing("chromium", "chromium is not installed");
    }
    trial().map_err(|error| format!("{error:#}"))?;
    Ok(Completion::Completed)
}

/// The report of a practice server.
fn host(behaviour: Behaviour) -> HostReport {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (evidence, relay, _server) = runtime.block_on(audited(behaviour, settings()));
    let found = findings(&evidence, &relay);
    let (library, policy) = (Library::embedded().unwrap(), Policy::embedded().unwrap());
    let mut results = relay_results(&evidence, &relay, &found);
    results.extend(listing_results(&[]));
    let grade = grade(&policy, &results);
    HostReport::build(&evidence, &relay, &found, &grade, &[], &library, None)
}

/// An open, a closed and an undecided host.
fn kinds() -> [HostReport; 3] {
    let temporary = Some(Temporary::Always { reply: "451 4.7.1 Greylisted".into() });
    [
        host(Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() }),
        host(Behaviour::closed()),
        host(Behaviour { temporary, ..Behaviour::closed() }),
    ]
}

/// So many hosts at 10.20.0.0 and above; every tenth open, every tenth undecided.
fn many(hosts: u32) -> Vec<HostReport> {
    let [open, closed, undecided] = kinds();
    let one = |number: u32| {
        let mut host = match number % 10 {
            3 => open.clone(),
            7 => undecided.clone(),
            _ => closed.clone(),
        };
        host.target.address = Ipv4Addr::from_bits(0x0a14_0000 + number).into();
        host.target.name = Some(format!("mx{number}.example.test"));
        host.target.port = 25;
        host
    };
    (0..hosts).map(one).collect()
}

fn report(hosts: Vec<HostReport>) -> RunReport {
    let identity = settings().identity;
    let details = RunDetails {
        started: "2026-01-01T00:00:00Z".into(),
        finished: "2026-01-01T00:00:09Z".into(),
        seed: 7,
        profile: Profile::Quick.into(),
        interrupted: false,
        source: None,
        outside_asserted: true,
        identity: &identity,
        own_probes: &[],
        skipped: &[],
        listings: None,
    };
    RunReport::build(details, hosts, Vec::new())
}

/// A browser with the page of these hosts, as wide as a desk.
fn shown(hosts: Vec<HostReport>, options: &PageOptions) -> Result<(Browser, PathBuf)> {
    let mut browser = Browser::start()?;
    browser.resize(1280, 900)?;
    let file = browser.folder().join("report.html");
    let mut out = BufWriter::new(fs::File::create(&file)?);
    html::write(&report(hosts), options, &mut out)?;
    drop(out);
    browser.open(&file)?;
    Ok((browser, file))
}

fn page(hosts: Vec<HostReport>) -> Result<Browser> {
    Ok(shown(hosts, &PageOptions::default())?.0)
}

/// The names that the table shows, in its order.
const NAMES: &str =
    "Array.from(document.querySelectorAll('#overview tbody th a'), a => a.textContent)";

fn opened() -> Result<()> {
    let mut browser = page(many(30))?;
    ensure!(browser.value("document.title")? == "mxaudit: 30 hosts, 3 open");
    ensure!(browser.value("document.querySelectorAll('#overview tbody tr').length")? == 30);
    ensure!(browser.value("document.getElementById('shown').textContent")? == "30 hosts");
    ensure!(browser.value("document.getElementById('controls').hidden")? == false);
    let folded = "document.querySelector('#details > details').getClientRects().length";
    ensure!(browser.value(folded)? == 0, "the details wait to be asked for");
    let map = browser.value("document.querySelector('.map svg').getAttribute('aria-label')")?;
    ensure!(map == "10.20.0.0/24: 24 closed, 3 inconclusive, 3 open", "{map}");
    browser.was_quiet()
}

fn filtered() -> Result<()> {
    let mut browser = page(many(300))?;
    ensure!(browser.value(&format!("{NAMES}.length"))? == 100, "a hundred at once");
    browser.click("#more")?;
    ensure!(browser.value(&format!("{NAMES}.length"))? == 200);
    browser.click("#find")?;
    browser.write("MX25")?;
    let names = browser.value(NAMES)?;
    let want: Vec<_> =
        (0..300).map(|n| format!("mx{n}.example.test:25")).filter(|n| n.contains("mx25")).collect();
    ensure!(names == json!(want), "{names}");
    browser.write(" open-relay")?;
    ensure!(browser.value(NAMES)? == json!(["mx253.example.test:25"]));
    browser.value("document.getElementById('find').value = ''")?;
    let choose = |id: &str, value: &str| {
        format!(
            "(() => {{ const e = document.getElementById('{id}'); e.value = '{value}'; \
             e.dispatchEvent(new Event('change')); return document.getElementById('shown').textContent }})()"
        )
    };
    ensure!(browser.value(&choose("verdict", "open"))? == "30 of 300 hosts");
    ensure!(browser.value(&choose("grade", "A+"))? == "0 of 300 hosts");
    ensure!(browser.value(&choose("verdict", ""))? != "300 hosts", "the grade still holds");
    ensure!(browser.value(&choose("grade", ""))? == "300 hosts");
    browser.was_quiet()
}

fn sorted() -> Result<()> {
    let mut browser = page(many(40))?;
    let first = format!("{NAMES}[0]");
    browser.click("#overview thead th:nth-child(4) button")?;
    ensure!(browser.value(&first)? == "mx3.example.test:25", "the worst verdict first");
    let sort =
        "document.querySelector('#overview thead th:nth-child(4)').getAttribute('aria-sort')";
    ensure!(browser.value(sort)? == "ascending");
    browser.press("Enter", 13, "\r")?;
    ensure!(browser.value(sort)? == "descending", "the keyboard does it too");
    ensure!(browser.value(&first)? != "mx3.example.test:25");
    browser.click("#overview thead th:nth-child(1) button")?;
    ensure!(browser.value(sort)?.is_null(), "one column at a time");
    let names = browser.value(NAMES)?;
    let want: Vec<_> = (0..40).map(|n| format!("mx{n}.example.test:25")).collect();
    ensure!(names == json!(want), "numbers in names count as numbers: {names}");
    browser.click("#overview thead th:nth-child(2) button")?;
    browser.press("Enter", 13, "\r")?;
    ensure!(browser.value(&first)? == "mx39.example.test:25", "addresses by their numbers");
    browser.was_quiet()
}

fn unfolded() -> Result<()> {
    let mut browser = page(many(200))?;
    let link = "#overview tbody tr:nth-child(4) th a";
    let seen = "document.querySelector('#host-4').innerText";
    let below = "document.querySelector('#host-4').closest('tr').previousElementSibling.rowIndex";
    browser.click(link)?;
    ensure!(browser.value(below)? == 4, "below its row");
    let text = browser.value(seen)?.to_string();
    for part in
        ["open-relay", "^^^ accepted here", "swaks --server", "How to mend it", "One letter up"]
    {
        ensure!(text.contains(part), "{part}: {text}");
    }
    ensure!(browser.value("document.querySelectorAll('.unfolded').length")? == 1);
    browser.resize(1100, 1500)?;
    browser.value("scrollTo(0, 0)")?;
    browser.picture("page")?;
    let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser.ask("Emulation.setEmulatedMedia", dark)?;
    browser.picture("dark")?;
    browser.click(link)?;
    ensure!(browser.value("document.querySelectorAll('.unfolded').length")? == 0);
    let home = "document.querySelector('#host-4').previousElementSibling.id";
    ensure!(browser.value(home)? == "host-3", "back in its place");
    browser.value(&format!("document.querySelector('{link}').focus()"))?;
    browser.press("Enter", 13, "\r")?;
    ensure!(browser.value(below)? == 4, "by keyboard");
    browser.click("#host-4 > summary")?;
    let closed = "new Promise(done => setTimeout(() => requestAnimationFrame(() => \
                  done(document.querySelectorAll('.unfolded').length))))";
    ensure!(browser.value(closed)? == 0, "its own heading folds it too");
    ensure!(browser.value("document.activeElement.hash")? == "#host-4", "the focus is not lost");
    browser.press("Enter", 13, "\r")?;
    ensure!(browser.value(below)? == 4, "and again");
    browser.click("#overview thead th:nth-child(4) button")?;
    ensure!(browser.value("document.querySelectorAll('.unfolded').length")? == 0, "sorting folds");
    ensure!(browser.value("document.querySelectorAll('#details > details').length")? == 200);
    browser.was_quiet()
}

/// A link to a host that the table does not show at first.
fn followed() -> Result<()> {
    let mut browser = page(many(150))?;
    browser.click("#find")?;
    browser.write("mx1.")?;
    browser.value("void (location.hash = '#host-149')")?;
    let seen = "new Promise(done => requestAnimationFrame(() => \
                done(document.querySelector('.unfolded #host-149') !== null)))";
    ensure!(browser.value(seen)? == true);
    browser.was_quiet()
}

fn without_script() -> Result<()> {
    for plain in [false, true] {
        let mut browser = Browser::start()?;
        browser.ask("Emulation.setScriptExecutionDisabled", json!({ "value": true }))?;
        let file = browser.folder().join("report.html");
        let options = PageOptions { plain, template: None };
        html::write(&report(many(120)), &options, &mut fs::File::create(&file)?)?;
        browser.open(&file)?;
        ensure!(browser.value("document.querySelectorAll('#overview tbody tr').length")? == 120);
        let seen = "document.querySelectorAll('#details > details')[119].checkVisibility()";
        ensure!(browser.value(seen)? == true, "plain: {plain}");
        ensure!(browser.value("document.scripts.length")? == i32::from(!plain));
        browser.was_quiet()?;
    }
    Ok(())
}

fn phone() -> Result<()> {
    let mut browser = page(many(40))?;
    browser.resize(390, 844)?;
    let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
    ensure!(browser.value(fits)? == true);
    browser.click("#overview tbody tr:nth-child(4) th a")?;
    ensure!(browser.value("document.querySelectorAll('.unfolded').length")? == 1);
    let wide = browser.value("document.documentElement.scrollWidth")?;
    ensure!(browser.value(fits)? == true, "unfolded it is {wide} wide");
    browser.picture("phone")?;
    browser.was_quiet()
}

/// On paper all hosts have their details, whatever was filtered and unfolded.
fn printed() -> Result<()> {
    let mut browser = page(many(120))?;
    browser.click("#overview tbody tr:nth-child(4) th a")?;
    browser.value("dispatchEvent(new Event('beforeprint'))")?;
    browser.ask("Emulation.setEmulatedMedia", json!({ "media": "print" }))?;
    ensure!(browser.value("document.querySelectorAll('#overview tbody tr').length")? == 120);
    let seen = "Array.from(document.querySelectorAll('#details > details')).every(one => one.checkVisibility())";
    ensure!(browser.value(seen)? == true);
    ensure!(browser.value("document.getElementById('controls').checkVisibility()")? == false);
    browser.ask("Emulation.setEmulatedMedia", json!({ "media": "" }))?;
    browser.value("dispatchEvent(new Event('afterprint'))")?;
    ensure!(browser.value("document.querySelectorAll('#overview tbody tr').length")? == 100);
    browser.was_quiet()
}

/// A server and a finding that try all they can: none of it is markup, and nothing of it runs.
fn hostile() -> Result<()> {
    let banner = Some(format!("220 {BAIT}").into_bytes());
    let mut host = host(Behaviour { relay: RelayPolicy::Open, banner, ..Behaviour::closed() });
    host.target.name = Some(BAIT.into());
    let finding = host.findings.first_mut().unwrap();
    finding.summary = BAIT.into();
    finding.notes = vec![BAIT.into()];
    finding.reproduce = Some(BAIT.into());
    for line in &mut finding.dialogue {
        line.text = BAIT.into();
    }
    let mut hosts = many(9);
    hosts.push(host);
    let mut browser = page(hosts)?;
    let rows = browser.value("document.querySelectorAll('#overview tbody tr').length")?;
    ensure!(rows == 10, "{rows}");
    browser.click("#overview tbody tr:nth-child(10) th a")?;
    let text = browser.value("document.querySelector('#host-10').innerText")?;
    ensure!(text.as_str().is_some_and(|text| text.matches(BAIT).count() >= 4), "{text}");
    ensure!(browser.value("typeof window.hit")? == "undefined");
    ensure!(browser.value("document.scripts.length")? == 1);
    ensure!(browser.value("document.querySelectorAll('img, a[href^=javascript]').length")? == 0);
    let title = browser.value("document.title")?;
    ensure!(title == "mxaudit: 10 hosts, 2 open", "{title}");
    // Had there been a way in, the page's own policy would still forbid it.
    browser.value(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.hit = 4'; \
         document.body.append(s); })()",
    )?;
    ensure!(browser.value("typeof window.hit")? == "undefined", "the policy of the page holds");
    Ok(())
}

/// What it costs is printed (with `--nocapture`), and what it does is the same as with few.
fn ten_thousand_hosts() -> Result<()> {
    let (mut browser, file) = shown(many(10_000), &PageOptions::default())?;
    let bytes = fs::metadata(&file)?.len();
    let paint =
        browser.value("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")?;
    let load = browser.value("performance.getEntriesByType('navigation')[0].loadEventEnd")?;
    let timed = |act: &str| {
        format!(
            "new Promise(done => {{ const begin = performance.now(); {act}; document.body.offsetHeight; \
             requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin))) }})"
        )
    };
    let filter = browser.value(&timed(
        "const find = document.getElementById('find'); find.value = 'open-relay'; \
         find.dispatchEvent(new Event('input'))",
    ))?;
    ensure!(
        browser.value("document.getElementById('shown').textContent")? == "1000 of 10000 hosts"
    );
    let sort = browser.value(&timed(
        "document.querySelector('#overview thead th:nth-child(2) button').click()",
    ))?;
    let unfold = browser.value(&timed("document.querySelector('#overview tbody a').click()"))?;
    ensure!(browser.value("document.querySelectorAll('.unfolded').length")? == 1);
    #[expect(clippy::print_stdout, reason = "with --nocapture it is what the README tells")]
    {
        println!(
            "10,000 hosts: {} bytes a host; milliseconds to the first paint {paint}, to all of it {load}, \
         to filter {filter}, to sort {sort}, to unfold {unfold}",
            bytes / 10_000
        );
    }
    browser.was_quiet()
}
