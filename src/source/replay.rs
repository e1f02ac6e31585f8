//! A capture played back: the pacing of [`pacing`](super::pacing) over a reader, as a task.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::Batch;
use super::pacing::{Command, Due, Pacer, Speed, Status};
use crate::format::{BATCH, EventReader, FormatError};
use crate::lab::event::CaptureEvent;
use crate::lab::time::UnixMicros;

/// Events that become due within this time of each other go out together.
const GRAIN: Duration = Duration::from_millis(20);
/// How many events are looked through for the next advertisement, at least: where there is none among them, the silence
/// goes on as far as they do.
const MOST_AHEAD: usize = 4_096;
/// How many batches the channel to the consumer holds.
const CHANNEL_BATCHES: usize = 16;

/// Opens the capture from its beginning.
pub type Opener = Box<dyn FnMut() -> Result<Box<dyn EventReader>, FormatError> + Send>;

/// What a playback hands to its consumer.
#[derive(Debug)]
pub enum Feed {
    /// The next events.
    Events(Batch),
    /// Forget everything: what follows begins at the start of the capture.
    Reset,
}

/// How to play a capture back.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How fast.
    pub speed: Speed,
    /// Wait before the first event.
    pub paused: bool,
    /// Begin again at the end.
    pub looped: bool,
    /// Silences are shortened to this much of real waiting; `None` keeps them.
    pub longest_wait: Option<Duration>,
    /// Where to begin.
    pub start: Option<Command>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            speed: Speed::NORMAL,
            paused: false,
            looped: false,
            longest_wait: Some(Duration::from_secs(3)),
            start: None,
        }
    }
}

/// The consumer's ends of a playback.
pub struct Playback {
    /// Events and resets, in order.
    pub feed: mpsc::Receiver<Feed>,
    /// Takes what the person asks for.
    pub commands: mpsc::Sender<Command>,
    /// How it stands; its steady time counts from `origin`.
    pub status: watch::Receiver<Status>,
    /// Zero of the steady time.
    pub origin: Instant,
}

/// Starts a playback as a task of the present runtime. It ends when the consumer drops its ends.
#[must_use]
pub fn spawn(open: Opener, options: Options) -> Playback {
    let (feed, feed_receiver) = mpsc::channel(CHANNEL_BATCHES);
    let (commands, command_receiver) = mpsc::channel(CHANNEL_BATCHES);
    let pacer = Pacer::new(options.speed, options.longest_wait);
    let (status, status_receiver) = watch::channel(Status::new(pacer));
    let origin = Instant::now();
    let player = Player {
        open,
        options,
        reader: None,
        pending: VecDeque::new(),
        first: None,
        latest: None,
        silent_until: None,
        feed,
        status,
        pacer,
        ended: false,
        past_end: false,
        laps: 0,
        failure: None,
        origin,
    };
    tokio::spawn(player.run(command_receiver));
    Playback {
        feed: feed_receiver,
        commands,
        status: status_receiver,
        origin,
    }
}

/// The consumer is gone.
struct Closed;

struct Player {
    open: Opener,
    options: Options,
    reader: Option<Box<dyn EventReader>>,
    pending: VecDeque<CaptureEvent>,
    /// Time of the capture's first event, once known.
    first: Option<UnixMicros>,
    /// Time of the latest event that was played in this lap.
    latest: Option<UnixMicros>,
    /// Time of the next advertisement, once it was looked for.
    silent_until: Option<UnixMicros>,
    feed: mpsc::Sender<Feed>,
    status: watch::Sender<Status>,
    pacer: Pacer,
    ended: bool,
    past_end: bool,
    laps: u32,
    failure: Option<String>,
    origin: Instant,
}

impl Player {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        self.pacer.set_paused(self.options.paused, self.now());
        if let Some(start) = self.options.start
            && self.obey(start).await.is_err()
        {
            return;
        }
        loop {
            let due = self.next_due();
            self.publish();
            let played = tokio::select! {
                biased;
                // Both futures only wait; dropping either of them loses nothing.
                command = commands.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                () = wait(due, self.origin) => self.play_due(due).await,
                () = self.feed.closed() => return,
            };
            if played.is_err() {
                return;
            }
        }
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// When there is something to do without being asked; [`Due::Paused`] for never.
    fn next_due(&mut self) -> Due {
        if self.ended {
            return Due::Paused;
        }
        if !self.fill() {
            return Due::Now;
        }
        self.front_due()
    }

