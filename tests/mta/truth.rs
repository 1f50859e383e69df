//! What a server really does, found out with whole messages and without mxaudit.

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::case::{Case, Relays, Transport};
use super::dialogue::Dialogue;
use super::place::Place;
use super::sink::{Message, Sink};
use super::technique::{self, Before, Envelope, PLAIN, TECHNIQUES, Technique};
use super::{AUDITOR_DOMAIN, CLIENT_NAME, HOST_NAME, LOCAL_DOMAIN, stranger, trusted};

/// After how long what is put off is tried once more: longer than a greylist of a case or the first session with
/// postscreen wants.
const RETRY: Duration = Duration::from_secs(5);

/// How often that is: a greylist can stand behind postscreen, and a transaction can have two recipients.
const RETRIES: usize = 2;

/// How long no message may arrive from a server before all that it relays is taken to have arrived.
const REST: Duration = Duration::from_secs(8);

/// What came of every technique.
#[derive(Debug)]
pub(crate) struct Truth {
    /// In the order of [`TECHNIQUES`].
    pub(crate) attempts: Vec<Attempt>,
    /// What every token of this server begins with.
    mark: String,
}

/// One technique against one server.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The probe's id.
    pub(crate) id: &'static str,
    /// What both sides said, in the last try.
    pub(crate) said: String,
    /// How the dialogue ended.
    pub(crate) end: End,
    /// Whether the message arrived for a foreign recipient.
    pub(crate) relayed: bool,
    /// Whether it came back to the sender's address.
    pub(crate) returned: bool,
    token: String,
}

/// How a dialogue ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The server took the whole message.
    Taken,
    /// It took the recipient, and then not the message.
    RecipientOnly,
    /// It refused something before: this is the reply.
    Refused(String),
    /// It stopped talking.
    Lost(String),
}

impl Truth {
    /// Whether it takes a whole message for a stranger.
    pub(crate) fn takes_messages(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.end == End::Taken)
    }
}

/// Tries every technique of a case as the stranger, and reads from the sink what was relayed.
pub(crate) fn measure(sink: &Sink, case: &Case, place: &Place) -> Truth {
    let server = place.socket(case);
    let mark = letters(12);
    let tried = |technique: &&Technique| case.tried.is_none_or(|ids| ids.contains(&technique.id));
    let run = |technique: &'static Technique, token: String| {
        let envelope = technique.envelope(&token, place, server.ip());
        let (said, end) = send(stranger(server.ip()), server, case.transport, &envelope, &token);
        Attempt { id: technique.id, said, end, relayed: false, returned: false, token }
    };
    let mut attempts: Vec<_> = TECHNIQUES
        .iter()
        .filter(tried)
        .map(|technique| run(technique, format!("{mark}{}", letters(8))))
        .collect();
    for _ in 0..RETRIES {
        if !attempts.iter().any(|attempt| attempt.end.is_for_now()) {
            break;
        }
        thread::sleep(RETRY);
        for attempt in attempts.iter_mut().filter(|attempt| attempt.end.is_for_now()) {
            let technique = TECHNIQUES.iter().find(|technique| technique.id == attempt.id);
            let technique = technique.expect("every attempt is one of a technique");
            // A greylist remembers the whole envelope.
            *attempt = run(technique, attempt.token.clone());
        }
    }
    let mut truth = Truth { attempts, mark };
    let taken = truth.attempts.iter().filter(|attempt| attempt.end == End::Taken).count();
    let arrived = sink.settled(&truth.mark, REST, |arrived| arrived.len() >= taken);
    truth.note(&arrived, server.ip());
    truth
}

/// Sees that a client that the server trusts can relay: a server that relays for nobody would be called closed for the
/// wrong reason.
///
/// # Errors
///
/// Says what went wrong.
pub(crate) fn relays_for_trusted(sink: &Sink, case: &Case, place: &Place) -> Result<()> {
    let client = trusted(place.socket(case).ip());
    delivers(sink, client, case, place, |token| {
        technique::plain(&format!("{token}@{AUDITOR_DOMAIN}"))
    })
    .context("a trusted client cannot relay")
}

