//! Names without their excluded addresses, which the scope is then never asked about.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::dns::{DnsError, Mx, Resolver};
use crate::target::cover::Cover;
use crate::target::set::AddressSet;

/// A resolver that leaves out what is excluded, and remembers it. A host may have no address left.
pub(super) struct Excluding<'a> {
    resolver: &'a dyn Resolver,
    exclude: &'a Cover,
    left_out: Mutex<Vec<IpAddr>>,
}

impl<'a> Excluding<'a> {
    pub(super) fn new(resolver: &'a dyn Resolver, exclude: &'a Cover) -> Self {
        Self { resolver, exclude, left_out: Mutex::default() }
    }

    /// What was left out so far.
    pub(super) fn left_out(&self) -> AddressSet {
        let left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        left_out.iter().copied().collect()
    }
}

impl Resolver for Excluding<'_> {
    fn mx(&self, name: &str) -> BoxFuture<'_, Result<Vec<Mx>, DnsError>> {
        self.resolver.mx(name)
    }

    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Vec<IpAddr>, DnsError>> {
        let found = self.resolver.addresses(name);
        async move {
            let found = found.await?;
            let (excluded, left): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|address| self.exclude.contains(*address));
            self.left_out.lock().unwrap_or_else(PoisonError::into_inner).extend(excluded);
            Ok(left)
        }
        .boxed()
    }
}
