//! Reports: the frozen model of a run, and the writers over it.
//!
//! Pure: writers take `&mut dyn Write`, and nothing here reads a clock or the network. What a
//! server says is hostile; it stands in the model as escaped ASCII, and every writer escapes again
//! through [`escape`].

mod also;
pub mod csv;
pub mod diff;
pub mod escape;
mod gaps;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod lists;
pub mod mail;
pub mod model;
pub mod policy;
pub mod prometheus;
mod reproduce;
pub mod sarif;
pub mod schema;
pub mod terminal;
pub mod terms;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
