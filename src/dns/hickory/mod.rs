//! The resolver that asks real name servers, over UDP and, after a truncated answer, over TCP.

mod answer;

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU8;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join};
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use tokio::sync::Semaphore;

use self::answer::Question;
use super::addresses;
use super::name::{from_wire, normalise};
use super::{DnsError, MAX_ALIASES, Mx, RecordKind, Resolver, in_mx_order};

/// How long one question may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Time that one attempt waits for an answer; a lost datagram is sent again within it.
    pub timeout: Duration,
    /// Attempts before the question fails. Timeouts and failures of the server are tried again, negative answers not.
    pub attempts: NonZeroU8,
}

impl QueryLimits {
    /// The time after which a question is given up, whatever the servers do: all attempts together.
    ///
    /// The aliases of a name share this time. Waiting for a turn behind many other questions does not count.
    pub fn total(&self) -> Duration {
        self.timeout.saturating_mul(u32::from(self.attempts.get()))
    }
}

impl Default for QueryLimits {
    /// Two attempts of five seconds.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5), attempts: NonZeroU8::MIN.saturating_add(1) }
    }
}

/// Why no [`HickoryResolver`] could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The name servers of this machine are not known; on Unix they stand in `/etc/resolv.conf`.
    #[error("could not read the name servers from the system configuration")]
    SystemConfig {
        /// What went wrong while reading.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The hosts file exists and cannot be read.
    #[error("could not read the hosts file of the system")]
    HostsFile {
        /// What went wrong while reading.
        #[source]
        source: io::Error,
    },
    /// The resolver library did not accept the configuration.
    #[error("could not set up the resolver")]
    Build {
        /// What the library says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// A [`Resolver`] that asks recursive name servers and keeps their answers as long as they say.
///
/// Its futures run within a Tokio runtime, always the same one, since connections stay open between questions.
/// `localhost` and names below it have the loopback addresses, and names below
/// `invalid` do not exist; no server is asked about either (RFC 6761).
pub struct HickoryResolver {
    inner: TokioResolver,
    hosts: Hosts,
    limits: QueryLimits,
    turns: Semaphore,
}

/// Questions in flight at once; more wait for their turn, and their limits count from then.
///
/// A burst that is larger than the receive buffer of the name server's socket is lost in part. The default buffer of
/// Linux was seen to hold 256 small datagrams.
const MAX_IN_FLIGHT: usize = 192;

impl HickoryResolver {
    /// Makes a resolver that asks the name servers of this machine and honours its hosts file.
    ///
    /// A host that the hosts file lists has exactly the addresses it gives: the DNS is not asked for the other address
    /// family. Search domains and options of the system configuration are not used.
    ///
    /// # Errors
    /// [`SetupError`] when the system configuration names no server or when a file cannot be read.
    pub fn from_system() -> Result<Self, SetupError> {
        Self::from_system_limited(QueryLimits::default())
    }

    /// As [`HickoryResolver::from_system`], with other limits.
    ///
    /// # Errors
    /// As [`HickoryResolver::from_system`].
    pub fn from_system_limited(limits: QueryLimits) -> Result<Self, SetupError> {
        let (system, _) = hickory_resolver::system_conf::read_system_conf()
            .map_err(|error| SetupError::SystemConfig { source: error.into() })?;
        let hosts = match Hosts::from_system() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Hosts::default(),
            read => read.map_err(|source| SetupError::HostsFile { source })?,
        };
        Self::new(system.name_servers().to_vec(), hosts, limits)
    }

    /// Makes a resolver that asks one recursive name server and knows no hosts file.
    ///
    /// # Errors
    /// [`SetupError::Build`] when the library does not accept the server.
    pub fn with_server(server: SocketAddr) -> Result<Self, SetupError> {
        Self::with_server_limited(server, QueryLimits::default())
    }

    /// As [`HickoryResolver::with_server`], with other limits.
    ///
    /// # Errors
    /// As [`HickoryResolver::with_server`].
    pub fn with_server_limited(
        server: SocketAddr,
        limits: QueryLimits,
    ) -> Result<Self, SetupError> {
        let connections =
            [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
        let server = NameServerConfig::new(server.ip(), true, connections.into());
        Self::new(vec![server], Hosts::default(), limits)
    }

    fn new(
        servers: Vec<NameServerConfig>,
        hosts: Hosts,
        limits: QueryLimits,
    ) -> Result<Self, SetupError> {
        let mut options = ResolverOpts::default();
        options.timeout = limits.timeout;
        // The library counts the attempts after the first one.
        options.attempts = usize::from(limits.attempts.get()) - 1;
        options.ndots = 0;
        options.use_hosts_file = ResolveHosts::Never;
        // The aliases are needed to tell which records answer the question.
        options.preserve_intermediates = true;
        // Beyond this many questions on one TCP connection the library delays and then fails them.
        options.max_active_requests = MAX_IN_FLIGHT;
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let inner = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()
            .map_err(|error| SetupError::Build { source: error.into() })?;
        Ok(Self { inner, hosts, limits, turns: Semaphore::new(MAX_IN_FLIGHT) })
    }

    /// Asks one question within the limits and returns the contents of the records that answer it.
    async fn ask(&self, question: &Question<'_>) -> Result<Vec<RData>, DnsError> {
        // The semaphore is never closed, so a turn always comes.
        let _turn = self.turns.acquire().await.ok();
        tokio::time::timeout(self.limits.total(), self.ask_unlimited(question))
            .await
            .unwrap_or_else(|_| Err(question.timeout()))
    }

    async fn ask_unlimited(&self, question: &Question<'_>) -> Result<Vec<RData>, DnsError> {
        let name = question.wire_name()?;
        match self.inner.lookup(name.clone(), question.record_type).await {
            Ok(lookup) => question.records(&name, lookup.message()),
            Err(error) if answer::may_be_unfinished(&error) => {
                self.end_of_aliases(question, name).await?;
                Err(question.failure(error))
            }
            Err(error) => Err(question.failure(error)),
        }
    }

    /// Fails when the aliases of a name do not end.
    ///
    /// The library gives such names the same result as names without data.
    async fn end_of_aliases(&self, question: &Question<'_>, name: Name) -> Result<(), DnsError> {
        let mut owner = name;
        for _ in 0..=MAX_ALIASES {
            let target = match self.inner.lookup(owner.clone(), RecordType::CNAME).await {
                Ok(lookup) => lookup.answers().iter().find_map(|record| match &record.data {
                    RData::CNAME(target) if record.name == owner => Some(target.0.clone()),
                    _ => None,
                }),
                Err(error) => match question.failure(error) {
                    negative if negative.is_negative_answer() => None,
                    failure => return Err(failure),
                },
            };
            match target {
                Some(target) => owner = target,
                None => return Ok(()),
            }
        }
        Err(question.alias_loop())
    }

    async fn ask_v4(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        let records = self.ask(&Question::new(name, RecordKind::A, RecordType::A)).await?;
        let address = |data| if let RData::A(a) = data { Some(a.0) } else { None };
        Ok(records.into_iter().filter_map(address).collect())
    }

    async fn ask_v6(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        let records = self.ask(&Question::new(name, RecordKind::Aaaa, RecordType::AAAA)).await?;
        let address = |data| if let RData::AAAA(aaaa) = data { Some(aaaa.0) } else { None };
        Ok(records.into_iter().filter_map(address).collect())
    }

    /// The addresses that the hosts file gives to a name, none when it does not list it.
    fn listed_addresses(&self, name: &str) -> Result<Vec<IpAddr>, DnsError> {
        let name = Question::new(name, RecordKind::Address, RecordType::A).wire_name()?;
        let found = [RecordType::A, RecordType::AAAA]
            .into_iter()
            .filter_map(|kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind)));
        let mut all: Vec<IpAddr> = found
            .flat_map(|lookup| {
                lookup.answers().iter().filter_map(|r| r.data.ip_addr()).collect::<Vec<_>>()
            })
            .collect();
        // The order of `IpAddr` puts IPv4 before IPv6.
        all.sort();
        all.dedup();
        Ok(all)
    }
}

