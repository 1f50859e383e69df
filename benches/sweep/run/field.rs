//! The farm as a process of its own, and the orders to it.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use ipnet::Ipv4Net;

use crate::behaviour::Mix;
use crate::error::{Error, Result};
use crate::farm::{Report, Rest};

/// A farm that runs; it ends with the one who started it.
pub(super) struct Field {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Field {
    /// Starts it, and waits until it listens.
    pub(super) fn start(
        port: u16,
        mix: &Mix,
        delay: u64,
        block: Option<(Ipv4Net, u32, Rest)>,
    ) -> Result<Self> {
        let start = |source| Error::Start { program: "the farm".into(), source };
        let mut command = Command::new(env::current_exe().map_err(start)?);
        command
            .args(["farm", "--control", "--port", &port.to_string(), "--mix", mix.text()])
            .args(["--delay", &delay.to_string()]);
        if let Some((network, alive, rest)) = block {
            let rest = if rest == Rest::Dark { "dark" } else { "refuse" };
            command
                .args(["--block", &network.to_string(), "--alive", &alive.to_string()])
                .args(["--rest", rest]);
        }
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(start)?;
        let orders = child.stdin.take();
        let answers = child.stdout.take().ok_or_else(|| Error::Farm("has no output".into()))?;
        let mut field = Self { child, orders, answers: BufReader::new(answers) };
        field.answer()?;
        Ok(field)
    }

    /// Gives an order; the answer is a line of JSON.
    pub(super) fn ask(&mut self, order: &str) -> Result<String> {
        let orders = self.orders.as_mut().ok_or_else(|| Error::Farm("has stopped".into()))?;
        writeln!(orders, "{order}")?;
        self.answer()
    }

    /// What it has counted since the last report.
    pub(super) fn report(&mut self) -> Result<Report> {
        let answer = self.ask("report")?;
        serde_json::from_str(&answer).map_err(Error::json("the report of the farm"))
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line.is_empty() {
            return Err(Error::Farm("it has ended; is its port in use?".into()));
        }
        Ok(line)
    }

    /// Ends it.
    pub(super) fn stop(&mut self) -> Result<()> {
        drop(self.orders.take());
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}
