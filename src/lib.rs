//! `mxaudit` audits mail servers that its user administers: is this server an open relay, by any
//! known trick? It answers with evidence (the exact dialogue), a verdict that never guesses, and
//! the fix.
//!
//! # Layers
//!
//! Imports point down this list only; a test reads them.
//!
//! | layer | rooms | |
//! |---|---|---|
//! | shell | [`cli`], [`practice`], [`catcher`] | arguments, printing, exit codes; practice servers; the canary's own server |
//! | reporting | [`report`] | the v1 model and its writers; pure |
//! | engine | [`engine`] | targets, plan, the course of one host, many hosts |
//! | wire | [`session`], [`net`], [`dns`], [`canary`] | ports to the world and their adapters |
//! | judgement | [`verdict`], [`grade`] | outcomes, verdict, findings, the letter; pure |
//! | vocabulary | [`evidence`], [`probe`], [`dnsbl`], [`finding`], [`target`], [`smtp`] | values |
//!
//! # From a target to a report
//!
//! [`target::spec::TargetSpec`]s are resolved by [`engine::expand`], and only
//! [`target::scope::Scope::admit`] turns an address into a [`target::Target`]. [`engine::audit`] asks
//! each target the forms planned from the [`probe::Library`] and returns [`evidence::Evidence`]:
//! every byte of every connection, and which answer belongs to which form. [`verdict::judge`] reads
//! nothing else. Reports are built from the two.
//!
//! What a server does is never an `Err`: refusals, lost connections and broken replies are answers
//! like any other, and `verdict` says what they mean.

pub mod canary;
pub mod catcher;
pub mod cli;
pub mod dns;
pub mod dnsbl;
pub mod engine;
pub mod evidence;
pub mod finding;
pub mod grade;
pub mod net;
pub mod practice;
pub mod probe;
pub mod report;
pub mod session;
pub mod smtp;
pub mod target;
pub mod verdict;
