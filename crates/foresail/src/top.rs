//! `foresail top`: what may fail, in a terminal, as long as one looks.

mod page;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use console::Term;
use foresail_api::client::{Client, ClientError, ClientSettings, PredictionsAsked};
use foresail_api::{PredictionsBody, Secret, Status};
use serde::Serialize;

use crate::arguments::{Format, TopArguments};
use crate::clock::Stopwatch;
use crate::failure::{Failure, Result};
use crate::stdout::Output;
use page::{Size, header, rows};

/// Longest time of one question.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Predictions that are shown where the height of the terminal is not known.
const DEFAULT_LIMIT: usize = 20;
/// Characters a line where the width of the terminal is not known.
const DEFAULT_WIDTH: usize = 160;

/// Another screen, no cursor, no line breaks of the terminal's own; and all of that undone.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// To the first cell; to the end of the line; to the end of the screen.
const HOME: &str = "\x1b[H";
const END_OF_LINE: &str = "\x1b[K\r\n";
const END_OF_SCREEN: &str = "\x1b[J";

/// What was read of the service.
#[derive(Serialize)]
struct Look {
    status: Status,
    /// Null before the first tick.
    predictions: Option<PredictionsBody>,
}

/// Another screen, until it is dropped.
struct Screen;

/// Shows what may fail.
pub(crate) fn run(arguments: &TopArguments) -> Result<()> {
    let client = client(arguments)?;
    let failed = |error| Failure::writing(error, "failed to start");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let once = arguments.once || !io::stdout().is_terminal();
    match (arguments.format, once) {
        (Format::Json, _) => runtime.block_on(async {
            let look = look(&client, arguments, Size::default()).await.map_err(unread)?;
            let mut output = Output::new();
            output.json(&look)?;
            output.flush()
        }),
        (Format::Text, true) => runtime.block_on(async {
            // A page for a file or a pipe has the width that it needs.
            let look = look(&client, arguments, Size::default()).await.map_err(unread)?;
            let mut output = Output::new();
            for line in page(&look, Size::default()) {
                output.line(line)?;
            }
            output.flush()
        }),
        (Format::Text, false) => runtime.block_on(watch(&client, arguments)),
    }
}

fn client(arguments: &TopArguments) -> Result<Client> {
    let token = match &arguments.token_file {
        None => None,
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                Failure::reading(error, format!("failed to read `{}`", file.display()))
            })?;
            Some(Secret::new(&text))
        }
    };
    Client::new(&ClientSettings { server: arguments.server.clone(), token, timeout: TIMEOUT })
        .map_err(unread)
}

/// Repaints until Ctrl-C; a service that does not answer may come back.
async fn watch(client: &Client, arguments: &TopArguments) -> Result<()> {
    let failed = |error| Failure::writing(error, "failed to write to the terminal");
    // What cannot be mended by waiting is said before the screen is taken.
    let mut look_now = look(client, arguments, Size::of_terminal()).await;
    if let Err(error @ (ClientError::Refused { .. } | ClientError::Settings { .. })) = look_now {
        return Err(unread(error));
    }
    let _screen = Screen::take().map_err(failed)?;
    let mut last: Option<(Look, Stopwatch)> = None;
    loop {
        let size = Size::of_terminal();
        let mut lines = Vec::new();
        match look_now {
            Ok(look) => last = Some((look, Stopwatch::start())),
            Err(error) => {
                let age = last.as_ref().map(|(_, read)| page::age(read.elapsed()));
                let age = age.unwrap_or_default();
                lines.push(page::line(&format!("{age}{}", unread(error)), size));
            }
        }
        lines.extend(last.iter().flat_map(|(look, _)| page(look, size)));
        paint(&lines, size).map_err(failed)?;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(arguments.interval)) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
        tokio::select! {
            read = look(client, arguments, size) => look_now = read,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

async fn look(
    client: &Client,
    arguments: &TopArguments,
    size: Size,
) -> std::result::Result<Look, ClientError> {
    let status = client.status().await?;
    let asked = PredictionsAsked {
        kind: arguments.kind.clone(),
        namespace: arguments.namespace.clone(),
        // Leaves out objects without enough data: the header counts what is known.
        min_probability: Some(0.0),
        limit: Some(
            arguments.limit.map_or_else(|| size.rows(DEFAULT_LIMIT), |limit| limit as usize),
        ),
    };
    let predictions = match status.last_tick {
        None => None,
        Some(_) => Some(client.predictions(&asked).await?),
    };
    Ok(Look { status, predictions })
}

fn page(look: &Look, size: Size) -> Vec<String> {
    let mut lines = header(&look.status, look.predictions.as_ref(), size);
    lines.push(String::new());
    match &look.predictions {
        None => lines.push("nothing was assessed yet".to_owned()),
        Some(body) => lines.extend(rows(&body.predictions, size)),
    }
    lines
}

/// Paints over what stood there, so that nothing flickers.
fn paint(lines: &[String], size: Size) -> io::Result<()> {
    let mut text = String::from(HOME);
    let shown = lines.len().min(size.height.unwrap_or(usize::MAX).saturating_sub(1));
    for line in lines.iter().take(shown) {
        text.push_str(line);
        text.push_str(END_OF_LINE);
    }
    text.push_str(END_OF_SCREEN);
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn unread(error: ClientError) -> Failure {
    match error {
        ClientError::Settings { .. } => Failure::Input(error.into()),
        ClientError::Unreachable { .. }
        | ClientError::Refused { .. }
        | ClientError::Answer { .. } => Failure::Environment(error.into()),
        other => Failure::Environment(other.into()),
    }
}

// === impl Screen ===

impl Screen {
    fn take() -> io::Result<Self> {
        let mut out = io::stdout().lock();
        out.write_all(ENTER.as_bytes())?;
        out.flush()?;
        Ok(Self)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let mut out = io::stdout().lock();
        let _ = out.write_all(LEAVE.as_bytes()).and_then(|()| out.flush());
    }
}

// === impl Size ===

impl Size {
    fn of_terminal() -> Self {
        match Term::stdout().size_checked() {
            Some((height, width)) => Self {
                width: usize::from(width).max(40),
                height: Some(usize::from(height).max(10)),
            },
            None => Self::default(),
        }
    }
}

impl Default for Size {
    fn default() -> Self {
        Self { width: DEFAULT_WIDTH, height: None }
    }
}
