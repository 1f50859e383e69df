//! The farm: a mail server at every address of 127.0.0.0/8, in one thread and without an
//! allocation for each command, because what it costs counts in every figure.
//!
//! A round trip of `--delay` passes before the greeting and before the replies to each burst of
//! commands. The handshake of TCP itself is not delayed.

mod control;
mod conversation;
mod delays;
mod link;
mod listen;
mod names;
mod paths;
mod tally;
mod wording;

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use ipnet::Ipv4Net;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::behaviour::{Behaviour, Mix};
use crate::error::{Error, Result};
use crate::script::{Heard, Recorded};

use control::{Control, Order};
use conversation::Conversation;
use delays::{Delayed, Delays};
use link::{Buffers, Link, Next};
use listen::Dark;
use tally::Tally;

pub(crate) use names::{dotted, hex};
pub(crate) use tally::Report;

/// How long a tarpit waits between two bytes.
const DRIP: Duration = Duration::from_secs(5);
/// What the orders wake the loop with; listeners follow from 1 on.
const ORDERS: Token = Token(0);

/// What answers where no server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rest {
    /// The system refuses.
    Refuse,
    /// Nothing comes back.
    Dark,
}

/// Options of `farm`.
#[derive(Debug, Args)]
pub(crate) struct FarmArgs {
    /// The port
    #[arg(long, default_value_t = 2525)]
    pub(crate) port: u16,
    /// closed, standard, adaptive, tarpits, or a list of BEHAVIOUR=SHARE
    #[arg(long, default_value = "standard")]
    pub(crate) mix: Mix,
    /// A round trip, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) delay: u64,
    /// Answer in this network only, from one listener an address
    #[arg(long, value_name = "NETWORK")]
    pub(crate) block: Option<Ipv4Net>,
    /// One address of the block in so many answers
    #[arg(long, value_name = "N", default_value_t = 1, requires = "block")]
    pub(crate) alive: u32,
    /// What the rest of the block does
    #[arg(long, default_value = "refuse", requires = "block")]
    pub(crate) rest: Rest,
    /// Take orders from standard input (report, record ADDRESS…, recorded, stop); its end is one
    /// to stop
    #[arg(long)]
    pub(crate) control: bool,
}

/// Serves until a signal or an order ends it; then the last report is printed.
pub(crate) fn serve(args: &FarmArgs) -> Result<()> {
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let mut farm = Farm::new(args)?;
    farm.print(&serde_json::json!({ "port": args.port, "listeners": farm.listeners.len() }))?;
    let mut events = Events::with_capacity(1024);
    while !farm.stopped {
        let wait = farm.delays.wait(Instant::now());
        match farm.poll.poll(&mut events, wait) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other.map_err(Error::Poll)?,
        }
        for event in &events {
            match event.token() {
                ORDERS => farm.obey()?,
                Token(number) if number <= farm.listeners.len() => farm.accept(number - 1)?,
                Token(number) => {
                    let place = number - 1 - farm.listeners.len();
                    if event.is_readable() {
                        farm.read(place, event.is_read_closed());
                    }
                    if event.is_writable() {
                        farm.flush(place);
                    }
                }
            }
        }
        farm.release_due();
        farm.print_record()?;
    }
    farm.report()
}

struct Farm {
    mix: Mix,
    poll: Poll,
    control: Control,
    listeners: Vec<TcpListener>,
    _dark: Option<Dark>,
    links: Vec<Option<Link>>,
    free: Vec<usize>,
    spare: Vec<Buffers>,
    serial: u32,
    delays: Delays,
    tally: Tally,
    /// The hosts that are recorded, and their connections that have ended.
    recorded: HashMap<Ipv4Addr, Vec<Heard>>,
    /// How many connections are being recorded, and whether the record is asked for.
    recording: usize,
    record_wanted: bool,
    space: Box<[u8]>,
    stopped: bool,
}

impl Farm {
    fn new(args: &FarmArgs) -> Result<Self> {
        let poll = Poll::new().map_err(Error::Poll)?;
        let (mut listeners, dark) = listen::open(args)?;
        for (number, listener) in listeners.iter_mut().enumerate() {
            let register =
                poll.registry().register(listener, Token(number + 1), Interest::READABLE);
            register.map_err(Error::Poll)?;
        }
        let control = Control::start(args.control, poll.registry(), ORDERS)?;
        Ok(Self {
            mix: args.mix.clone(),
            poll,
            control,
            listeners,
            _dark: dark,
            links: Vec::new(),
            free: Vec::new(),
            spare: Vec::new(),
            serial: 0,
            delays: Delays::new(Duration::from_millis(args.delay), DRIP),
            tally: Tally::new()?,
            recorded: HashMap::new(),
            recording: 0,
            record_wanted: false,
            space: vec![0; 16 * 1024].into(),
            stopped: false,
        })
    }

