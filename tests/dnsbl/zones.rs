//! The lists.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Result;

use super::process::Process;

/// The names of the lists, below [`zone::ALL`].
pub(crate) mod zone {
    /// The domain that all lists are in.
    pub(crate) const ALL: &str = "lists.test";
    /// A healthy list of IPv4 addresses. 192.0.2.10 has two codes and 192.0.2.11 one.
    pub(crate) const V4: &str = "v4.lists.test";
    /// A healthy list of IPv6 addresses: 2001:db8:bad::/48.
    pub(crate) const V6: &str = "v6.lists.test";
    /// A healthy list of domains: bad.example and all below it.
    pub(crate) const DOMAIN: &str = "domain.lists.test";
    /// A healthy list of good addresses: 192.0.2.20.
    pub(crate) const ALLOW: &str = "allow.lists.test";
    /// Lists every address.
    pub(crate) const WORLD: &str = "world.lists.test";
    /// Was emptied.
    pub(crate) const EMPTIED: &str = "emptied.lists.test";
    /// Answers everything with 127.255.255.252.
    pub(crate) const REFUSED_NAME: &str = "refused252.lists.test";
    /// Answers everything with 127.255.255.254.
    pub(crate) const REFUSED_PUBLIC: &str = "refused254.lists.test";
    /// Answers everything with 127.255.255.255.
    pub(crate) const REFUSED_VOLUME: &str = "refused255.lists.test";
    /// Its own name server refuses.
    pub(crate) const SHUT: &str = "shut.lists.test";
    /// Belongs to somebody else, who answers every name with an address of his own. The resolvers know it.
    pub(crate) const PARKED: &str = "parked.lists.test";
    /// The resolvers refuse it.
    pub(crate) const REFUSED: &str = "refused.lists.test";
    /// Nobody answers for it. The resolvers do not either.
    pub(crate) const SILENT: &str = "silent.lists.test";
    /// Has no records.
    pub(crate) const NODATA: &str = "nodata.lists.test";
    /// Does not exist.
    pub(crate) const GONE: &str = "gone.lists.test";
    /// Lists 192.0.2.40 with more codes than fit into a datagram. The resolvers know it, for rbldnsd does not say when
    /// it leaves records out.
    pub(crate) const LARGE: &str = "large.lists.test";

    /// The lists that rbldnsd serves.
    pub(super) const SERVED: &[&str] = &[
        V4,
        V6,
        DOMAIN,
        ALLOW,
        WORLD,
        EMPTIED,
        REFUSED_NAME,
        REFUSED_PUBLIC,
        REFUSED_VOLUME,
        SHUT,
    ];

    /// See [`SERVED`].
    pub(crate) fn served() -> &'static [&'static str] {
        SERVED
    }
}

/// A data set of a zone: its type and its lines.
type DataSet = (&'static str, &'static str);

const V4: DataSet = (
    "ip4set",
    "127.0.0.2 :127.0.0.2:Test entry $\n\
     192.0.2.10 :127.0.0.2:SBL $\n\
     192.0.2.10/32 :127.0.0.4:XBL $\n\
     192.0.2.11 :127.0.0.2:see https://lists.test/$\n",
);
const V6: DataSet =
    ("ip6trie", "::ffff:7f00:2/128 :127.0.0.2:Test entry\n2001:db8:bad::/48 :127.0.0.3:six\n");
const DOMAIN: DataSet =
    ("dnset", ":127.0.1.2:Bad domain\ntest\n.bad.example\n.worse.example :127.0.1.5:Worse\n");
const ALLOW: DataSet = ("ip4set", "127.0.0.2 :127.0.10.0:Test\n192.0.2.20 :127.0.5.2:good\n");
const WORLD: DataSet = ("ip4trie", "0.0.0.0/0 :127.0.0.2:everything\n");

/// What stands over the data of a zone, for whoever asks.
const EMPTY: &str = "127.0.0.0/8 :empty\n";
const REFUSE: &str = "127.0.0.0/8 :refuse\n";
const WRONG_NAME: &str = "127.0.0.0/8 :127.255.255.252:Error: typing error in the zone\n";
const OPEN_RESOLVER: &str = "127.0.0.0/8 :127.255.255.254:Error: open resolver\n";
const TOO_MANY: &str = "127.0.0.0/8 :127.255.255.255:Error: excessive number of queries\n";

const ZONES: &[(&str, DataSet, Option<&str>)] = &[
    (zone::V4, V4, None),
    (zone::V6, V6, None),
    (zone::DOMAIN, DOMAIN, None),
    (zone::ALLOW, ALLOW, None),
    (zone::WORLD, WORLD, None),
    (zone::EMPTIED, V4, Some(EMPTY)),
    (zone::REFUSED_NAME, V4, Some(WRONG_NAME)),
    (zone::REFUSED_PUBLIC, V4, Some(OPEN_RESOLVER)),
    (zone::REFUSED_VOLUME, V4, Some(TOO_MANY)),
    (zone::SHUT, V4, Some(REFUSE)),
];

/// Where rbldnsd writes the questions.
const QUERY_LOG: &str = "queries";

/// Starts rbldnsd with all lists.
///
/// # Errors
///
/// A server that does not answer is an error that carries its log.
pub(super) fn start(directory: &Path) -> Result<Process> {
    Process::start("rbldnsd", directory, |address| {
        // The server leaves root behind before it opens its files.
        fs::set_permissions(directory, fs::Permissions::from_mode(0o777))?;
        let mut arguments: Vec<OsString> = Vec::new();
        if crate::isolation::root() {
            arguments.extend(["-u", "nobody"].map(OsString::from));
        }
        let bind = format!("{}/{}", address.ip(), address.port());
        arguments.extend(["-n", "-t", "60", "-b", &bind].map(OsString::from));
        arguments.extend(["-l", &format!("+{QUERY_LOG}")].map(OsString::from));
        arguments.extend(["-w".into(), directory.into()]);
        for (zone, (kind, data), over) in ZONES {
            let head = format!("$SOA 60 ns.{zone} hostmaster.{zone} 1 600 300 3600 60\n");
            fs::write(directory.join(zone), format!("{head}{data}"))?;
            arguments.push(format!("{zone}:{kind}:{zone}").into());
            if let Some(over) = over {
                fs::write(directory.join(format!("{zone}.acl")), over)?;
                arguments.push(format!("{zone}:acl:{zone}.acl").into());
            }
        }
        Ok(arguments)
    })
}

/// The questions that rbldnsd has noted.
pub(super) fn query_log(lists: &Process) -> Result<String> {
    Ok(fs::read_to_string(lists.directory().join(QUERY_LOG))?)
}
