//! Exim 4: `base.conf`, and the settings and parts that a case has of its own.

use super::boxed::Boxed;

mod cases;
mod limits;

/// The family.
pub(crate) static FAMILY: Boxed = Boxed {
    name: "exim",
    number: 2,
    cases: &cases::CASES,
    passwd: "Debian-exim:x:590:590::/var/spool/exim4:/usr/sbin/nologin\n",
    group: "Debian-exim:x:590:\n",
    files: &[("etc/exim4/exim4.conf", include_str!("base.conf"))],
    command: &[
        "sh",
        "-c",
        "mkdir -p /var/spool/exim4 && chown Debian-exim:Debian-exim /var/spool/exim4 && exim4 -bdf -q1m",
    ],
    complaints: &[
        "too many nonmail commands",
        "too many syntax or protocol errors",
        "too many unrecognized commands",
        "too many bad recipients",
        "too many connections",
        "too many messages",
        "too many recipients",
        "synchronization error",
        "SMTP command timeout",
    ],
    limits: &limits::LIMITS,
};
