//! A real browser, Debian's Chromium without a window, told what to do by its DevTools protocol.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket, client};

/// For whatever the browser is asked, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A browser with one page; it ends with this value.
pub(crate) struct Browser {
    process: Child,
    folder: TempDir,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    asked: u64,
    /// What it told without being asked.
    pub(crate) events: Vec<Value>,
}

/// Whether there is a browser.
pub(crate) fn is_installed() -> bool {
    let found = Command::new("chromium").arg("--version").stderr(Stdio::null()).output();
    found.is_ok_and(|output| output.status.success())
}

impl Browser {
    pub(crate) fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let process = Command::new("chromium")
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args(["--disable-dev-shm-usage", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("chromium")?;
        let (port, path) = door(folder.path())?;
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (socket, _) = client(format!("ws://127.0.0.1:{port}{path}"), stream)?;
        let mut browser =
            Self { process, folder, socket, session: None, asked: 0, events: Vec::new() };
        let page = browser.ask("Target.createTarget", json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", attach)?;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for part in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{part}.enable"), json!({}))?;
        }
        Ok(browser)
    }

    /// A folder that ends with the browser.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Asks the browser, or its page where there is one, and returns the answer.
    pub(crate) fn ask(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.asked += 1;
        let id = self.asked;
        let mut question = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            question["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(question.to_string()))?;
        loop {
            let mut told = self.hear()?;
            if told["id"] == json!(id) {
                ensure!(told["error"].is_null(), "{method}: {}", told["error"]);
                return Ok(told["result"].take());
            }
            self.events.push(told);
        }
    }

    fn hear(&mut self) -> Result<Value> {
        loop {
            if let Message::Text(text) = self.socket.read()? {
                return Ok(serde_json::from_str(&text)?);
            }
        }
    }

    /// Opens a file and waits until all of it is there.
    pub(crate) fn open(&mut self, file: &Path) -> Result<()> {
        self.events.clear();
        self.ask("Page.navigate", json!({ "url": format!("file://{}", file.display()) }))?;
        let end = Instant::now() + PATIENCE;
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            ensure!(Instant::now() < end, "{} was not read to its end", file.display());
            let told = self.hear()?;
            self.events.push(told);
        }
        Ok(())
    }

    /// What an expression is worth in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Result<Value> {
        let parameters =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut told = self.ask("Runtime.evaluate", parameters)?;
        ensure!(told["exceptionDetails"].is_null(), "{expression}: {}", told["exceptionDetails"]);
        Ok(told["result"]["value"].take())
    }

    /// Clicks into the middle of what a selector finds first, of its first line where it has several.
    pub(crate) fn click(&mut self, selector: &str) -> Result<()> {
        let quoted = Value::from(selector).to_string();
        let place = self.value(&format!(
            "(() => {{ const e = document.querySelector({quoted}); e.scrollIntoView({{block: 'center'}}); \
             const r = e.getClientRects()[0]; return [r.x + r.width / 2, r.y + r.height / 2] }})()"
        ))?;
        for kind in ["mousePressed", "mouseReleased"] {
            let button = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", button)?;
        }
        Ok(())
    }

    /// Presses a key; `text` is what it types.
    pub(crate) fn press(&mut self, key: &str, code: u32, text: &str) -> Result<()> {
        let event = |kind, text| json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
        self.ask("Input.dispatchKeyEvent", event("keyDown", text))?;
        self.ask("Input.dispatchKeyEvent", event("keyUp", ""))?;
        Ok(())
    }

    /// Types into what has the focus.
    pub(crate) fn write(&mut self, text: &str) -> Result<()> {
        self.ask("Input.insertText", json!({ "text": text })).map(|_| ())
    }

    /// Makes the window as wide as a device.
    pub(crate) fn resize(&mut self, width: u32, height: u32) -> Result<()> {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.ask("Emulation.setDeviceMetricsOverride", screen).map(|_| ())
    }

    /// Keeps what is seen as `NAME.png` in the folder that `MXAUDIT_PICTURES` names, if it names one.
    pub(crate) fn picture(&mut self, name: &str) -> Result<()> {
        let Some(folder) = std::env::var_os("MXAUDIT_PICTURES") else { return Ok(()) };
        let told = self.ask("Page.captureScreenshot", json!({ "format": "png" }))?;
        let text = told["data"].as_str().context("no picture")?;
        let bytes = data_encoding::BASE64.decode(text.as_bytes())?;
        Ok(fs::write(Path::new(&folder).join(format!("{name}.png")), bytes)?)
    }

    /// Fails where the page has said anything on its console, asked for anything but itself, or opened a dialogue.
    pub(crate) fn was_quiet(&self) -> Result<()> {
        let loud = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded") => true,
            Some("Page.javascriptDialogOpening") => true,
            Some("Network.requestWillBeSent") => event["params"]["type"] != "Document",
            _ => false,
        };
        match self.events.iter().find(loud) {
            Some(event) => bail!("{event}"),
            None => Ok(()),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the browser listens, which it writes into its folder.
fn door(folder: &Path) -> Result<(u16, String)> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let text = fs::read_to_string(folder.join("DevToolsActivePort")).unwrap_or_default();
        if let Some((port, path)) = text.split_once('\n').filter(|(_, path)| path.len() > 1) {
            return Ok((port.parse()?, path.trim().to_owned()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("chromium does not say where it listens")
}
