//! The relay matrix: each client asks from three senders to two recipients, after all forms.
//!
//! A stranger and a trusted client are asked in the clear unless the server wants TLS; whoever logs
//! in does so inside TLS, unless the user says otherwise. One connection is enough for a client
//! unless the server ends it.

use crate::engine::MatrixSettings;
use crate::engine::line::record;
use crate::engine::plan::{Tokens, canary_path};
use crate::evidence::matrix::{CellKey, Client, Gap, Matrix, MatrixCell, MatrixRow};
use crate::evidence::matrix::{Recipient, Sender};
use crate::evidence::{Answer, Evidence, Hello, Identity, Lacking};
use crate::session::{Credentials, Login};
use crate::smtp::{Command, Ehlo, Phase, Severity, WireText};

use super::{BACK_OFF, Place, Runner, TRIES};

/// Connections for one client.
const CONNECTIONS: usize = 5;
/// What one sender may cost: MAIL or both recipients refused, and one to spare.
const COST: usize = 3;

/// What became of one sender.
enum Asked {
    /// All that it was asked is answered.
    Done,
    /// The server wants TLS for it.
    Inside,
    /// The connection is over, or the server complained.
    Lost,
}

impl Runner {
    /// Writes down which cells will be asked.
    pub(in crate::engine) fn plan_matrix(&mut self, tokens: &Tokens) {
        let Some(settings) = &self.settings.matrix else { return };
        let trusted = settings.trusted_source.map(|_| Client::Trusted);
        let account = settings.account.as_ref();
        let clients = [Some(Client::Foreign), trusted, account.map(|_| Client::Authenticated)];
        let row = |client| {
            let account = account.filter(|_| client == Client::Authenticated);
            let cells = cells(&self.evidence, account, tokens);
            MatrixRow { client, mechanism: None, gap: Some(Gap::Stopped), place: None, cells }
        };
        let rows = clients.into_iter().flatten().map(row).collect();
        let expected = settings.expected.clone();
        self.evidence.matrix = Some(Matrix { rows, expected });
    }

    /// Asks all rows.
    pub(in crate::engine) async fn ask_matrix(&mut self) {
        let Some(settings) = self.settings.matrix.clone() else { return };
        let rows = self.evidence.matrix.iter().flat_map(|matrix| &matrix.rows);
        let clients: Vec<_> = rows.map(|row| row.client).collect();
        self.hang_up().await;
        for client in clients {
            if self.evidence.transcripts.is_empty() {
                self.change_row(client, |row| row.gap = Some(Gap::NoConnection));
            } else {
                self.ask_row(client, &settings).await;
            }
        }
    }

    async fn ask_row(&mut self, client: Client, settings: &MatrixSettings) {
        let mut waiting: Vec<Sender> = Sender::ALL.to_vec();
        waiting.retain(|sender| !self.paths(client, *sender).is_empty());
        let mut inside = self.in_tls || client == Client::Authenticated;
        let (mut tries, mut begun) = (0, false);
        for _ in 0..CONNECTIONS {
            let Some(&first) = waiting.first() else { break };
            if self.is_over() {
                return;
            }
            match self.open_row(client, inside, settings).await {
                Ok(place) => self.change_row(client, |row| {
                    row.gap = None;
                    row.place = place;
                }),
                Err((gap, place)) => {
                    self.hang_up().await;
                    tries += 1;
                    // A refused login is not tried again: servers lock accounts for less.
                    let again = matches!(gap, Gap::NoConnection | Gap::NoGreeting);
                    if again && tries < TRIES {
                        self.wait(BACK_OFF).await;
                        continue;
                    }
                    if !begun {
                        self.change_row(client, |row| {
                            row.gap = Some(gap);
                            row.place = place;
                        });
                    }
                    return;
                }
            }
            begun = true;
            inside |= self.ask_senders(client, &mut waiting).await;
            self.hang_up().await;
            // Nobody is asked for ever about one sender.
            if waiting.first() == Some(&first) {
                tries += 1;
                if tries >= TRIES {
                    waiting.remove(0);
                    tries = 0;
                }
            }
        }
    }

    /// Asks from one sender after the other, as long as the connection bears it; true where the
    /// server wants TLS.
    async fn ask_senders(&mut self, client: Client, waiting: &mut Vec<Sender>) -> bool {
        let mut first = true;
        while let Some(&sender) = waiting.first() {
            if !first && !self.reset().await {
                return false;
            }
            first = false;
            match self.ask_sender(client, sender).await {
                Asked::Done => waiting.remove(0),
                Asked::Inside => return true,
                Asked::Lost => return false,
            };
        }
        false
    }

