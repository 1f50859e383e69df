//! Judgement held against hand-made evidence, case by case.

mod acceptance;
mod classes;
mod conditional;
mod coverage;
mod difference;
mod end;
mod host;
mod matrix;
mod overblocking;
mod property;
mod reach;
mod reading;
mod recipient;
mod tls;
mod vectors;
