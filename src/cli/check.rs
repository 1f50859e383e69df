//! `mxaudit check`.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Zoned;

use crate::dns::{HickoryResolver, Resolver, ZoneFile};
use crate::engine::{Budget, Expansion, MatrixSettings, RETRY_WAIT, Settings, expand, taker_of};
use crate::evidence::matrix::{CellKey, Expected};
use crate::net::TcpDialer;
use crate::session::Deadlines;
use crate::target::scope::{Consent, Scope};
use crate::target::spec::TargetSpec;

use super::args::{CheckArgs, MatrixArgs, ServerAddress, TimingArgs};
use super::categories::Categories;
use super::complain;
use super::config::{Auditor, Config, Local};
use super::confirm::Confirmation;
use super::consent;
use super::credentials;
use super::exit::{self, Exit, Failure};
use super::identity;
use super::mail::{self, Kept};
use super::pop;
use super::probes;
use super::reports::Reports;
use super::reputation::{self, Reputation};
use super::run::{self, Run, random_seed};
use super::store::Folder;
use super::terms;
use super::timings;

pub(super) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let today = Zoned::now().date();
    let config = consent::read_config(args.consent.config.as_deref(), today)?;
    let expected = config.as_ref().map(|config| config.matrix.clone()).unwrap_or_default();
    let judged = config.as_ref().map(Config::to_judged).unwrap_or_default();
    let terms = terms::read(&args.terms, judged)?;
    let (auditor, local, file_scope) = match config {
        Some(config) if config.rules.is_empty() => (config.auditor, config.local, None),
        Some(config) => (config.auditor, config.local, Some(config.scope)),
        None => (Auditor::default(), Local::default(), None),
    };
    let categories = Categories::read(&args.only, &args.skip)?;
    let identity = identity::identity(&args.identity, &auditor, &local)?;
    let domain = identity.auditor_domain.as_deref();
    let kept = Kept::of_check(args.evidence.as_deref(), &args.report);
    let mail = mail::Wanted::read(&args.mail, &args.terms, args.consent.config.as_deref())?;
    let mail = mail.map(|mail| mail.by(domain, kept, args.report.quiet)).transpose()?;
    let specs = specs(&args.targets)?;
    if let Some(source) = args.network.source {
        check_source("--source", source)?;
    }
    let matrix = matrix(&args.matrix, expected)?;
    let pop = pop::Wanted::read(&args.pop, args.matrix.auth_in_clear)?;
    let asked_first = file_scope.is_none();
    let scope = file_scope.unwrap_or_else(|| match args.consent.authorized {
        true => Scope::authorized(Consent::Flag),
        false => Scope::loopback_only(),
    });
    let connect_timeout = seconds(args.timing.connect_timeout);
    let deadlines = deadlines(&args.timing);
    let confirmation = Confirmation::new(
        &args.confirm,
        &identity,
        args.network.source,
        connect_timeout,
        deadlines,
    )?;
    // The canary's own mail server may have to be looked up, and the POP3 server.
    let by_name = confirmation.is_some() && identity.canary_address.is_none()
        || pop.as_ref().is_some_and(pop::Wanted::wants_names);
    let resolver = resolver(&specs, by_name, args.network.resolver)?;
    let runtime = super::runtime()?;
    let (expansion, mut scope) =
        runtime.block_on(targets(&specs, &args.ports, resolver.as_ref(), scope, asked_first))?;
    identity::check_against(&identity, &expansion.targets)?;
    let canary_domain = &identity.canary.1;
    let taker = taker_of(canary_domain, &expansion.targets, resolver.as_ref());
    if let Some(target) = runtime.block_on(taker) {
        return Err(Failure::usage(format!(
            "the canary's domain {canary_domain} is delivered to the target {target} itself, which \
             takes its mail by right; name another domain with --auditor-domain or --canary"
        )));
    }
    let pop = match pop {
        None => None,
        Some(wanted) => {
            let found = wanted.resolve(&expansion.targets, resolver.as_ref(), &mut scope);
            Some(runtime.block_on(found)?)
        }
    };
    let library = Arc::new(probes::library(&args.library)?);
    let mut reports = Reports::prepare(&args.report)?;
    let folder = args.evidence.as_deref().map(Folder::prepare).transpose()?;
    if let Some(confirmation) = &confirmation {
        runtime.block_on(confirmation.prove(&identity, resolver.as_ref()))?;
    }
    let settings = Settings {
        library: Arc::clone(&library),
        profile: args.profile.into(),
        deeper: None,
        wanted: categories.wanted(),
        identity,
        outside_asserted: args.network.vantage.is_some(),
        deadlines,
        host_deadline: seconds(args.timing.host_deadline) + seconds(args.timing.greylist_wait),
        retry_wait: RETRY_WAIT,
        greylist_wait: seconds(args.timing.greylist_wait),
        budget: Budget::default(),
        letters: confirmation.as_ref().map(Confirmation::letters),
        max_hosts: usize::from(args.network.max_hosts),
        seed: args.seed.unwrap_or_else(random_seed),
        matrix,
        pop,
    };
    let reputation = match categories.skipped.iter().any(|id| id == reputation::CATEGORY) {
        true => None,
        false => {
            let (identity, targets) = (&settings.identity, expansion.targets.as_slice());
            let resolver = args.network.resolver;
            Reputation::prepare(&args.zones, resolver, targets, identity, settings.seed)?
        }
    };
    if let Some(pop) = settings.pop.as_ref().filter(|_| !args.report.quiet) {
        complain(&pop::announcement(pop));
    }
    let run = Run {
        targets: expansion.targets,
        not_probed: expansion.not_probed,
        settings,
        dialer: Arc::new(TcpDialer::new(scope.admitted(), args.network.source, connect_timeout)),
        source: args.network.source,
        skipped: categories.skipped,
        own_probes: probes::own(&library),
        reputation,
        quiet: args.report.quiet,
    };
    let mut record = runtime.block_on(run::run(run, &scope));
    if let Some(confirmation) = &confirmation {
        // What was audited is not lost because the canary cannot be read any more.
        if let Err(failure) = runtime.block_on(confirmation.collect(&mut record)) {
            failure.messages.iter().for_each(|message| complain(message));
        }
    }
    if let Some(folder) = folder {
        folder.write(&record)?;
    }
    let (_, report) = run::judge_record(&record, &library, &terms)?;
    reports.write(&report, "")?;
    if args.timings {
        record.hosts.iter().flat_map(|host| timings::lines(&host.evidence)).for_each(|line| {
            complain(&line);
        });
    }
    let exit = exit::of_audit(&report, args.fail_on.severity());
    let exit = run::with_missing(&record, exit);
    // What is left of the run has no more to say, also not about Ctrl-C.
    drop(runtime);
    Ok(match mail {
        Some(mail) if !mail.send_report(&report) => exit::missing(exit),
        _ => exit,
    })
}

