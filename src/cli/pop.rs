//! `--pop-credentials FILE`: where and with what to log in by POP3, and what that will cost.

use std::net::IpAddr;
use std::time::Duration;

use crate::dns::Resolver;
use crate::engine::{PopSettings, expand, most_checks};
use crate::session::{Credentials, PopTls};
use crate::target::Target;
use crate::target::scope::Scope;
use crate::target::spec::TargetSpec;

use super::args::PopArgs;
use super::credentials;
use super::exit::Failure;

/// How long to ask where the user does not say.
const WINDOW: u32 = 3600;
/// POP3 with TLS from the first byte (RFC 8314), and the port of RFC 1939.
const PORTS: [u16; 2] = [995, 110];

/// What the user wants, before any name is looked up.
#[derive(Debug)]
pub(super) struct Wanted {
    account: Credentials,
    server: Option<TargetSpec>,
    ports: Vec<u16>,
    in_clear: bool,
    window: Duration,
}

impl Wanted {
    /// Reads the file and the name of the server; `None` where nothing is wanted.
    pub(super) fn read(args: &PopArgs, in_clear: bool) -> Result<Option<Self>, Failure> {
        let Some(file) = &args.pop_credentials else { return Ok(None) };
        let account = credentials::read("--pop-credentials", file)?;
        let server = args.pop_server.as_deref().map(|text| {
            // A bare name would be a mail domain too.
            let is_address = text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
            let spec = if is_address { text.to_owned() } else { format!("host:{text}") };
            let fault = |error| Failure::usage(format!("--pop-server: {error}"));
            TargetSpec::parse(&spec).map_err(fault)
        });
        let ports = args.pop_port.map_or_else(|| PORTS.to_vec(), |port| vec![port]);
        let window = Duration::from_secs(args.pop_window.unwrap_or(WINDOW).into());
        Ok(Some(Self { account, server: server.transpose()?, ports, in_clear, window }))
    }

    /// True where a name has to be looked up.
    pub(super) fn wants_names(&self) -> bool {
        self.server.as_ref().is_some_and(|spec| !matches!(spec, TargetSpec::Address(_)))
    }

    /// Finds the POP3 servers, each admitted by the scope.
    pub(super) async fn resolve(
        self,
        targets: &[Target],
        resolver: &dyn Resolver,
        scope: &mut Scope,
    ) -> Result<PopSettings, Failure> {
        // A login would change what the others answer while they are being asked.
        let [target] = targets else {
            return Err(Failure::usage(format!(
                "--pop-credentials: takes one server with one port, and these targets are {}; name \
                 one address",
                targets.len()
            )));
        };
        let found = match &self.server {
            None => self.ports.iter().map(|port| target.with_port(*port)).collect(),
            Some(spec) => {
                let found = expand(std::slice::from_ref(spec), &self.ports, resolver, scope).await;
                if let Some(error) = found.errors.first() {
                    return Err(Failure::usage(format!("--pop-server: {error}")));
                }
                found.targets
            }
        };
        // The server opens to the address that logs in, which is of the family that is asked from.
        let is_like = |server: &Target| server.address().is_ipv4() == target.address().is_ipv4();
        let tls = |port| match (port, self.in_clear) {
            (995, _) => PopTls::AtOnce,
            (_, false) => PopTls::Stls,
            (_, true) => PopTls::StlsOrClear,
        };
        let servers: Vec<_> = found
            .into_iter()
            .filter(is_like)
            .map(|server| {
                let tls = tls(server.port());
                (server, tls)
            })
            .collect();
        if servers.is_empty() {
            let family = if target.address().is_ipv4() { "IPv4" } else { "IPv6" };
            return Err(Failure::usage(format!(
                "--pop-server: it has no {family} address, and {target} is asked over {family}; \
                 name another server, or the target by its other address"
            )));
        }
        Ok(PopSettings { account: self.account, servers, window: self.window })
    }
}

/// What will be done, for the user to know before it begins.
pub(super) fn announcement(settings: &PopSettings) -> String {
    let servers: Vec<_> = settings.servers.iter().map(|(server, _)| server.to_string()).collect();
    format!(
        "POP-before-SMTP: after all else one POP3 login ({}), then a question at RCPT again and \
         again until relaying is refused, for at most {} s and on at most {} connections",
        servers.join(", then "),
        settings.window.as_secs(),
        most_checks(settings.window)
    )
}
