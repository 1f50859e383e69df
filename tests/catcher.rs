//! `mxaudit catch`, end to end: hostile clients, sudden death, full disks.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mxaudit::canary::{Canary, CatcherFile, Maildir};
use mxaudit::evidence::Arrival;

/// A token that is never made twice.
fn token(round: usize, sender: usize, number: usize) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut rest = (round * 100 + sender) * 1_000_000 + number;
    let mut token = "mxa1".to_owned();
    for _ in 0..24 {
        token.push(char::from(DIGITS[rest % 32]));
        rest /= 32;
    }
    token
}

/// A running `mxaudit catch`.
struct Running {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mxaudit"));
        command.arg("catch");
        Self::start_with(command, folder)
    }

    fn start_with(mut command: Command, folder: &Path) -> Self {
        command
            .args(["--listen", "127.0.0.1:0", "--domain", "audit.test", "--store"])
            .arg(folder.join("store"))
            .args(["--name", "mx.audit.test"])
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("out")).unwrap())
            .stderr(File::create(folder.join("err")).unwrap());
        let mut child = command.spawn().unwrap();
        let start = Instant::now();
        loop {
            let said = fs::read_to_string(folder.join("err")).unwrap();
            let address = said.split_once(" on ").and_then(|(_, rest)| rest.split_once(';'));
            if let Some((address, _)) = address {
                let address = address.parse().unwrap();
                return Self { child, address, folder: folder.to_owned() };
            }
            assert_eq!(child.try_wait().unwrap(), None, "{said}");
            assert!(start.elapsed() < Duration::from_secs(20), "{said}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn client(&self) -> Client {
        Client::connect(self.address).unwrap()
    }

    fn arrivals(&self) -> Vec<Arrival> {
        CatcherFile::new(self.folder.join("store")).arrivals().unwrap()
    }

    fn said(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).unwrap()
    }

    fn stop(mut self, signal: &str) -> ExitStatus {
        self.send(signal);
        self.child.wait().unwrap()
    }

    fn send(&self, signal: &str) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that says what it is told.
struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects, reads the greeting and says EHLO.
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut client = Self(BufReader::new(stream));
        client.reply()?;
        client.ask("EHLO mx.target.test")?;
        Ok(client)
    }

    fn reply(&mut self) -> io::Result<String> {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            reply.push_str(&line);
            if line.as_bytes().get(3) == Some(&b' ') {
                return Ok(reply);
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    fn ask(&mut self, line: &str) -> io::Result<String> {
        self.send(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Sends one message and returns the reply to its final dot.
    fn mail(&mut self, sender: &str, text: &str) -> io::Result<String> {
        self.ask(&format!("MAIL FROM:<{sender}>"))?;
        self.ask("RCPT TO:<u@audit.test>")?;
        self.ask("DATA")?;
        self.ask(&format!("{text}\r\n."))
    }
}

#[test]
fn arrivals_are_noted_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path());
    let mut client = running.client();
    let (first, second, third) = (token(0, 0, 1), token(0, 0, 2), token(0, 0, 3));
    let plain = format!("Received: from a\r\n\tby b\r\nX-Mxaudit-Token: {first}\r\n\r\nhello");
    assert!(client.mail("a@b.test", &plain).unwrap().starts_with("250 2.0.0 "));
    let bounce = format!("Content-Type: multipart/report\r\n\r\n> {second}\r\n> {third}");
    assert!(client.mail("", &bounce).unwrap().starts_with("250 "));
    assert!(client.mail("a@b.test", "nothing of ours").unwrap().starts_with("250 "));
    let arrivals = running.arrivals();
    let seen: Vec<_> = arrivals.iter().map(|a| (a.token.as_str(), a.bounce)).collect();
    assert_eq!(seen, [(first.as_str(), false), (&second, true), (&third, true)]);
    assert_eq!(arrivals[0].client, Some([127, 0, 0, 1].into()));
    assert_eq!(arrivals[0].helo.as_deref(), Some("mx.target.test"));
    assert_eq!(arrivals[0].received, ["from a by b"]);
    assert_eq!(arrivals[0].forward_paths, ["u@audit.test"]);
    let folder = running.folder.clone();
    assert_eq!(running.stop("-TERM").code(), Some(0));
    let out = fs::read_to_string(folder.join("out")).unwrap();
    let lines: Vec<_> = out.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    let want = [
        format!("{first} from 127.0.0.1 mx.target.test message"),
        format!("{second} from 127.0.0.1 mx.target.test bounce"),
        format!("{third} from 127.0.0.1 mx.target.test bounce"),
    ];
    assert_eq!(lines, want);
    let err = fs::read_to_string(folder.join("err")).unwrap();
    assert!(err.contains("messages without a token, taken and not stored: 1"), "{err}");
}

#[test]
fn nothing_is_relayed() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path());
    let mut client = running.client();
    client.ask("MAIL FROM:<u@audit.test>").unwrap();
    let foreign = [
        "u@target.test",
        "u@sub.audit.test",
        "u@[127.0.0.1]",
        "postmaster",
        "u%target.test@audit.test",
        "target.test!u@audit.test",
        "\"u@target.test\"@audit.test",
        "\"u%target.test\"@audit.test",
        "@audit.test:u@target.test",
        "@target.test:u@audit.test",
        "@audit.test,@target.test:u@elsewhere.test",
    ];
    for path in foreign {
        let reply = client.ask(&format!("RCPT TO:<{path}>")).unwrap();
        assert_eq!(reply, "550 5.7.1 Relaying denied\r\n", "{path}");
    }
    for path in ["u@target.test@audit.test", "u@audit.test@target.test", ""] {
        let reply = client.ask(&format!("RCPT TO:<{path}>")).unwrap();
        assert!(reply.starts_with('5'), "{path}: {reply}");
    }
    assert!(client.ask("DATA").unwrap().starts_with("554 5.5.1 "));
    assert!(running.arrivals().is_empty());
}