    /// When the next event is due. A stretch without advertisements is a silence, whatever else happens in it.
    fn front_due(&mut self) -> Due {
        let now = self.now();
        match self.pending.front().map(|event| (pacing_time(event), is_advert(event))) {
            Some((Some(at), true)) => self.pacer.due(at, now),
            Some((Some(at), false)) => {
                let end = self.silence_end().unwrap_or(at);
                self.pacer.due_in_silence(at, end, now)
            }
            _ if self.pacer.is_paused() => Due::Paused,
            _ => Due::Now,
        }
    }

    /// Time of the next advertisement; where none comes any more or for long, of the last event that was looked at.
    fn silence_end(&mut self) -> Option<UnixMicros> {
        if self.silent_until.is_none() {
            let mut seen = 0;
            let next = loop {
                let next = self.pending.range(seen..).find(|event| is_advert(event));
                if let Some(next) = next {
                    break Some(next.at());
                }
                seen = self.pending.len();
                if seen >= MOST_AHEAD || !self.read_more() {
                    break self.pending.iter().rev().find_map(pacing_time);
                }
            };
            self.silent_until = next;
        }
        self.silent_until
    }

    async fn play_due(&mut self, due: Due) -> Result<(), Closed> {
        if due == Due::Paused {
            return Ok(());
        }
        let mut batch = Batch::new();
        while batch.len() < BATCH && self.fill() {
            if self.front_due() != Due::Now {
                break;
            }
            self.take_into(&mut batch);
        }
        let is_over = self.pending.is_empty() && !self.fill();
        self.send(batch).await?;
        if is_over { self.end().await } else { Ok(()) }
    }

    async fn obey(&mut self, command: Command) -> Result<(), Closed> {
        let now = self.now();
        match command {
            Command::TogglePause if self.ended => {
                // It was asked to play, however it came to its end.
                self.pacer.set_paused(false, now);
                self.seek(None).await
            }
            Command::TogglePause => {
                self.pacer.set_paused(!self.pacer.is_paused(), now);
                Ok(())
            }
            Command::SetSpeed(speed) => {
                self.pacer.set_speed(speed, now);
                Ok(())
            }
            Command::ToggleLoop => {
                self.options.looped = !self.options.looped;
                Ok(())
            }
            Command::Step => self.step().await,
            Command::SeekTo(target) => self.seek(Some(target)).await,
            Command::SeekToOffset(offset) => {
                self.fill();
                let first = self.first.or_else(|| self.pending.iter().find_map(pacing_time));
                self.seek(first.map(|first| first.plus(offset))).await
            }
            Command::SeekBy(span) => {
                let position = self.status_now().data_time(now).or(self.latest);
                match position {
                    Some(position) => self.seek(Some(position.plus(span))).await,
                    None => Ok(()),
                }
            }
        }
    }

    async fn step(&mut self) -> Result<(), Closed> {
        let now = self.now();
        self.pacer.set_paused(true, now);
        let mut batch = Batch::new();
        while self.fill() {
            let Some(next) = self.pending.front() else { break };
            let at = pacing_time(next);
            self.take_into(&mut batch);
            if let Some(at) = at {
                self.pacer.jump(at, now);
                break;
            }
        }
        self.ended = self.pending.is_empty() && !self.fill();
        self.send(batch).await
    }

