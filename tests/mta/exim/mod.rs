//! Exim 4: one configuration file a case.

use super::boxed::Boxed;
use super::case::{Case, Relays, Verdict};

/// The family.
pub(crate) static FAMILY: Boxed = Boxed {
    name: "exim",
    number: 2,
    cases: &CASES,
    passwd: "Debian-exim:x:590:590::/var/spool/exim4:/usr/sbin/nologin\n",
    group: "Debian-exim:x:590:\n",
    files: &[],
    command: &[
        "sh",
        "-c",
        "mkdir -p /var/spool/exim4 && chown Debian-exim:Debian-exim /var/spool/exim4 && exim4 -bdf -q1m",
    ],
    complaints: &[
        "too many nonmail commands",
        "too many syntax or protocol errors",
        "too many unrecognized commands",
    ],
};

static CASES: [Case; 1] = [Case::new(
    "stock",
    "the default access lists",
    &[("etc/exim4/exim4.conf", include_str!("stock.conf"))],
    Relays::Nothing,
    Verdict::Closed,
)];