/// Sends a whole message and sees it arrive at the sink, for the auditor's domain.
///
/// # Errors
///
/// Says what went wrong.
pub(crate) fn delivers(
    sink: &Sink,
    client: IpAddr,
    case: &Case,
    place: &Place,
    envelope: impl FnOnce(&str) -> Envelope,
) -> Result<()> {
    let (server, token) = (place.socket(case), letters(20));
    let envelope = envelope(&token);
    let (mut said, mut end) = send(client, server, case.transport, &envelope, &token);
    // A server that takes one connection at a time may not have noticed yet that the last one is over.
    for _ in 0..RETRIES {
        if !end.is_for_now() {
            break;
        }
        thread::sleep(RETRY);
        (said, end) = send(client, server, case.transport, &envelope, &token);
    }
    ensure!(end == End::Taken, "the message is not taken ({end:?}):\n{said}");
    let arrived = sink.settled(&token, 3 * REST, |arrived| !arrived.is_empty());
    let message = arrived.first().with_context(|| format!("nothing arrives:\n{said}"))?;
    let foreign = format!("<{token}@{AUDITOR_DOMAIN}>");
    let paths: Vec<_> = message.forward_paths.iter().map(|path| path.split(' ').next()).collect();
    ensure!(paths == [Some(foreign.as_str())], "arrived for {:?}", message.forward_paths);
    Ok(())
}

/// Sends a whole message on a connection of its own, as far as the server lets it.
fn send(
    client: IpAddr,
    server: SocketAddr,
    transport: Transport,
    envelope: &Envelope,
    token: &str,
) -> (String, End) {
    let mut dialogue = match Dialogue::open(client, server, transport) {
        Ok(dialogue) => dialogue,
        Err(error) => return (format!("{error:#}\n"), End::Lost(format!("{error:#}"))),
    };
    let mut recipient_taken = false;
    let end = match talk(&mut dialogue, envelope, token, &mut recipient_taken) {
        Ok(None) => End::Taken,
        _ if recipient_taken => End::RecipientOnly,
        Ok(Some(reply)) => End::Refused(reply),
        Err(error) => End::Lost(format!("{error:#}")),
    };
    let said = dialogue.said();
    dialogue.quit();
    (said, end)
}

/// Asks for a recipient and sends nothing: what both sides said.
pub(super) fn ask(
    client: IpAddr,
    server: SocketAddr,
    transport: Transport,
    envelope: &Envelope,
) -> Result<String> {
    let mut dialogue = Dialogue::open(client, server, transport)?;
    // How far it came is there to be read.
    let _ = name_recipient(&mut dialogue, envelope);
    let said = dialogue.said();
    dialogue.quit();
    Ok(said)
}

/// Says everything; a reply that ends it early is returned, and so is the server's offer where it offers no TLS.
fn talk(
    dialogue: &mut Dialogue,
    envelope: &Envelope,
    token: &str,
    recipient_taken: &mut bool,
) -> Result<Option<String>> {
    if let Some(reply) = name_recipient(dialogue, envelope)? {
        return Ok(Some(reply));
    }
    *recipient_taken = true;
    let ready = dialogue.say("DATA")?;
    if !ready.starts_with("354") {
        return Ok(Some(ready));
    }
    let taken = dialogue.say(&format!(
        "From: prober@{AUDITOR_DOMAIN}\r\nTo: reader@{AUDITOR_DOMAIN}\r\nSubject: truth\r\n\
         Message-ID: <{token}@{AUDITOR_DOMAIN}>\r\n\r\n{token}\r\n."
    ))?;
    Ok((!taken.starts_with('2')).then_some(taken))
}

/// Says all that comes before `DATA`; a reply that ends it early is returned.
fn name_recipient(dialogue: &mut Dialogue, envelope: &Envelope) -> Result<Option<String>> {
    if !dialogue.greeting.starts_with('2') {
        return Ok(Some(dialogue.greeting.clone()));
    }
    let mut before = Vec::new();
    match envelope.before {
        Before::Nothing => {}
        Before::StartTls => {
            if let Some(reply) = dialogue.secure()? {
                return Ok(Some(reply));
            }
        }
        Before::Claim(address) => {
            before = vec![format!("EHLO {CLIENT_NAME}"), format!("XCLIENT ADDR={address}")];
        }
    }
    let first = envelope.first.iter().map(|path| format!("RCPT TO:{path}"));
    let commands = before
        .into_iter()
        .chain(envelope.greeting.clone())
        .chain([format!("MAIL FROM:{}", envelope.mail_from)])
        .chain(first)
        .chain([format!("RCPT TO:{}", envelope.rcpt_to)]);
    for command in commands {
        let reply = dialogue.say(&command)?;
        if !reply.starts_with('2') {
            return Ok(Some(reply));
        }
    }
    Ok(None)
}

impl End {
    /// Whether the server may answer otherwise later.
    fn is_for_now(&self) -> bool {
        match self {
            Self::Refused(reply) => {
                reply.starts_with('4') && !reply.to_ascii_lowercase().contains("relay")
            }
            Self::Lost(_) => true,
            Self::Taken | Self::RecipientOnly => false,
        }
    }
}