    /// RSET, where this connection may still take another sender.
    async fn reset(&mut self) -> bool {
        let Some(line) = &mut self.line else { return false };
        if self.budget.room(&line.spent) < COST || line.spent.resets >= self.budget.resets {
            return false;
        }
        line.spent.resets += 1;
        let Some((answer, place)) = self.ask(&Command::rset()).await else { return false };
        let done = self.is_yes(&answer, place, &[Phase::Rset]);
        if !done {
            self.complained(&answer);
        }
        done
    }

    async fn ask_sender(&mut self, client: Client, sender: Sender) -> Asked {
        let paths = self.paths(client, sender);
        let Some((_, from, _)) = paths.first() else { return Asked::Done };
        let Ok(mail) = Command::mail(from.as_bytes()) else { return Asked::Done };
        let Some((answer, place)) = self.ask(&mail).await else { return Asked::Lost };
        self.count(&answer);
        if !self.is_yes(&answer, place, &[Phase::Mail]) {
            for (recipient, ..) in &paths {
                self.decide(CellKey { client, sender, recipient: *recipient }, place);
            }
            return self.after_refusal(&answer, place);
        }
        for (recipient, _, to) in &paths {
            let Ok(rcpt) = Command::rcpt(to.as_bytes()) else { continue };
            let Some((answer, place)) = self.ask(&rcpt).await else { return Asked::Lost };
            self.count(&answer);
            self.decide(CellKey { client, sender, recipient: *recipient }, place);
            match self.after_refusal(&answer, place) {
                Asked::Done => {}
                other => return other,
            }
        }
        Asked::Done
    }

    /// True for a positive reply to what was asked, and not to something before.
    pub(super) fn is_yes(&self, answer: &Answer, place: Place, asked: &[Phase]) -> bool {
        self.phase_at(place).is_some_and(|phase| asked.contains(&phase))
            && answer.reply().is_some_and(|r| r.severity() == Severity::Positive && !r.is_goodbye())
    }

    /// Whether an answer lets the connection go on.
    fn after_refusal(&mut self, answer: &Answer, place: Place) -> Asked {
        let Some(reply) = answer.reply() else { return Asked::Lost };
        let phase = self.phase_at(place);
        if !matches!(phase, Some(Phase::Mail | Phase::Rcpt)) || self.reading().is_complaint(reply) {
            self.complained(answer);
            return Asked::Lost;
        }
        let outside = self.line.as_ref().is_some_and(|l| l.starttls && l.session.tls().is_none());
        let wants_tls =
            phase.is_some_and(|phase| self.reading().asks_for_tls(&self.evidence, reply, phase));
        if outside && wants_tls { Asked::Inside } else { Asked::Done }
    }

    /// Dials, greets, goes inside TLS and logs in, as the client does.
    pub(super) async fn open_row(
        &mut self,
        client: Client,
        inside: bool,
        settings: &MatrixSettings,
    ) -> Result<Option<Place>, (Gap, Option<Place>)> {
        let source = settings.trusted_source.filter(|_| client == Client::Trusted);
        let connected = self.connect(source, Hello::default()).await;
        let own = connected.map_err(|_| (Gap::NoConnection, None))?;
        let line = self.line.as_mut().ok_or((Gap::NoConnection, None))?;
        // No form is answered on it, and yet it does not count as fruitless.
        line.answered = true;
        let transcript = line.transcript;
        let implicit = self.evidence.target.is_tls_at_once();
        if implicit && !self.secure().await {
            return Err((Gap::NoTls, Some((transcript, 0))));
        }
        let place = self.welcome().await?;
        let mut ehlo = self.hello(&own).await?;
        let account = settings.account.as_ref().filter(|_| client == Client::Authenticated);
        if inside && !implicit {
            let at = Some((transcript, self.last(transcript)));
            match (ehlo.offers("STARTTLS"), account) {
                (true, _) => {
                    self.negotiate_tls().await.map_err(|place| (Gap::NoTls, place))?;
                    ehlo = self.hello(&own).await?;
                }
                (false, Some(_)) if !ehlo.offers("AUTH") => return Err((Gap::AuthNotOffered, at)),
                (false, Some(_)) if !settings.auth_in_clear => return Err((Gap::NoTls, at)),
                (false, _) => {}
            }
        }
        match account {
            Some(account) => self.log_in(account, &ehlo).await.map(Some),
            None => Ok(Some(place)),
        }
    }

    /// Reads the greeting.
    async fn welcome(&mut self) -> Result<Place, (Gap, Option<Place>)> {
        let greeting = self.read_greeting().await;
        let (answer, place) = greeting.ok_or((Gap::NoConnection, None))?;
        let ready = self.is_yes(&answer, place, &[Phase::Greeting]);
        if ready { Ok(place) } else { Err((Gap::NoGreeting, Some(place))) }
    }

