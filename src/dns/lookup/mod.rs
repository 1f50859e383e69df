//! The port for questions to DNS-based lists: every kind of answer stays what it is, as evidence.

mod question;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

pub use self::question::Question;
use crate::evidence::lookup::LookupAnswer;

/// The port through which lists are asked.
///
/// Unlike [`Resolver`](super::Resolver) it has no errors: whatever comes of a question is an answer that is kept as
/// evidence. No name is answered by the adapter itself: `localhost`, names below `invalid` and names of loopback
/// addresses are asked for as any other, since what a name server says to them is what is to be found out.
pub trait Lookups: Send + Sync {
    /// Puts one question.
    fn lookup<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, LookupAnswer>;

    /// The name servers that are asked, as text. Once one of several has answered, it alone.
    fn servers(&self) -> Vec<String>;

    /// As [`Lookups::lookup`], with the time for which the servers say that the answer holds.
    fn timed_lookup<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, TimedAnswer> {
        self.lookup(question).map(TimedAnswer::untimed).boxed()
    }
}

/// An answer and the time for which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedAnswer {
    /// The answer.
    pub answer: LookupAnswer,
    /// How long it may be kept; `None` where nobody said so.
    pub holds: Option<Duration>,
}

impl TimedAnswer {
    /// An answer that nobody gave a time to.
    pub fn untimed(answer: LookupAnswer) -> Self {
        Self { answer, holds: None }
    }
}

impl<T: Lookups + ?Sized> Lookups for Arc<T> {
    fn lookup<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, LookupAnswer> {
        self.as_ref().lookup(question)
    }

    fn servers(&self) -> Vec<String> {
        self.as_ref().servers()
    }

    fn timed_lookup<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, TimedAnswer> {
        self.as_ref().timed_lookup(question)
    }
}
