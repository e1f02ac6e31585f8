//! Where the screen's events come from.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::app::model::{Model, SourceInfo};
use crate::app::{Effect, Msg, update};
use crate::clock;
use crate::format::native::Meta;
use crate::format::{EventReader, FormatError};
use crate::source::live::{self, Live};
use crate::source::pacing::{Command, Status};
use crate::source::replay::{Feed, Playback};
use crate::source::{Batch, RecorderSlot};

/// How long a radio may take to stop.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often is looked whether a stalled recorder goes on.
const STALL: Duration = Duration::from_millis(50);
/// Batches taken in one go before a frame gets its turn.
const MOST_BATCHES: usize = 64;

/// Opens what is played once more, to read it through.
pub type Reopen = Box<dyn FnOnce() -> Result<Box<dyn EventReader>, FormatError> + Send>;

/// What is known about what is played.
pub struct Origin {
    /// The native capture into which marks can be written.
    pub marks_go_to: Option<PathBuf>,
    /// What a recording of it says about itself.
    pub meta: Meta,
    /// Opens it once more; `None` where it can be read only once.
    pub reopen: Option<Reopen>,
}

/// Where the screen's events come from.
pub enum Source {
    /// Live radio; the recorder stands before the screen.
    Live {
        /// The radio.
        live: Live,
        /// Its events.
        batches: mpsc::Receiver<Batch>,
        /// How the radio is doing.
        status: watch::Receiver<live::Status>,
        /// Where a recorder may stand.
        recorder: RecorderSlot,
        /// What a recording of it says about itself.
        meta: Box<Meta>,
    },
    /// A capture that is played back.
    Replay {
        /// The playback.
        playback: Playback,
        /// What is played.
        origin: Box<Origin>,
        /// Where a recorder may stand.
        recorder: RecorderSlot,
    },
    /// None yet: it is being looked for, and the screen is there meanwhile.
    Pending(Pin<Box<dyn Future<Output = (Source, SourceInfo)> + Send>>),
}

/// What a source has to say.
pub(super) enum News {
    Found(Box<(Source, SourceInfo)>),
    Radio,
    Events(Batch),
    Reset,
    Status,
}

impl From<Feed> for News {
    fn from(feed: Feed) -> Self {
        match feed {
            Feed::Events(batch) => Self::Events(batch),
            Feed::Reset => Self::Reset,
        }
    }
}

impl Source {
    /// The next thing the source has to say; never resolves when it has fallen silent for good.
    pub(super) async fn next(&mut self) -> Option<News> {
        match self {
            Self::Live { batches, status, .. } => tokio::select! {
                Some(batch) = batches.recv() => Some(News::Events(batch)),
                Ok(()) = status.changed() => Some(News::Radio),
                else => None,
            },
            Self::Pending(found) => Some(News::Found(Box::new(found.await))),
            Self::Replay { playback, recorder, .. } => loop {
                // A recorder whose disk stalls holds up the playback, not the screen.
                let has_room = recorder.has_room();
                tokio::select! {
                    Some(feed) = playback.feed.recv(), if has_room => return Some(feed.into()),
                    Ok(()) = playback.status.changed() => return Some(News::Status),
                    () = tokio::time::sleep(STALL), if !has_room => {}
                    else => return None,
                }
            },
        }
    }

    /// Takes what there is, and what else is queued. What is found in place of a pending source is given back.
    pub(super) fn take(&mut self, model: &mut Model, news: News) -> (Vec<Effect>, Option<(Source, SourceInfo)>) {
        let mut effects = Vec::new();
        let mut next = Some(news);
        for _ in 0..MOST_BATCHES {
            let msg = match next {
                Some(News::Events(batch)) => {
                    if let Self::Replay { recorder, .. } = self {
                        recorder.accept(&batch);
                    }
                    Msg::Events(batch)
                }
                Some(News::Reset) => {
                    // A recording goes forward in time only: what follows must not reach it.
                    if let Self::Replay { recorder, .. } = self
                        && recorder.put(None).is_some()
                    {
                        effects.push(Effect::EndRecording);
                    }
                    Msg::Reset
                }
                Some(News::Found(found)) => return (effects, Some(*found)),
                Some(News::Radio) => {
                    self.radio(model);
                    break;
                }
                Some(News::Status) => {
                    self.status(model);
                    break;
                }
                None => break,
            };
            effects.extend(update(model, msg));
            next = match self {
                Self::Live { batches, .. } => batches.try_recv().ok().map(News::Events),
                Self::Replay { playback, .. } => playback.feed.try_recv().ok().map(News::from),
                Self::Pending(_) => None,
            };
        }
        (effects, None)
    }