    /// Goes to a time, or to the beginning; back means from the beginning and fast.
    async fn seek(&mut self, target: Option<UnixMicros>) -> Result<(), Closed> {
        let is_back = match (target, self.latest) {
            (Some(target), Some(latest)) => target <= latest,
            (None, _) => true,
            (Some(_), None) => false,
        };
        if is_back {
            self.rewind().await?;
        }
        self.past_end = false;
        let Some(target) = target else { return Ok(()) };
        let mut batch = Batch::new();
        while self.fill() {
            match self.pending.front().map(pacing_time) {
                Some(Some(at)) if at >= target => break,
                _ => self.take_into(&mut batch),
            }
            if batch.len() >= BATCH {
                self.send(std::mem::take(&mut batch)).await?;
            }
        }
        let is_over = self.pending.is_empty();
        self.send(batch).await?;
        if is_over {
            self.ended = true;
            self.past_end = self.latest.is_some_and(|latest| latest < target);
        } else if self.latest.is_some() {
            let now = self.now();
            self.pacer.jump(target, now);
        }
        Ok(())
    }

    async fn rewind(&mut self) -> Result<(), Closed> {
        self.reader = None;
        self.pending.clear();
        self.latest = None;
        self.silent_until = None;
        self.pacer.rewind();
        self.ended = false;
        self.failure = None;
        self.feed.send(Feed::Reset).await.map_err(|_| Closed)
    }

    async fn end(&mut self) -> Result<(), Closed> {
        let heard_something = self.latest.is_some();
        if self.options.looped && heard_something && self.failure.is_none() {
            self.laps = self.laps.saturating_add(1);
            return self.rewind().await;
        }
        self.ended = true;
        if let Some(latest) = self.latest {
            let now = self.now();
            self.pacer.jump(latest, now);
        }
        Ok(())
    }

    /// Makes sure that there is a next event; `false` at the end.
    fn fill(&mut self) -> bool {
        while self.pending.is_empty() {
            if !self.read_more() {
                return !self.pending.is_empty();
            }
        }
        true
    }

    /// Reads on; whether there may be more.
    fn read_more(&mut self) -> bool {
        if self.failure.is_some() {
            return false;
        }
        let mut batch = Batch::new();
        let outcome = self.read(&mut batch);
        // What was read before a failure is still played.
        self.pending.extend(batch.drain(..));
        match outcome {
            Ok(more) => more,
            Err(error) => {
                self.failure = Some(error.to_string());
                false
            }
        }
    }

    fn read(&mut self, batch: &mut Batch) -> Result<bool, FormatError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert((self.open)()?),
        };
        reader.read(batch)
    }

    fn take_into(&mut self, batch: &mut Batch) {
        let Some(event) = self.pending.pop_front() else { return };
        if let Some(at) = pacing_time(&event) {
            self.first.get_or_insert(at);
            self.latest = Some(at);
        }
        if is_advert(&event) || self.pending.is_empty() {
            self.silent_until = None;
        }
        batch.push(event);
    }

    async fn send(&mut self, batch: Batch) -> Result<(), Closed> {
        if batch.is_empty() {
            return Ok(());
        }
        self.feed.send(Feed::Events(batch)).await.map_err(|_| Closed)
    }

    fn status_now(&self) -> Status {
        Status {
            pacer: self.pacer,
            next: self
                .pending
                .iter()
                .find_map(pacing_time)
                .or(self.latest.filter(|_| self.ended)),
            ended: self.ended,
            past_end: self.past_end,
            looped: self.options.looped,
            laps: self.laps,
            damaged: self.reader.as_ref().map_or(0, |reader| reader.damage().count),
            failure: self.failure.clone(),
        }
    }

    fn publish(&self) {
        let status = self.status_now();
        self.status.send_if_modified(|old| {
            let changed = *old != status;
            *old = status;
            changed
        });
    }
}

/// The time that paces an event; introductions and marks have none.
fn pacing_time(event: &CaptureEvent) -> Option<UnixMicros> {
    match event {
        CaptureEvent::Other(other) if !other.kind.tells_time() => None,
        event => Some(event.at()),
    }
}

const fn is_advert(event: &CaptureEvent) -> bool {
    matches!(event, CaptureEvent::Advert(_))
}

/// Waits until then; never resolves for [`Due::Paused`].
async fn wait(due: Due, origin: Instant) {
    match due {
        Due::Now => {}
        Due::At(at) => match origin.checked_add(at.saturating_add(GRAIN)) {
            Some(instant) => tokio::time::sleep_until(instant).await,
            None => std::future::pending().await,
        },
        Due::Paused => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
