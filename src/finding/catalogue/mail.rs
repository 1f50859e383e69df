//! Checks of what a server says and does.

use super::super::Severity;
use super::{
    AUTH_SENDS_AS_ANYONE, CONDITIONAL_RELAY, Entry, OPEN_RELAY, OWN_DOMAIN_SPOOFING,
    POP_BEFORE_SMTP, SEND_ONLY, STARTTLS_PLAINTEXT, TRUSTED_CANNOT_RELAY, XCLIENT_OFFERED,
};

/// In alphabetical order.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: AUTH_SENDS_AS_ANYONE,
        title: "who is logged in may send in anybody's name",
        severity: Severity::Medium,
        explanation: "A user who had logged in was allowed to send with a reverse-path in a domain \
            that is neither theirs nor the server's. Whoever guesses or steals one password can \
            then send in any name through this server: forged invoices in a customer's name, spam \
            from thousands of invented senders. A submission server may hold each user to the \
            addresses that are theirs.",
        remedy: "Tie reverse-paths to accounts. In Postfix, list who owns which address in \
            smtpd_sender_login_maps and put reject_sender_login_mismatch into \
            smtpd_sender_restrictions; in Exim, compare $sender_address with $authenticated_id in \
            acl_smtp_mail. Where users forward mail in others' names by right, set the expectation \
            in [matrix] of mxaudit.toml.",
        references: &["RFC 6409 section 6.1", "RFC 4954 section 6"],
    },
    Entry {
        id: "backscatter",
        title: "mail for strangers is taken and sent back to whoever its sender is said to be",
        severity: Severity::Medium,
        explanation: "The server took a message for a mailbox that is not its own and returned it \
            with a notification of its own. Senders of spam forge the reverse-path, so these \
            notifications go to people who never wrote; lists of servers that send them cost the \
            server its own mail.",
        remedy: "Refuse at RCPT what will not be delivered: check recipients and relaying before \
            the message is taken, and let no later stage of delivery be the first to find out.",
        references: &["RFC 5321 section 3.3", "RFC 5321 section 6.2"],
    },
    Entry {
        id: "client-address-masked",
        title: "the server sees strangers at an address of its own network",
        severity: Severity::High,
        explanation: "In the trace of a message that arrived, the server wrote down a private or \
            local address as ours, which is neither. A gateway, a load balancer or a container's \
            network puts its own address in the place of every client's: rules that trust the own \
            network then trust the whole world. It is the most frequent cause of open relays \
            today, and it makes block lists, rate limits and logs useless.",
        remedy: "Let the server see the client's address: host networking or a published port \
            without a userland proxy for containers, no source NAT on the way in, or the PROXY \
            protocol between a load balancer and the server (postscreen_upstream_proxy_protocol, \
            hosts_proxy). Until then take the gateway's address out of mynetworks, \
            relay_from_hosts and the like.",
        references: &["RFC 5321 section 4.4"],
    },
    Entry {
        id: CONDITIONAL_RELAY,
        title: "mail is relayed for any domain whose MX record names the server",
        severity: Severity::High,
        explanation: "The server accepted a recipient in a domain that it is not set up for, only \
            because an MX record of that domain names it. Anyone can write such a record for a \
            domain of their own, and then use the server as their relay and as the store of their \
            mail: its queue fills with what the other side does not take, and its address vouches \
            for it. Acceptance at RCPT is a suspicion, not yet a proof.",
        remedy: "List the domains that the server is a backup MX for, and relay to those only; \
            never take the list from the DNS, which others write. The probe's own text says which \
            setting this form depends on.",
        references: &["RFC 2505 section 2.1", "RFC 5321 section 3.6.2"],
    },
    Entry {
        id: "helo-overblocking",
        title: "mail is refused for a greeting name that does not match the client's address",
        severity: Severity::Medium,
        explanation: "The server takes mail for a recipient of its own under one greeting name and \
            refuses it under another that does not belong to the client's address, all else being \
            the same. A server may look up whether the name in EHLO corresponds to the client's \
            address, and must not refuse a message because it does not. Servers behind address \
            translation, those that a network moved to another address, and those whose name is \
            known inside only are refused with it, and nobody tells the recipient. That sentence of \
            the standard speaks of names that do not match; the name that was asked here has no \
            address at all in most zones, and a rule against such names stops the same servers.",
        remedy: "Use the comparison of greeting name and address for logs and as one sign among \
            others, not as a ground for refusal. In Postfix, take reject_unknown_helo_hostname out \
            of the restrictions or put warn_if_reject before it; in Exim, let the ACL that uses \
            verify = helo warn instead of deny.",
        references: &["RFC 5321 section 4.1.4", "RFC 5321 section 7.9"],
    },
    Entry {
        id: "late-refusal",
        title: "mail for strangers is refused only after its recipient was accepted",
        severity: Severity::Low,
        explanation: "The server accepts any recipient at RCPT and refuses the message at DATA or \
            after it. Nothing is relayed; but whoever tests at RCPT takes the server for an open \
            relay and may list it, and a sender with several recipients cannot be told which of \
            them was refused.",
        remedy: "Check relaying at RCPT: in Postfix in smtpd_relay_restrictions, in Exim in \
            acl_smtp_rcpt, in Sendmail in check_rcpt, in OpenSMTPD in the match rules.",
        references: &["RFC 5321 section 3.3"],
    },
    Entry {
        id: "null-sender-refused",
        title: "mail from the null reverse-path is refused",
        severity: Severity::Medium,
        explanation: "Notifications of failed delivery, delivery status notifications and message \
            disposition notifications come from the null reverse-path, MAIL FROM:<>, so that no \
            notification answers another. A server that refuses it keeps its own users from \
            learning that what they sent did not arrive, and other servers that verify a sender by \
            asking from <> refuse its users' mail.",
        remedy: "Accept <> as a sender for the server's own recipients, and hold what comes from \
            it to the same checks as other mail. Against notifications of mail that nobody here \
            sent, reject those whose recipient never sends, or sign reverse-paths (BATV), instead \
            of refusing all.",
        references: &["RFC 5321 section 3.6.3", "RFC 5321 section 4.5.5", "RFC 5321 section 6.1"],
    },
    Entry {
        id: OPEN_RELAY,
        title: "a stranger's mail for a stranger is accepted",
        severity: Severity::Critical,
        explanation: "The server accepted a recipient in a domain that is not its own, from a \
            client that it has no reason to trust. Whoever finds it can send any mail to anyone in \
            its name: its queue fills, its address lands on block lists, and its own users' mail \
            is refused. Acceptance at RCPT is a suspicion, not yet a proof: some servers take \
            everything and refuse later. The dialogue shows what was accepted.",
        remedy: "Relay only for clients that are yours by address or that have authenticated; \
            never because of a name or an address that the client itself gives. The probe's own \
            text says which setting this form depends on.",
        references: &["RFC 5321 section 7.1", "RFC 2505 section 2.1"],
    },
    Entry {
        id: OWN_DOMAIN_SPOOFING,
        title: "a stranger may write as a local user to a local user",
        severity: Severity::Low,
        explanation: "The server took mail for one of its users from a stranger's address with the \
            reverse-path of one of its own users. That is how mail in the name of the manager \
            reaches the accountant. SMTP itself does not protect the reverse-path, and mailing \
            lists and forwarders use it by right, so many servers decide this by SPF, DKIM and \
            DMARC when they have the message; nothing was sent past RCPT here.",
        remedy: "Let own domains come in from outside only where SPF or DMARC allows it: publish \
            SPF and DMARC records for them and have the server honour them, or refuse own domains \
            as senders from clients that have neither logged in nor a trusted address (Postfix: \
            reject_sender_login_mismatch, or a check_sender_access table after permit_mynetworks).",
        references: &["RFC 5321 section 7.1"],
    },
    Entry {
        id: "peer-fault",
        title: "the server does not keep to the protocol",
        severity: Severity::Low,
        explanation: "Replies end with a bare line feed, carry two codes, or come when nothing \
            was asked. Clients that are strict give up on such a server, and lenient ones disagree \
            about what it said; that is how requests and replies get out of step.",
        remedy: "Update the server, or look at what stands in front of it: proxies, firewalls \
            that inspect SMTP, and home-made servers are the usual cause.",
        references: &["RFC 5321 section 2.3.8", "RFC 5321 section 4.2"],
    },
    Entry {
        id: POP_BEFORE_SMTP,
        title: "a POP3 login opens the server to its whole address for a while",
        severity: Severity::Medium,
        explanation: "The server refused to relay for our address, and granted it once we had \
            logged in by POP3 from there. That is POP-before-SMTP, a makeshift from the time before \
            mail clients could log in by SMTP. It trusts an address and not a user: until the window \
            closes, whoever shares the address may relay, be it through address translation, the \
            network of a hotel or an office, or a reused dynamic address, and so may any infected \
            machine there; the log names nobody. Many POP3 clients also send the password in the \
            clear.",
        remedy: "Let users log in by SMTP AUTH inside TLS on a submission port, and take \
            POP-before-SMTP away: in Postfix the check_client_access or mynetworks entry with the \
            map of recent logins, in Exim the hosts list or the lookup in acl_smtp_rcpt, in Sendmail \
            the popauth or DRAC map; and the script or daemon that fills it. Until then keep the \
            window as short as users bear.",
        references: &["RFC 6409 section 3.3", "RFC 4954", "Dovecot wiki HowTo/PopBSMTPAndDovecot"],
    },
    Entry {
        id: "postmaster-refused",
        title: "mail for postmaster is refused",
        severity: Severity::Medium,
        explanation: "Whoever has trouble with a mail server writes to its postmaster. A server \
            that relays or delivers mail must take mail for postmaster at each domain that it \
            serves and for <Postmaster> without a domain, from any other system as far as it \
            reasonably can. Where it is refused, nobody can report that the server is broken, \
            misused or blocking by mistake.",
        remedy: "Make postmaster an alias of a mailbox that somebody reads, at each domain that \
            the server takes mail for, and accept it before the checks that refuse senders and \
            clients.",
        references: &["RFC 5321 section 4.5.1"],
    },
    Entry {
        id: "scripted-sink",
        title: "the server accepts commands that no mail server accepts",
        severity: Severity::Info,
        explanation: "RCPT before MAIL was accepted. A real mail server refuses it with 503. \
            What answers here is a trap, a test sink or a proxy that says yes to everything, so an \
            accepted recipient proves nothing.",
        remedy: "Audit the mail server itself, past whatever answers in its place.",
        references: &["RFC 5321 section 4.1.4"],
    },
    Entry {
        id: SEND_ONLY,
        title: "nobody can send mail to the server's users without logging in",
        severity: Severity::High,
        explanation: "A stranger was told to log in before the server takes mail for its own \
            users. On a port for submission that is right; on the port that MX records lead to, it \
            refuses all mail of the world, for other servers have no account here. It happens when \
            the rules of a submission port are made those of port 25.",
        remedy: "Ask for a login only where mail is to be relayed. In Postfix, take \
            permit_sasl_authenticated, reject out of smtpd_client_restrictions, \
            smtpd_sender_restrictions and the smtpd service of port 25 in master.cf, and keep \
            reject_unauth_destination in smtpd_relay_restrictions. Where the port is meant for \
            users only, audit it as what it is, or set the expectation in [matrix] of mxaudit.toml.",
        references: &["RFC 6409 section 3.1", "RFC 4954 section 6"],
    },
    Entry {
        id: STARTTLS_PLAINTEXT,
        title: "text in the clear follows the reply to STARTTLS",
        severity: Severity::Medium,
        explanation: "After its 220 to STARTTLS the server, or somebody on the way, sent more text \
            before the handshake. A client that keeps it in its buffer reads it later as if it had \
            come inside TLS: a forged reply to EHLO that names weaker logins, say. The same careless \
            buffer on the server's side lets an attacker put commands in front of a client's.",
        remedy: "Update the server: replies and commands that came before the handshake must be \
            thrown away. If it is up to date, look for a proxy or firewall that rewrites SMTP.",
        references: &["RFC 3207 section 4.2", "CVE-2011-0411"],
    },
    Entry {
        id: TRUSTED_CANNOT_RELAY,
        title: "a client that may relay is refused",
        severity: Severity::Low,
        explanation: "A client with an address that the server is said to trust, or one that had \
            logged in, was refused what such clients are expected to be allowed. Either the server \
            does not know the address or the account as the auditor does, or mail of the site's \
            own users is lost.",
        remedy: "Compare the source address with the networks that the server trusts (Postfix: \
            mynetworks; Exim: relay_from_hosts), and the rules for users who have logged in with \
            what the dialogue shows. If the refusal is meant, set the expectation in [matrix] of \
            mxaudit.toml.",
        references: &["RFC 5321 section 3.6.1"],
    },
    Entry {
        id: XCLIENT_OFFERED,
        title: "XCLIENT is offered to strangers",
        severity: Severity::High,
        explanation: "XCLIENT lets a proxy tell the server behind it which client is connected. \
            Whoever may use it can claim to be a client that the server trusts, and so relay, log in \
            as if from inside, and pass every check by address. Postfix offers it only to clients \
            that smtpd_authorized_xclient_hosts names, so its being offered to a stranger means \
            that this list is too wide.",
        remedy: "Set smtpd_authorized_xclient_hosts to the addresses of the proxies in front of \
            the server, and to nothing where there are none.",
        references: &[
            "Postfix XCLIENT_README",
            "Postfix postconf(5) smtpd_authorized_xclient_hosts",
        ],
    },
];
