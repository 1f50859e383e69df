//! The grade as a whole.

mod examples;
mod facts;
mod load;
mod properties;
