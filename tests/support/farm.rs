//! One listener a port for all of 127.0.0.0/8, who answers by the address that was called, and the
//! moments at which connections came.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mxaudit::practice::{Behaviour, Ledger, RelayPolicy, converse};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// How often a listener looks whether somebody came.
const LOOK: Duration = Duration::from_millis(1);
/// How many may wait until it looks.
const BACKLOG: i32 = 4096;

/// How long a slow server thinks.
const THOUGHT: Duration = Duration::from_millis(500);

/// Who is at an address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Closed,
    Open,
    /// A closed server that thinks for half a second before it greets.
    Slow,
    /// Takes the connection and never says a word.
    Tarpit,
    /// A closed server that greets once it is released.
    Held,
}

/// One connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) address: Ipv4Addr,
    /// When nobody waited at the listener, for the last time before: it came about after this.
    pub(crate) after: Instant,
    /// When it was taken: it came about before this.
    pub(crate) before: Instant,
}

#[derive(Default)]
struct Book {
    arrivals: Vec<Arrival>,
    /// Connections at one time: to each address, and in all.
    at_once: BTreeMap<Ipv4Addr, AtOnce>,
    all_at_once: AtOnce,
    ledgers: BTreeMap<Ipv4Addr, Arc<Ledger>>,
}

#[derive(Default)]
struct AtOnce {
    now: usize,
    most: usize,
}

impl AtOnce {
    fn enter(&mut self) {
        self.now += 1;
        self.most = self.most.max(self.now);
    }
}

/// What the listeners share.
struct Land {
    who: fn(Ipv4Addr) -> Who,
    book: Mutex<Book>,
    released: watch::Sender<HashSet<Ipv4Addr>>,
    closed: AtomicBool,
}

/// The listeners; they end when this is dropped.
pub(crate) struct Farm {
    land: Arc<Land>,
    ports: Vec<u16>,
    threads: Vec<JoinHandle<()>>,
}

impl Farm {
    /// Listens on so many ports. Must be called inside a tokio runtime of several threads.
    pub(crate) fn start(ports: usize, who: fn(Ipv4Addr) -> Who) -> Self {
        let (book, released) = (Mutex::default(), watch::channel(HashSet::new()).0);
        let land = Arc::new(Land { who, book, released, closed: AtomicBool::new(false) });
        let mut farm = Self { land, ports: Vec::new(), threads: Vec::new() };
        for _ in 0..ports {
            let listener = listen().unwrap();
            farm.ports.push(listener.local_addr().unwrap().port());
            let (land, runtime) = (Arc::clone(&farm.land), Handle::current());
            farm.threads.push(thread::spawn(move || attend(&listener, &land, &runtime)));
        }
        farm
    }

    /// The ports as arguments.
    pub(crate) fn ports(&self) -> String {
        self.ports.iter().map(|port| format!("--port {port} ")).collect()
    }

    /// Lets a held server greet.
    pub(crate) fn release(&self, address: Ipv4Addr) {
        self.land.released.send_modify(|released| {
            released.insert(address);
        });
    }

    /// All connections, as they were taken.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        let mut arrivals = self.land.book.lock().unwrap().arrivals.clone();
        arrivals.sort_by_key(|arrival| arrival.before);
        arrivals
    }

    /// Connections to each address.
    pub(crate) fn connections_each(&self) -> BTreeMap<Ipv4Addr, usize> {
        let mut each = BTreeMap::new();
        for arrival in self.arrivals() {
            *each.entry(arrival.address).or_default() += 1;
        }
        each
    }

    /// The most connections at one time to any address, over all ports.
    pub(crate) fn most_to_one(&self) -> usize {
        let book = self.land.book.lock().unwrap();
        book.at_once.values().map(|one| one.most).max().unwrap_or_default()
    }

    /// The most connections at one time in all.
    pub(crate) fn most_at_once(&self) -> usize {
        self.land.book.lock().unwrap().all_at_once.most
    }

    /// How often QUIT was said to an address.
    pub(crate) fn quits(&self, address: Ipv4Addr) -> u64 {
        self.land.ledger(address).counters().quits
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        self.land.closed.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The most connections that came within a span beyond doubt, however late they were taken.
pub(crate) fn most_within(span: Duration, arrivals: &[Arrival]) -> usize {
    let from = |first: usize| {
        let (mut count, mut earliest) = (0, arrivals[first].after);
        for arrival in &arrivals[first..] {
            earliest = earliest.min(arrival.after);
            if arrival.before.duration_since(earliest) >= span {
                break;
            }
            count += 1;
        }
        count
    };
    (0..arrivals.len()).map(from).max().unwrap_or_default()
}

fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    // Where the system allows it, nothing from another interface even gets an answer.
    let _ = socket.bind_device(Some(b"lo"));
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Takes connections in a thread of its own, and notes between which moments each came about.
fn attend(listener: &TcpListener, land: &Arc<Land>, runtime: &Handle) {
    let mut empty = Instant::now();
    while !land.closed.load(Ordering::Relaxed) {
        let looked = Instant::now();
        let Ok((stream, peer)) = listener.accept() else {
            empty = looked;
            thread::sleep(LOOK);
            continue;
        };
        let called = stream.local_addr().unwrap().ip();
        let IpAddr::V4(address) = called else { continue };
        if address.is_loopback() && peer.ip().is_loopback() {
            let mut book = land.book.lock().unwrap();
            book.arrivals.push(Arrival { address, after: empty, before: Instant::now() });
            book.at_once.entry(address).or_default().enter();
            book.all_at_once.enter();
            drop(book);
            runtime.spawn(serve(stream, address, Arc::clone(land)));
        }
    }
}

async fn serve(stream: TcpStream, address: Ipv4Addr, land: Arc<Land>) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    let stream = tokio::net::TcpStream::from_std(stream)?;
    let mut guest = Guest { stream, address, land: Arc::clone(&land), is_here: true };
    let behaviour = match (land.who)(address) {
        Who::Closed => Behaviour::closed(),
        Who::Open => Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() },
        Who::Tarpit => {
            tokio::io::copy(&mut guest, &mut tokio::io::sink()).await?;
            return Ok(());
        }
        Who::Slow => {
            tokio::time::sleep(THOUGHT).await;
            Behaviour::closed()
        }
        Who::Held => {
            let mut released = land.released.subscribe();
            // The farm has the sender as long as this waits.
            let _ = released.wait_for(|released| released.contains(&address)).await;
            Behaviour::closed()
        }
    };
    converse(&behaviour, &mut guest, &land.ledger(address)).await?;
    Ok(())
}

impl Land {
    fn ledger(&self, address: Ipv4Addr) -> Arc<Ledger> {
        Arc::clone(self.book.lock().unwrap().ledgers.entry(address).or_default())
    }
}

/// The server's end of a connection. Its guest is gone before it can read the farewell: it may be
/// back before anything else of its leave is seen.
struct Guest {
    stream: tokio::net::TcpStream,
    address: Ipv4Addr,
    land: Arc<Land>,
    is_here: bool,
}

impl Guest {
    fn leave(&mut self) {
        if std::mem::take(&mut self.is_here) {
            let mut book = self.land.book.lock().unwrap();
            book.at_once.entry(self.address).or_default().now -= 1;
            book.all_at_once.now -= 1;
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.leave();
    }
}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Guest {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"221 ")) {
            self.leave();
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
