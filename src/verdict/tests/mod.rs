//! Judgement held against hand-made evidence, case by case.

mod vectors;
