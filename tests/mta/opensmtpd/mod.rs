//! OpenSMTPD: one `smtpd.conf` a case, on top of `base.conf`.

use super::boxed::Boxed;

mod cases;
mod limits;

/// The family.
pub(crate) static FAMILY: Boxed = Boxed {
    name: "opensmtpd",
    number: 4,
    cases: &cases::CASES,
    passwd: "opensmtpd:x:593:593::/var/lib/opensmtpd/empty:/usr/sbin/nologin\n\
             opensmtpq:x:594:594::/var/lib/opensmtpd/empty:/usr/sbin/nologin\n",
    group: "opensmtpd:x:593:\nopensmtpq:x:594:\n",
    files: &[
        ("etc/base.conf", include_str!("base.conf")),
        ("etc/greylist.sh", include_str!("greylist.sh")),
    ],
    // It reads no configuration and no key that others could have written or read.
    command: &["sh", "-c", START],
    complaints: &["result=\"451 4.5.3", "result=\"452 4.5.3"],
    limits: &limits::LIMITS,
};

const START: &str = "chmod 640 /etc/smtpd.conf /etc/base.conf && \
                     install -m 600 {key} /etc/key.pem && \
                     install -m 644 {certificate} /etc/certificate.pem && \
                     install -d -m 711 /var/spool/smtpd && \
                     install -d -m 755 /var/lib/opensmtpd/empty && \
                     smtpd -d -v -f /etc/smtpd.conf";