impl Resolver for HickoryResolver {
    fn mx(&self, name: &str) -> BoxFuture<'_, Result<Vec<Mx>, DnsError>> {
        let name = normalise(name);
        async move {
            let name = name?;
            let records = self.ask(&Question::new(&name, RecordKind::Mx, RecordType::MX)).await?;
            let found = records.into_iter().filter_map(|data| match data {
                RData::MX(mx) => {
                    Some(Mx { preference: mx.preference, exchange: from_wire(&mx.exchange) })
                }
                _ => None,
            });
            Ok(in_mx_order(found.collect()))
        }
        .boxed()
    }

    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Vec<IpAddr>, DnsError>> {
        let name = normalise(name);
        async move {
            let name = name?;
            let listed = self.listed_addresses(&name)?;
            if !listed.is_empty() {
                return Ok(listed);
            }
            let (v4, v6) = join(self.ask_v4(&name), self.ask_v6(&name)).await;
            addresses::join(&name, v4, v6)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A resolver whose only server does not exist, so that every answer comes from elsewhere.
    fn with_hosts(text: &str) -> HickoryResolver {
        let mut hosts = Hosts::default();
        hosts.read_hosts_conf(text.as_bytes()).unwrap();
        let limits = QueryLimits { timeout: Duration::from_millis(50), attempts: NonZeroU8::MIN };
        let nowhere = NameServerConfig::new(IpAddr::from([127, 0, 0, 1]), true, Vec::new());
        HickoryResolver::new(vec![nowhere], hosts, limits).unwrap()
    }

    #[tokio::test]
    async fn a_host_of_the_hosts_file_has_the_addresses_listed_there_only() {
        let resolver = with_hosts("2001:db8::7 both.test\n192.0.2.7 MX.Test both.test # test\n");
        assert_eq!(
            resolver.addresses("mx.TEST.").await.unwrap(),
            ["192.0.2.7".parse::<IpAddr>().unwrap()]
        );
        let both = resolver.addresses("both.test").await.unwrap();
        assert_eq!(
            both.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["192.0.2.7", "2001:db8::7"]
        );
        assert!(matches!(
            resolver.addresses("other.test").await,
            Err(DnsError::Transport { kind: RecordKind::A, .. })
        ));
        assert!(matches!(resolver.mx("mx.test").await, Err(DnsError::Transport { .. })));
    }

    #[tokio::test]
    async fn the_machine_this_runs_on_knows_itself() {
        match HickoryResolver::from_system() {
            Ok(resolver) => {
                let found = resolver.addresses("localhost").await.unwrap();
                assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
            }
            // Where no name server is configured there is nothing to ask.
            Err(error) => assert!(matches!(error, SetupError::SystemConfig { .. }), "{error}"),
        }
    }

    #[test]
    fn the_limits_of_a_question_are_its_attempts_together() {
        assert_eq!(QueryLimits::default().total(), Duration::from_secs(10));
        let endless = QueryLimits { timeout: Duration::MAX, attempts: NonZeroU8::MAX };
        assert_eq!(endless.total(), Duration::MAX);
    }
}