#[test]
fn malformed_clients_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path());
    let connect = || TcpStream::connect(running.address).unwrap();
    let garbage: Vec<u8> =
        (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    // The server may close at any time: what a client cannot send is lost.
    let _ = connect().write_all(&garbage);
    let _ = connect().write_all(&vec![b'x'; 3_000_000]);
    let _ = connect().write_all(&b"\0\r\r\n\n".repeat(1000));
    drop(connect());
    let mut half = running.client();
    half.ask("MAIL FROM:<a@b.test>").unwrap();
    half.ask("RCPT TO:<u@audit.test>").unwrap();
    half.send(format!("DATA\r\nSubject: {}\r\n", token(0, 0, 9)).as_bytes()).unwrap();
    // What was not read makes the end of the connection a reset.
    drop(half);
    let mut tls = connect();
    tls.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").unwrap();
    let mut bare = connect();
    bare.write_all(b"EHLO x\nMAIL FROM:<>\nRCPT TO:<u@audit.test>\nQUIT\n").unwrap();
    let mut said = String::new();
    bare.read_to_string(&mut said).unwrap();
    assert!(said.contains("250 2.1.5 ") && said.ends_with("221 2.0.0 Bye\r\n"), "{said}");
    let known = token(0, 0, 1);
    assert!(running.client().mail("a@b.test", &known).unwrap().starts_with("250 "));
    let arrivals = running.arrivals();
    assert_eq!(arrivals.len(), 1, "half a message is none");
    assert_eq!(arrivals[0].token, known);
}

#[tokio::test]
async fn idle_connections_leave_room() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path());
    let connect = async |last: u8| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 9, 9, last], 0))).unwrap();
        socket.connect(running.address).await.unwrap()
    };
    let mut idle = Vec::new();
    for n in 0..500_usize {
        idle.push(connect(u8::try_from(n / 50 + 1).unwrap()).await);
    }
    for stream in &mut idle {
        let mut first = [0; 3];
        tokio::io::AsyncReadExt::read_exact(stream, &mut first).await.unwrap();
        assert_eq!(&first, b"220");
    }
    let mut one_more = connect(1).await;
    let mut said = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut one_more, &mut said).await.unwrap();
    assert!(said.starts_with("421 4.7.0 "), "{said}");
    assert!(running.client().mail("a@b.test", &token(0, 0, 1)).unwrap().starts_with("250 "));
    assert_eq!(running.arrivals().len(), 1);
    drop(idle);
    assert_eq!(running.stop("-INT").code(), Some(0));
}

#[test]
fn a_long_message_is_refused_and_the_session_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path());
    let mut client = running.client();
    assert!(client.ask("MAIL FROM:<> SIZE=40000000").unwrap().starts_with("552 5.3.4 "));
    client.ask("MAIL FROM:<a@b.test>").unwrap();
    client.ask("RCPT TO:<u@audit.test>").unwrap();
    client.ask("DATA").unwrap();
    client.send(format!("X-Mxaudit-Token: {}\r\n\r\n", token(0, 0, 1)).as_bytes()).unwrap();
    let line = [b"x".repeat(998), b"\r\n".to_vec()].concat().repeat(1024);
    for _ in 0..31 {
        client.send(&line).unwrap();
    }
    assert!(client.ask(".").unwrap().starts_with("552 5.3.4 "));
    assert!(client.mail("a@b.test", &token(0, 0, 2)).unwrap().starts_with("250 "));
    let arrivals = running.arrivals();
    assert_eq!((arrivals.len(), &arrivals[0].token), (1, &token(0, 0, 2)));
}

