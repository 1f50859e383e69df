mod masscan;
mod nmap;
mod plain;
mod zmap;

use std::io::{self, BufReader, Read};

use proptest::prelude::*;

use super::*;
use crate::target::sweep::{TargetList, read_exclusions, read_targets};

fn read_list(content: impl AsRef<[u8]>) -> Result<TargetList, ReadError> {
    read_targets("list", content.as_ref(), &[25, 587])
}

/// The form, the addresses, the names, what is down and what is closed, as text.
fn table(list: &TargetList) -> [String; 5] {
    let ranges = |set: &crate::target::set::AddressSet| {
        set.ranges().map(|range| range.to_string()).collect::<Vec<_>>().join(" ")
    };
    let names: Vec<_> = list.targets.names.iter().map(ToString::to_string).collect();
    [
        list.form.to_string(),
        ranges(&list.targets.addresses),
        names.join(" "),
        ranges(&list.left_out.down),
        ranges(&list.left_out.closed),
    ]
}

fn assert_read(case: &str, content: impl AsRef<[u8]>, expected: [&str; 5]) {
    let list = read_list(content.as_ref()).unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(table(&list), expected, "{case}");
}

fn assert_refused(case: &str, content: impl AsRef<[u8]>, message: &str) {
    let error = read_list(content.as_ref()).map(|list| table(&list)).expect_err(case).to_string();
    assert!(error.starts_with(message), "{case}: {error}");
    assert!(!error.contains(char::is_control), "{case}: {error:?}");
}

#[test]
fn exclusions_take_the_same_forms() {
    let open = nmap::ports(&[("tcp", 25, "closed")]);
    let report = nmap::report(
        &(nmap::host("up", "192.0.2.1", &open) + &nmap::host("down", "192.0.2.2", "")),
    );
    let plain = "# not these\n192.0.2.1-2\n\n2001:db8::/64 # a network\n";
    let csv = "saddr,success\n192.0.2.1,0\n192.0.2.2,1\n";
    for content in [report.as_str(), plain, csv] {
        let cover = read_exclusions("except", content.as_bytes()).unwrap().cover();
        for address in ["192.0.2.1", "192.0.2.2"] {
            assert!(cover.contains(address.parse().unwrap()), "{content}");
        }
        assert!(!cover.contains("192.0.2.3".parse().unwrap()), "{content}");
        assert_eq!(cover.contains("2001:db8::7".parse().unwrap()), content == plain, "{content}");
    }
    let error = read_exclusions("except", "192.0.2.1\nmx.example.org\n".as_bytes()).unwrap_err();
    assert!(
        error.to_string().starts_with("except:2: `mx.example.org` is a name, and a name may lead"),
        "{error}"
    );
}

#[test]
fn a_line_of_exclusions_has_one_word() {
    let range = "192.0.2.0-192.0.2.255 # all of it\n";
    let cover = read_exclusions("except", range.as_bytes()).unwrap().cover();
    assert!(cover.contains("192.0.2.77".parse().unwrap()));
    // Nobody knows whether these are two addresses or the ends of a range.
    for line in ["192.0.2.0 192.0.2.255", "192.0.2.0\t- 192.0.2.255", "192.0.2.0 /24"] {
        let content = format!("# mine\n198.51.100.1\n{line}\n");
        let error = read_exclusions("except", content.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("except:3: `"), "{error}");
        assert!(
            error.contains("is a second word on the line; give one exclusion a line"),
            "{error}"
        );
        assert!(error.contains("FIRST-LAST"), "{error}");
    }
}

#[test]
fn a_file_has_an_end() {
    let mut targets = crate::target::sweep::Exclusions::default();
    let lines = "192.0.2.1\n".repeat(10);
    assert!(read_limited(lines.as_bytes(), 100, &[], &mut targets).is_ok());
    for content in [lines.as_str(), "[{\"ip\":\"192.0.2.1\"}]", &nmap::report("")] {
        let limit = content.len() as u64 - 1;
        let fault = read_limited(content.as_bytes(), limit, &[], &mut targets).unwrap_err();
        assert!(matches!(fault, Fault { line: None, problem: Problem::TooLong }), "{fault:?}");
    }
    let text = Problem::TooLong.to_string();
    assert_eq!(text, "it holds more than 256 MiB; split it, or give networks instead of addresses");
}

/// Gives some bytes and then fails.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            length => Ok(length),
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let beginnings =
        ["", "192.0.2.1\n", "<nmaprun>", "[{\"ip\":\"192.0.2.1\"}", "saddr\n192.0.2.1\n"];
    for beginning in beginnings {
        let input = BufReader::new(Broken(beginning.as_bytes()));
        let error = read_targets("a\nb", input, &[25]).unwrap_err().to_string();
        assert!(error.ends_with("cannot read it: the disk is gone"), "{beginning}: {error}");
        assert!(error.starts_with("a\\nb:"), "{beginning}: {error}");
    }
}

/// Pieces of all forms, so that random files get far.
const PIECES: &[&str] = &[
    "192.0.2.1",
    "-9",
    "/24",
    "\n",
    " ",
    "#",
    "saddr",
    ",",
    "\"",
    "[",
    "]",
    "{",
    "}",
    "\"ip\":",
    "\"192.0.2.1\"",
    "\"ports\":[",
    "{\"port\":25}",
    "{finished: 1}",
    "<nmaprun>",
    "</nmaprun>",
    "<host>",
    "</host>",
    "<status state=\"up\"/>",
    "<address addr=\"192.0.2.1\" addrtype=\"ipv4\"/>",
    "<ports>",
    "</ports>",
    "<port protocol=\"tcp\" portid=\"25\">",
    "</port>",
    "<!--",
    "-->",
    "<?",
    "&",
    "<![CDATA[",
    "\u{0}",
    "é",
    "::1",
    "host:",
    "\r",
    "<",
    ">",
    "\\",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_file_is_a_panic(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..30),
        bytes in proptest::collection::vec(any::<u8>(), 0..8),
        at in 0_usize..200,
    ) {
        let mut content = pieces.concat().into_bytes();
        let at = at.min(content.len());
        content.splice(at..at, bytes);
        let whole = read_list(&content).map(|list| table(&list)).map_err(|error| error.to_string());
        let _ = read_exclusions("list", content.as_slice());
        // The result does not depend on how the bytes arrive.
        let slowly = BufReader::with_capacity(1, content.as_slice());
        let slowly = read_targets("list", slowly, &[25, 587]);
        let slowly = slowly.map(|list| table(&list)).map_err(|error| error.to_string());
        prop_assert_eq!(whole, slowly);
    }
}
