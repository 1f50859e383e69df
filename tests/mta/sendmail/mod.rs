//! Sendmail 8: one `.mc` file a case, built in the box.

use super::boxed::Boxed;
use super::case::Case;

/// The family.
pub(crate) static FAMILY: Boxed = Boxed {
    name: "sendmail",
    number: 3,
    cases: &CASES,
    passwd: "smmta:x:591:591::/var/lib/sendmail:/usr/sbin/nologin\nsmmsp:x:592:592::/var/lib/sendmail:/usr/sbin/nologin\n",
    group: "smmta:x:591:\nsmmsp:x:592:\n",
    files: &[],
    command: &["sh", "{state}/start.sh"],
    complaints: &["too many bad commands", "possible SMTP attack"],
};

static CASES: [Case; 0] = [];