/// A source that is not this machine's is a mistake of the user's, not a fault of the targets.
pub(super) fn check_source(flag: &str, source: IpAddr) -> Result<(), Failure> {
    let bound = std::net::UdpSocket::bind((source, 0)).map(drop);
    bound.map_err(|error| {
        Failure::usage(format!(
            "{flag} {source}: cannot be sent from: {error}; name an address of this machine"
        ))
    })
}

/// Which clients the relay matrix is asked as; `None` where it is not wanted.
fn matrix(
    args: &MatrixArgs,
    expected: Vec<(CellKey, Expected)>,
) -> Result<Option<MatrixSettings>, Failure> {
    if let Some(source) = args.trusted_source {
        check_source("--trusted-source", source)?;
    }
    let account = args.credentials.as_deref();
    let account = account.map(|file| credentials::read("--credentials", file)).transpose()?;
    let wanted = args.matrix || args.trusted_source.is_some() || account.is_some();
    let (trusted_source, auth_in_clear) = (args.trusted_source, args.auth_in_clear);
    Ok(wanted.then_some(MatrixSettings { trusted_source, account, auth_in_clear, expected }))
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

fn deadlines(timing: &TimingArgs) -> Deadlines {
    Deadlines { greeting: seconds(timing.greeting_timeout), reply: seconds(timing.reply_timeout) }
}

/// Reads all targets before anything is asked, so that every mistake is named at once.
fn specs(texts: &[String]) -> Result<Vec<TargetSpec>, Failure> {
    let (specs, errors): (Vec<_>, Vec<_>) =
        texts.iter().map(|text| TargetSpec::parse(text)).partition(Result::is_ok);
    let messages: Vec<_> = errors
        .into_iter()
        .filter_map(Result::err)
        .map(|error| format!("target: {error}"))
        .collect();
    if messages.is_empty() {
        Ok(specs.into_iter().flatten().collect())
    } else {
        Err(Failure { messages, exit: Exit::Usage })
    }
}

pub(super) fn resolver(
    specs: &[TargetSpec],
    by_name: bool,
    server: Option<ServerAddress>,
) -> Result<Box<dyn Resolver>, Failure> {
    // Addresses need no name server, so a machine without one can be used for them.
    if !by_name && specs.iter().all(|spec| matches!(spec, TargetSpec::Address(_))) {
        return Ok(Box::new(ZoneFile::parse("").map_err(Failure::internal)?));
    }
    let resolver = match server {
        Some(ServerAddress(address)) => HickoryResolver::with_server(address),
        None => HickoryResolver::from_system(),
    };
    let with_remedy =
        |error| Failure::usage(format!("{error}; name a name server with --resolver"));
    Ok(Box::new(resolver.map_err(with_remedy)?))
}

/// Resolves and admits. Where only consent is missing and somebody is there to ask, they are asked.
async fn targets(
    specs: &[TargetSpec],
    ports: &[u16],
    resolver: &dyn Resolver,
    mut scope: Scope,
    may_ask: bool,
) -> Result<(Expansion, Scope), Failure> {
    let mut expansion = expand(specs, ports, resolver, &mut scope).await;
    let only_consent = expansion.errors.iter().all(|error| error.wants_consent());
    if may_ask && !expansion.errors.is_empty() && only_consent && consent::ask(specs) {
        scope = Scope::authorized(Consent::Terminal);
        expansion = expand(specs, ports, resolver, &mut scope).await;
    }
    if expansion.errors.is_empty() {
        return Ok((expansion, scope));
    }
    let mut messages: Vec<_> = expansion.errors.iter().map(ToString::to_string).collect();
    messages.dedup();
    Err(Failure { messages, exit: Exit::Usage })
}