    fn radio(&mut self, model: &mut Model) {
        if let Self::Live { status, .. } = self {
            let trouble = status.borrow_and_update().error.clone();
            let text = trouble.map(|error| format!("{error} · {}", error.remedy()));
            update(model, Msg::Trouble(text));
        }
    }

    fn status(&mut self, model: &mut Model) {
        if let Self::Replay { playback, .. } = self {
            let status: Status = playback.status.borrow_and_update().clone();
            let now = status.data_time(playback.origin.elapsed());
            update(model, Msg::Playback(Box::new(status), now));
        }
    }

    pub(super) fn tick(&mut self, model: &mut Model) -> Vec<Effect> {
        let now = match self {
            Self::Live { .. } => Some(clock::wall()),
            Self::Replay { playback, .. } => {
                let status = playback.status.borrow();
                status.data_time(playback.origin.elapsed())
            }
            Self::Pending(_) => None,
        };
        update(model, Msg::Tick(now))
    }

    /// Whether time passes.
    pub(super) fn is_moving(&self) -> bool {
        match self {
            Self::Live { .. } => true,
            Self::Pending(_) => false,
            Self::Replay { playback, .. } => !playback.status.borrow().is_still(),
        }
    }

    /// Where a recorder may stand.
    pub(super) const fn recorder(&self) -> Option<&RecorderSlot> {
        match self {
            Self::Live { recorder, .. } | Self::Replay { recorder, .. } => Some(recorder),
            Self::Pending(_) => None,
        }
    }

    /// What a recording of it says about itself.
    pub(super) fn meta(&self) -> Meta {
        match self {
            Self::Live { meta, .. } => (**meta).clone(),
            Self::Replay { origin, .. } => origin.meta.clone(),
            Self::Pending(_) => Meta::default(),
        }
    }

    /// A playback that is busy with 16 commands can do without one more.
    pub(super) fn tell(&self, command: Command) {
        if let Self::Replay { playback, .. } = self {
            let _ = playback.commands.try_send(command);
        }
    }

    /// Lets a radio stop its scan in order, but does not wait for one that hangs.
    pub(super) async fn end(self) {
        if let Self::Live { live, mut batches, .. } = self {
            live.stop();
            let drained = async { while batches.recv().await.is_some() {} };
            // Too late is no failure: the operating system stops the scan of a program that is gone.
            let _ = tokio::time::timeout(FAREWELL, drained).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::lab::advert::Advertisement;
    use crate::lab::event::CaptureEvent;
    use crate::sink::{Sink, SinkError};
    use crate::source::pacing::{Pacer, Speed};

    struct Stalled(Arc<AtomicBool>);

    impl Sink for Stalled {
        fn accept(&mut self, _: &[CaptureEvent]) -> Result<(), SinkError> {
            assert!(self.has_room(), "a stalled recorder would hold up the screen");
            Ok(())
        }

        fn has_room(&self) -> bool {
            !self.0.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_recorder_holds_up_the_playback_alone() {
        let (feed, feed_receiver) = mpsc::channel(4);
        let (commands, _commands) = mpsc::channel(1);
        let (status, status_receiver) = watch::channel(Status::new(Pacer::new(Speed::NORMAL, None)));
        let is_stalled = Arc::new(AtomicBool::new(true));
        let recorder = RecorderSlot::default();
        recorder.put(Some(Box::new(Stalled(Arc::clone(&is_stalled)))));
        let mut source = Source::Replay {
            playback: Playback {
                feed: feed_receiver,
                commands,
                status: status_receiver,
                origin: tokio::time::Instant::now(),
            },
            origin: Box::new(Origin {
                marks_go_to: None,
                meta: Meta::default(),
                reopen: None,
            }),
            recorder,
        };
        let batch = vec![CaptureEvent::Advert(Advertisement::default())];
        feed.send(Feed::Events(batch)).await.unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(10), source.next()).await;
        assert!(waited.is_err(), "nothing is taken that could not be recorded");
        status.send_modify(|status| status.ended = true);
        assert!(matches!(source.next().await, Some(News::Status)), "all else goes on");
        is_stalled.store(false, Ordering::Relaxed);
        assert!(matches!(source.next().await, Some(News::Events(_))));
    }
}
