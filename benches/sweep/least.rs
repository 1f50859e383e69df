//! The least client: it makes the connections that were recorded and writes the same bytes, waits
//! for as many bytes as were heard then, and looks at none of them. What it reaches is the limit
//! for whoever makes these connections.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::behaviour::{Behaviour, Mix, addresses, is_alive};
use crate::error::{Error, Result};
use crate::script::{Connection, Recorded, Script};

/// How long bytes are waited for that were heard before.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was recorded of one host of each behaviour.
pub(crate) type Lesson = BTreeMap<Behaviour, Recorded>;

/// Options of `least`.
#[derive(Debug, Args)]
pub(crate) struct LeastArgs {
    /// The network
    network: Ipv4Net,
    /// The port
    #[arg(long)]
    port: u16,
    /// The mix of the farm
    #[arg(long)]
    mix: Mix,
    /// One address in so many answers
    #[arg(long, value_name = "N", default_value_t = 1)]
    alive: u32,
    /// Hosts at once
    #[arg(long, value_name = "N")]
    max_hosts: usize,
    /// What was recorded, as JSON
    #[arg(long, value_name = "FILE")]
    lesson: PathBuf,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Played {
    /// Hosts that were talked to.
    pub(crate) hosts: u64,
    /// Connections that did not go as recorded.
    pub(crate) failures: u64,
}

/// Plays the record to every host and prints what came of it.
pub(crate) fn play(args: &LeastArgs) -> Result<()> {
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let text = std::fs::read_to_string(&args.lesson).map_err(Error::file(&args.lesson))?;
    let lesson: Lesson =
        serde_json::from_str(&text).map_err(Error::json(args.lesson.display().to_string()))?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Runtime)?;
    let stage = Arc::new(Stage {
        first: args.network.network().into(),
        count: addresses(args.network).count() as u64,
        alive: args.alive,
        port: args.port,
        mix: args.mix.clone(),
        scripts: lesson.iter().map(|(one, heard)| (*one, Script::learn(heard))).collect(),
        next: AtomicU64::new(0),
        hosts: AtomicU64::new(0),
        failures: AtomicU64::new(0),
    });
    runtime.block_on(async {
        let players: Vec<_> =
            (0..args.max_hosts).map(|_| tokio::spawn(play_hosts(Arc::clone(&stage)))).collect();
        for player in players {
            let _ = player.await;
        }
    });
    let played = Played {
        hosts: stage.hosts.load(Ordering::Relaxed),
        failures: stage.failures.load(Ordering::Relaxed),
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &played).map_err(Error::json("the result"))?;
    Ok(writeln!(out)?)
}

struct Stage {
    first: u32,
    count: u64,
    alive: u32,
    port: u16,
    mix: Mix,
    scripts: BTreeMap<Behaviour, Script>,
    next: AtomicU64,
    hosts: AtomicU64,
    failures: AtomicU64,
}

/// One host after the other, and one connection after the other with each.
async fn play_hosts(stage: Arc<Stage>) {
    let mut space = vec![0; 4096];
    let mut text = Vec::with_capacity(1024);
    loop {
        let number = stage.next.fetch_add(1, Ordering::Relaxed);
        if number >= stage.count {
            return;
        }
        let address = Ipv4Addr::from(stage.first + u32::try_from(number).unwrap_or(0));
        if !is_alive(address, stage.alive) {
            let _ = TcpStream::connect((address, stage.port)).await;
            continue;
        }
        stage.hosts.fetch_add(1, Ordering::Relaxed);
        let behaviour = stage.mix.truth(address);
        let Some(script) = stage.scripts.get(&behaviour) else {
            stage.failures.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        for connection in &script.connections {
            if behaviour.never_greets() {
                let held = hold(address, stage.port, connection).await;
                stage.failures.fetch_add(u64::from(held.is_err()), Ordering::Relaxed);
                continue;
            }
            let said = say(address, stage.port, connection, &mut space, &mut text);
            if !matches!(tokio::time::timeout(PATIENCE, said).await, Ok(Ok(()))) {
                stage.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// A tarpit: what counts is how long it was listened to, not what it dripped meanwhile.
async fn hold(address: Ipv4Addr, port: u16, connection: &Connection) -> io::Result<()> {
    let stream = TcpStream::connect(SocketAddr::from((address, port))).await?;
    tokio::time::sleep(Duration::from_secs_f64(connection.held)).await;
    drop(stream);
    Ok(())
}

async fn say(
    address: Ipv4Addr,
    port: u16,
    connection: &Connection,
    space: &mut [u8],
    text: &mut Vec<u8>,
) -> io::Result<()> {
    let mut stream = TcpStream::connect(SocketAddr::from((address, port))).await?;
    stream.set_nodelay(true)?;
    let width = crate::farm::dotted(address).as_bytes().len();
    let mut heard = 0;
    for step in &connection.steps {
        heard = hear(&mut stream, heard, step.after.with(width), space).await?;
        text.clear();
        step.write(address, text);
        stream.write_all(text).await?;
    }
    let all = connection.replies.with(width);
    let heard = hear(&mut stream, heard, all, space).await?;
    if heard == all { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Reads until `until` bytes have come in all.
async fn hear(
    stream: &mut TcpStream,
    mut heard: usize,
    until: usize,
    space: &mut [u8],
) -> io::Result<usize> {
    while heard < until {
        match stream.read(space).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => heard += count,
        }
    }
    Ok(heard)
}
