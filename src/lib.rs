//! `mxaudit` audits mail servers that its user administers: is this server an open relay, by any
//! known trick? It answers with evidence (the exact dialogue), a verdict that never guesses, and
//! the fix.
//!
//! # Layers
//!
//! Imports point down this table only: a test reads it, and whatever a room uses beyond it fails. A pure
//! room knows no I/O, no clock and no chance.
//!
//! | layer | room | what it holds | may use |
//! |---|---|---|---|
//! | shell | [`cli`] | arguments, printing, exit codes | all |
//! | shell | [`catcher`] | the canary's own mail server | `evidence` |
//! | shell | [`practice`] | practice servers, for demonstration and tests | nothing |
//! | reporting, pure | [`report`] | the v1 model and its writers | vocabulary, judgement |
//! | engine | [`engine`] | targets, plan, the course of one host, many hosts | `smtp`, `target`, `probe`, `dnsbl`, `evidence`, `verdict`, `dns`, `net`, `session` |
//! | wire | [`submission`] | a finished mail, to the user's own relay | `smtp` |
//! | wire | [`session`] | one SMTP or POP3 connection | `smtp`, `evidence`, `net` |
//! | wire | [`net`] | connections and TLS | `target`, `evidence` |
//! | wire | [`dns`], [`canary`] | resolvers; where the canary's mail is found | `evidence` |
//! | judgement, pure | [`grade`] | from outcomes and a policy file to a letter | vocabulary, `verdict` |
//! | judgement, pure | [`verdict`] | outcomes, verdict, findings | vocabulary |
//! | vocabulary, pure | [`evidence`] | what was asked and answered, enough to judge it again | `smtp`, `target`, `probe`, `dnsbl` |
//! | vocabulary, pure | [`probe`] | relay tests as data | `smtp`, `finding` |
//! | vocabulary, pure | [`dnsbl`] | DNS-based lists as data | `finding` |
//! | vocabulary, pure | [`smtp`], [`target`], [`finding`] | commands, replies and paths; what may be audited; the catalogue | nothing |
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
pub mod submission;
pub mod target;
pub mod verdict;