#[test]
fn what_was_confirmed_survives_sudden_death() {
    let folder = tempfile::tempdir().unwrap();
    let mut confirmed: Vec<String> = Vec::new();
    for round in 0..6 {
        let mut running = Running::start(folder.path());
        let address = running.address;
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                thread::spawn(move || {
                    let mut confirmed = Vec::new();
                    let Ok(mut client) = Client::connect(address) else { return confirmed };
                    for number in 0.. {
                        let token = token(round, sender, number);
                        match client.mail("a@b.test", &token) {
                            Ok(reply) if reply.starts_with("250 ") => confirmed.push(token),
                            _ => break,
                        }
                    }
                    confirmed
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(100 + 70 * round as u64));
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        for sender in senders {
            confirmed.extend(sender.join().unwrap());
        }
        // What a death in the middle of a write leaves behind.
        let store = folder.path().join("store");
        let mut file = File::options().append(true).open(store).unwrap();
        file.write_all(b"{\"token\":\"mxa1abc").unwrap();
    }
    let running = Running::start(folder.path());
    assert!(running.said("err").contains("cut off an unfinished last line"));
    let known = token(99, 0, 0);
    assert!(running.client().mail("a@b.test", &known).unwrap().starts_with("250 "));
    let stored: Vec<_> = running.arrivals().into_iter().map(|arrival| arrival.token).collect();
    assert!(confirmed.len() > 20, "{}", confirmed.len());
    let lost: Vec<_> = confirmed.iter().filter(|token| !stored.contains(token)).collect();
    assert!(lost.is_empty(), "{lost:?} of {}", confirmed.len());
    assert_eq!(stored.last(), Some(&known));
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // The limit on the length of files stands for the end of the disk.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "sh"]);
    command.args([env!("CARGO_BIN_EXE_mxaudit"), "catch"]);
    let running = Running::start_with(command, folder.path());
    let mut client = running.client();
    let mut confirmed = Vec::new();
    for number in 0..40 {
        let token = token(0, 0, number);
        let reply = client.mail("a@b.test", &format!("{token}\r\n")).unwrap();
        if reply.starts_with("250 ") {
            confirmed.push(token);
        } else {
            assert!(reply.starts_with("451 4.3.0 "), "{reply}");
        }
    }
    assert!((1..40).contains(&confirmed.len()), "{}", confirmed.len());
    let stored: Vec<_> = running.arrivals().into_iter().map(|arrival| arrival.token).collect();
    assert_eq!(stored, confirmed);
    assert!(running.said("store").ends_with('\n'), "nothing is left of what failed");
    let start = Instant::now();
    while !running.said("err").contains("cannot write to the store: ") {
        assert!(start.elapsed() < Duration::from_secs(5), "{}", running.said("err"));
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_message_at_hand_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path());
    let mut client = running.client();
    client.ask("MAIL FROM:<a@b.test>").unwrap();
    client.ask("RCPT TO:<u@audit.test>").unwrap();
    client.ask("DATA").unwrap();
    running.send("-TERM");
    let start = Instant::now();
    while TcpStream::connect(running.address).is_ok() {
        assert!(start.elapsed() < Duration::from_secs(5), "new connections are still taken");
        thread::sleep(Duration::from_millis(20));
    }
    let reply = client.ask(&format!("{}\r\n.", token(0, 0, 1))).unwrap();
    assert!(reply.starts_with("250 "), "{reply}");
    assert!(client.reply().unwrap().starts_with("421 4.3.2 "));
    assert_eq!(running.arrivals().len(), 1);
}

#[test]
fn mistakes_are_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "hello").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let store = folder.path().join("store").display().to_string();
    let (text, path) = (text.display().to_string(), folder.path().display().to_string());
    let nowhere = folder.path().join("none/store").display().to_string();
    let free = "127.0.0.1:0";
    let table = [
        ("port in use", taken.as_str(), "audit.test", &store, "something else listens there"),
        ("foreign address", "192.0.2.1:2525", "audit.test", &store, "does not have the address"),
        ("no port", "127.0.0.1", "audit.test", &store, "--listen"),
        ("bad domain", free, "audit..test", &store, "--domain: `audit..test` has an empty label"),
        ("no folder", free, "audit.test", &nowhere, "cannot be used"),
        ("a folder", free, "audit.test", &path, "is no plain file"),
        ("other content", free, "audit.test", &text, "line 1 is not an arrival"),
    ];
    for (case, listen, domain, store, want) in table {
        let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
            .args(["catch", "--listen", listen, "--domain", domain, "--store", store])
            .output()
            .unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{case}: {err}");
        assert!(err.contains(want) && err.lines().count() == 1, "{case}: {err}");
    }
    assert_eq!(fs::read_to_string(text).unwrap(), "hello", "it is left as it was");
}

#[test]
fn a_maildir_is_another_canary() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur", "tmp"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let known = token(0, 0, 1);
    let message = format!(
        "Return-Path: <>\nDelivered-To: u@audit.test\nReceived: from mx.target.test (10.0.0.1)\n\
         \tby mx.audit.test; x\nSubject: Undelivered\n\n> X-Mxaudit-Token: {known}\n"
    );
    fs::write(folder.path().join("new/1700000000.M1P2.host"), message).unwrap();
    let arrivals = Maildir::new(folder.path()).arrivals().unwrap();
    assert_eq!(arrivals.len(), 1);
    assert_eq!((&arrivals[0].token, arrivals[0].bounce), (&known, true));
    assert_eq!(arrivals[0].received, ["from mx.target.test (10.0.0.1) by mx.audit.test; x"]);
}