    /// EHLO, or HELO where the server knows no other.
    async fn hello(&mut self, own: &WireText) -> Result<Ehlo, (Gap, Option<Place>)> {
        let command = match self.helo_only {
            true => Command::helo(own.as_bytes()),
            false => Command::ehlo(own.as_bytes()),
        };
        let Ok(command) = command else { return Err((Gap::NoGreeting, None)) };
        let Some((answer, place)) = self.ask(&command).await else {
            return Err((Gap::NoGreeting, None));
        };
        match answer.reply() {
            Some(reply) if self.is_yes(&answer, place, &[Phase::Ehlo, Phase::Helo]) => {
                let ehlo = Ehlo::read(reply);
                if let Some(line) = &mut self.line {
                    line.starttls = ehlo.offers("STARTTLS");
                }
                Ok(ehlo)
            }
            _ => Err((Gap::NoGreeting, Some(place))),
        }
    }

    async fn log_in(
        &mut self,
        account: &Credentials,
        ehlo: &Ehlo,
    ) -> Result<Place, (Gap, Option<Place>)> {
        let Some(line) = &mut self.line else { return Err((Gap::NoConnection, None)) };
        let transcript = line.transcript;
        let Some(mechanism) = account.choose(ehlo.words("AUTH")) else {
            return Err((Gap::AuthNotOffered, Some((transcript, self.last(transcript)))));
        };
        let (login, exchanges) = line.session.log_in(account, mechanism).await;
        for exchange in exchanges {
            record(&mut self.evidence.transcripts, transcript, exchange);
        }
        let place = (transcript, self.last(transcript));
        let name = mechanism.name().to_owned();
        self.change_row(Client::Authenticated, |row| row.mechanism = Some(name));
        match login {
            Login::Done => Ok(place),
            Login::Refused | Login::Lost => Err((Gap::AuthFailed, Some(place))),
        }
    }

    /// The recipients that are asked from a sender, with both paths.
    fn paths(&self, client: Client, sender: Sender) -> Vec<(Recipient, WireText, WireText)> {
        let row = self.evidence.matrix.as_ref().and_then(|matrix| matrix.row(client));
        let cells = row.into_iter().flat_map(|row| &row.cells).filter(|c| c.sender == sender);
        let paths = cells.filter_map(|cell| {
            let (from, to) = cell.envelope.as_ref().ok()?;
            Some((cell.recipient, from.clone(), to.clone()))
        });
        paths.collect()
    }

    fn decide(&mut self, key: CellKey, place: Place) {
        if let Some(cell) = self.evidence.matrix.as_mut().and_then(|matrix| matrix.cell_mut(key)) {
            cell.place = Some(place);
        }
    }

    fn change_row(&mut self, client: Client, change: impl FnOnce(&mut MatrixRow)) {
        let matrix = self.evidence.matrix.as_mut();
        if let Some(row) =
            matrix.and_then(|matrix| matrix.rows.iter_mut().find(|row| row.client == client))
        {
            change(row);
        }
    }
}

/// The six cells of a client, with their paths or what these would need.
fn cells(evidence: &Evidence, account: Option<&Credentials>, tokens: &Tokens) -> Vec<MatrixCell> {
    let identity = &evidence.identity;
    let local = local_mailbox(identity).ok_or(Lacking::LocalDomain);
    let own = match account {
        Some(account) => own_mailbox(account, identity).ok_or(Lacking::LocalDomain),
        None => local.clone(),
    };
    let foreign = identity.sender();
    let path = |text: String| WireText::from(text.into_bytes());
    let mut cells = Vec::new();
    for sender in Sender::ALL {
        let from = match sender {
            Sender::Foreign => foreign.clone().ok_or(Lacking::AuditorDomain).map(path),
            Sender::Local => own.clone().map(path),
            Sender::Null => Ok(WireText::default()),
        };
        for recipient in Recipient::ALL {
            let to = match recipient {
                Recipient::Foreign => Ok(canary_path(identity, tokens)),
                Recipient::Local => local.clone().map(path),
            };
            let envelope = from.clone().and_then(|from| Ok((from, to?)));
            cells.push(MatrixCell { sender, recipient, envelope, place: None });
        }
    }
    cells
}

fn local_mailbox(identity: &Identity) -> Option<String> {
    let domain = identity.local_domains.first()?;
    Some(format!("{}@{domain}", identity.local_user))
}

/// The mailbox of an account: the one that the user names, its user name where that is a mailbox,
/// or its user name at the server's domain.
fn own_mailbox(account: &Credentials, identity: &Identity) -> Option<String> {
    let named = account.address.clone();
    let is_mailbox = account.username.contains('@');
    named.or_else(|| is_mailbox.then(|| account.username.clone())).or_else(|| {
        let domain = identity.local_domains.first()?;
        Some(format!("{}@{domain}", account.username))
    })
}
