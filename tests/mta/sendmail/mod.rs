//! Sendmail 8: one `.mc` file a case, built in the box on top of `base.mc`.

use super::boxed::Boxed;

mod cases;
mod limits;

/// The family.
pub(crate) static FAMILY: Boxed = Boxed {
    name: "sendmail",
    number: 3,
    cases: &cases::CASES,
    passwd: "smmta:x:591:591::/var/lib/sendmail:/usr/sbin/nologin\nsmmsp:x:592:592::/var/lib/sendmail:/usr/sbin/nologin\n",
    group: "smmta:x:591:\nsmmsp:x:592:\n",
    files: &[
        ("etc/mail/base.mc", include_str!("base.mc")),
        ("etc/mail/base.access", include_str!("base.access")),
        ("etc/mail/aliases", include_str!("aliases")),
        ("etc/mail/start.sh", include_str!("start.sh")),
    ],
    command: &["sh", "/etc/mail/start.sh"],
    complaints: &[
        "SMTP RCPT flood",
        "possible SMTP attack",
        "rejecting connections",
        "limit exceeded",
        "Too many open connections",
        "Too many recipients",
        "timeout waiting for input",
        "pre-greeting traffic",
    ],
    limits: &limits::LIMITS,
};
