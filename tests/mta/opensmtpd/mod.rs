//! OpenSMTPD: one `smtpd.conf` a case.

use super::boxed::Boxed;
use super::case::Case;

/// The family.
pub(crate) static FAMILY: Boxed = Boxed {
    name: "opensmtpd",
    number: 4,
    cases: &CASES,
    passwd: "opensmtpd:x:593:593::/var/lib/opensmtpd/empty:/usr/sbin/nologin\nopensmtpq:x:594:594::/var/lib/opensmtpd/empty:/usr/sbin/nologin\n",
    group: "opensmtpd:x:593:\nopensmtpq:x:594:\n",
    files: &[],
    command: &["sh", "-c", "chmod 640 /etc/smtpd.conf && smtpd -d -v -f /etc/smtpd.conf"],
    complaints: &["too many"],
};

static CASES: [Case; 0] = [];
