//! The grade as a whole.

mod examples;
mod facts;
mod listing;
mod load;
mod properties;