    fn accept(&mut self, number: usize) -> Result<()> {
        loop {
            let Some(listener) = self.listeners.get(number) else { return Ok(()) };
            match listener.accept() {
                Ok((stream, peer)) => self.admit(stream, peer)?,
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(()),
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                    // Out of descriptors: the next connection that ends is followed by another try.
                    _ => {
                        self.delays.retry_accept(number);
                        return Ok(());
                    }
                },
            }
        }
    }

    fn admit(&mut self, mut stream: TcpStream, peer: SocketAddr) -> Result<()> {
        let (Ok(SocketAddr::V4(local)), IpAddr::V4(peer)) = (stream.local_addr(), peer.ip()) else {
            return Ok(());
        };
        let address = *local.ip();
        if !address.is_loopback() || !peer.is_loopback() {
            self.tally.strangers += 1;
            return Ok(());
        }
        let greets = !self.mix.truth(address).never_greets();
        self.tally.connected(address, greets);
        let place = self.free.pop().unwrap_or_else(|| {
            self.links.push(None);
            self.links.len() - 1
        });
        let token = Token(1 + self.listeners.len() + place);
        self.poll
            .registry()
            .register(&mut stream, token, Interest::READABLE)
            .map_err(Error::Poll)?;
        self.serial = self.serial.wrapping_add(1);
        let behaviour = self.mix.truth(address);
        let conversation = Conversation::new(address, behaviour);
        let buffers = self.spare.pop().unwrap_or_default();
        let mut link = Link::new(stream, address, self.serial, conversation, buffers);
        if self.recorded.contains_key(&address) {
            link.heard = Some(Heard::default());
            self.recording += 1;
        }
        link.greet();
        let until = link.composed();
        if behaviour == Behaviour::Drip {
            self.delays.drip(place, self.serial);
        }
        if let Some(vacant) = self.links.get_mut(place) {
            *vacant = Some(link);
        }
        if until > 0 {
            self.send(place, self.serial, until);
        }
        Ok(())
    }

    fn read(&mut self, place: usize, to_the_end: bool) {
        let Some(Some(link)) = self.links.get_mut(place) else { return };
        let before = link.composed();
        let taken = link.read(&mut self.space, to_the_end);
        self.tally.received += taken.bytes as u64;
        let (serial, until) = (link.serial, link.composed());
        if taken.ended {
            self.close(place);
        } else if until > before {
            self.send(place, serial, until);
        }
    }

    /// Sends what is composed up to `until`, at once or when a round trip has passed.
    fn send(&mut self, place: usize, serial: u32, until: usize) {
        if self.delays.is_delayed() {
            self.delays.put(place, serial, until);
        } else {
            self.release(place, serial, until);
        }
    }

    fn release(&mut self, place: usize, serial: u32, until: usize) {
        let link = self.links.get_mut(place).and_then(Option::as_mut);
        let Some(link) = link.filter(|link| link.serial == serial) else { return };
        let done = link.release(until);
        self.go_on(place, done);
    }

    fn flush(&mut self, place: usize) {
        let Some(Some(link)) = self.links.get_mut(place) else { return };
        let done = link.flush();
        self.go_on(place, done);
    }

    fn go_on(&mut self, place: usize, (sent, next): (usize, Next)) {
        self.tally.sent += sent as u64;
        match next {
            Next::Wait => {}
            Next::Close => self.close(place),
            Next::Blocked => {
                let token = Token(1 + self.listeners.len() + place);
                let both = Interest::READABLE | Interest::WRITABLE;
                if let Some(Some(link)) = self.links.get_mut(place)
                    && self.poll.registry().reregister(&mut link.stream, token, both).is_err()
                {
                    self.close(place);
                }
            }
        }
    }

    fn release_due(&mut self) {
        let now = Instant::now();
        while let Some(delayed) = self.delays.due(now) {
            match delayed {
                Delayed::Replies { place, serial, until } => self.release(place, serial, until),
                Delayed::Drip { place, serial } => self.drip(place, serial),
                Delayed::Accept { number } => {
                    let _ = self.accept(number);
                }
            }
        }
    }

    /// One more byte of a greeting that never ends.
    fn drip(&mut self, place: usize, serial: u32) {
        let link = self.links.get_mut(place).and_then(Option::as_mut);
        let Some(link) = link.filter(|link| link.serial == serial) else { return };
        let text = b"220-please wait ";
        let byte = text.get(link.composed() % text.len()).copied().unwrap_or(b' ');
        link.add(&[byte]);
        let until = link.composed();
        self.delays.drip(place, serial);
        self.release(place, serial, until);
    }

    fn close(&mut self, place: usize) {
        let Some(link) = self.links.get_mut(place).and_then(Option::take) else { return };
        self.free.push(place);
        let greets = !self.mix.truth(link.address).never_greets();
        self.tally.closed(link.address, greets);
        let (address, seconds) = (link.address, link.accepted.elapsed().as_secs_f64());
        let (buffers, heard) = link.into_buffers();
        self.spare.push(buffers);
        let Some(heard) = heard else { return };
        self.recording -= 1;
        if let Some(all) = self.recorded.get_mut(&address) {
            all.push(Heard { seconds, ..heard });
        }
    }

    fn obey(&mut self) -> Result<()> {
        while let Some(order) = self.control.next() {
            match order {
                Order::Stop => self.stopped = true,
                Order::Report => self.report()?,
                Order::Record(addresses) => {
                    self.recorded = addresses.into_iter().map(|one| (one, Vec::new())).collect();
                    self.print(&serde_json::json!({ "recording": self.recorded.len() }))?;
                }
                Order::Recorded => self.record_wanted = true,
                Order::Unknown(text) => self.print(&serde_json::json!({ "unknown": text }))?,
            }
        }
        Ok(())
    }

    /// Prints what was recorded, once the last of these connections has ended.
    fn print_record(&mut self) -> Result<()> {
        if self.recording > 0 || !std::mem::take(&mut self.record_wanted) {
            return Ok(());
        }
        let all: Vec<Recorded> = std::mem::take(&mut self.recorded)
            .into_iter()
            .map(|(address, connections)| Recorded { address, connections })
            .collect();
        self.print(&all)
    }

    fn report(&mut self) -> Result<()> {
        let report = self.tally.take()?;
        self.print(&report)
    }

    fn print(&self, line: &impl serde::Serialize) -> Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, line).map_err(Error::json("an answer of the farm"))?;
        writeln!(out)?;
        Ok(out.flush()?)
    }
}