impl Truth {
    /// The techniques that relay.
    pub(crate) fn relays(&self) -> Vec<&'static str> {
        self.attempts.iter().filter(|a| a.relayed).map(|attempt| attempt.id).collect()
    }

    /// Whether a technique was tried.
    pub(crate) fn tried(&self, id: &str) -> bool {
        self.attempts.iter().any(|attempt| attempt.id == id)
    }

    /// How many messages came back to the sender's address.
    pub(crate) fn returned(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.returned).count()
    }

    /// Looks into the sink again, later.
    ///
    /// # Errors
    ///
    /// Names techniques whose messages arrived only after the truth was told.
    pub(crate) fn stays(&self, sink: &Sink, server: IpAddr) -> Result<()> {
        let arrived = sink.carrying(&self.mark);
        let relayed = |attempt: &&Attempt| reached(&arrived, &attempt.token, server);
        let late = self.attempts.iter().filter(|attempt| !attempt.relayed).filter(relayed);
        let late: Vec<_> = late.map(|attempt| attempt.id).collect();
        ensure!(late.is_empty(), "arrived after the truth was told: {late:?}");
        Ok(())
    }

    fn note(&mut self, arrived: &[Message], server: IpAddr) {
        for attempt in &mut self.attempts {
            attempt.relayed = reached(arrived, &attempt.token, server);
            attempt.returned = arrived.iter().any(|message| {
                message.reverse_path.starts_with("<>")
                    && message.content.contains(&attempt.token)
                    && !message.forward_paths.iter().any(|path| path.contains(&attempt.token))
            });
        }
    }

    /// Holds the truth to the case.
    ///
    /// # Errors
    ///
    /// Says what is otherwise, with the dialogues that show it.
    pub(crate) fn is_as_told(&self, case: &Case) -> Result<()> {
        let relays = self.relays();
        let due: &[&str] = match case.relays {
            Relays::Nothing => &[],
            Relays::EverythingPlain => &PLAIN,
            Relays::By(ids) => ids,
        };
        let due = due.iter().filter(|id| self.tried(id));
        let missing: Vec<_> = due.filter(|id| !relays.contains(id)).copied().collect();
        ensure!(missing.is_empty(), "do not relay: {missing:?}\n{}", self.dialogues(&missing));
        if case.relays == Relays::Nothing && !relays.is_empty() {
            bail!("relay: {relays:?}\n{}", self.dialogues(&relays));
        }
        let mut accepted = self.attempts.iter().filter(|attempt| {
            PLAIN.contains(&attempt.id) && matches!(attempt.end, End::Taken | End::RecipientOnly)
        });
        if case.accepts_only {
            ensure!(accepted.next().is_some(), "no plain foreign recipient is accepted");
        }
        Ok(())
    }

    fn dialogues(&self, ids: &[&str]) -> String {
        let shown = self.attempts.iter().filter(|attempt| ids.contains(&attempt.id)).take(4);
        shown
            .map(|attempt| format!("{} ({:?})\n{}\n", attempt.id, attempt.end, attempt.said))
            .collect()
    }
}

/// Whether a message for the user `token` arrived at the sink for a recipient that is not the server's own.
fn reached(arrived: &[Message], token: &str, server: IpAddr) -> bool {
    let paths = arrived.iter().flat_map(|message| &message.forward_paths);
    paths.into_iter().any(|path| path.contains(token) && is_foreign(path, server))
}

/// Whether a forward-path leads away from the server.
fn is_foreign(path: &str, server: IpAddr) -> bool {
    let address = path.split('>').next().unwrap_or(path).trim_start_matches('<');
    let domain = match address.rsplit_once('@') {
        Some((_, domain)) => domain,
        // A path without a domain is the next server's user, or a route that it would take.
        None if address.contains('!') => address.split('!').next().unwrap_or_default(),
        None => address.rsplit_once('%').map_or(LOCAL_DOMAIN, |(_, domain)| domain),
    };
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    let own = [LOCAL_DOMAIN, HOST_NAME, "localhost", "localhost.target.test"];
    let literal = domain.trim_start_matches('[').trim_end_matches(']').replace("ipv6:", "");
    !own.contains(&domain.as_str()) && literal != server.to_string()
}

/// A word that nobody can guess.
pub(crate) fn letters(count: usize) -> String {
    std::iter::repeat_with(fastrand::lowercase).take(count).collect()
}
