//! The tests of the benchmark's parts, which are only right figures if these are right.

#![allow(dead_code, unused_imports, reason = "what the benchmark calls and its tests do not")]

mod behaviour;
mod error;
mod farm;
mod least;
mod measure;
mod script;

/// The domain that every server of the farm takes mail for.
const LOCAL_DOMAIN: &str = "farm.test";
