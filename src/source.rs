//! Where events come from: live radio, a capture played back, the simulator.
//!
//! Every source runs as a task of its own and hands its events to an [`Outlet`]; what stands behind the outlet is the
//! same for all of them.

pub mod assemble;
#[cfg(feature = "ble")]
mod ble;
pub mod ble_error;
pub mod live;
pub mod pacing;
pub mod probe;
pub mod replay;
#[cfg(target_os = "linux")]
mod sysfs;
pub mod watchdog;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::lab::event::CaptureEvent;
use crate::sink::{Sink, SinkError};

/// Events in order, as they go through the channel.
pub type Batch = Vec<CaptureEvent>;

/// How many batches the channel to the consumer holds.
const CHANNEL_BATCHES: usize = 64;
/// How many events a live source holds back for a slow consumer before it drops the oldest.
const BACKLOG_EVENTS: usize = 200_000;

/// Where a recorder can be put in and taken out while the source runs.
#[derive(Clone, Default)]
pub struct RecorderSlot(Arc<Mutex<Slot>>);

#[derive(Default)]
struct Slot {
    sink: Option<Box<dyn Sink>>,
    failure: Option<SinkError>,
}

impl RecorderSlot {
    /// Puts a recorder in; gives the one that was there.
    pub fn put(&self, sink: Option<Box<dyn Sink>>) -> Option<Box<dyn Sink>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.failure = None;
        std::mem::replace(&mut slot.sink, sink)
    }

    /// Why the recorder stopped by itself, once.
    #[must_use]
    pub fn take_failure(&self) -> Option<SinkError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failure.take()
    }

    /// Whether a recorder, if there is one, can take more without making the source wait.
    #[cfg(feature = "tui")]
    pub(crate) fn has_room(&self) -> bool {
        let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.sink.as_ref().is_none_or(|sink| sink.has_room())
    }

    /// Records events: those of the source, and what a person notes down beside them.
    /// `false` where there is no recorder, or it has just failed.
    pub(crate) fn accept(&self, events: &[CaptureEvent]) -> bool {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match slot.sink.as_mut().map(|sink| sink.accept(events)) {
            Some(Ok(())) => true,
            Some(Err(failure)) => {
                slot.failure = Some(failure);
                slot.sink = None;
                false
            }
            None => false,
        }
    }
}

/// The end of a source: hands events to the recorder first, then to the consumer.
pub struct Outlet {
    recorder: RecorderSlot,
    consumer: mpsc::Sender<Batch>,
    backlog: Batch,
    lost_by_consumer: u64,
}

/// The consumer is gone: the source has nothing left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl Outlet {
    /// An outlet with its recorder slot and the consumer's end.
    #[must_use]
    pub fn new() -> (Self, RecorderSlot, mpsc::Receiver<Batch>) {
        let (consumer, receiver) = mpsc::channel(CHANNEL_BATCHES);
        let recorder = RecorderSlot::default();
        let outlet = Self {
            recorder: recorder.clone(),
            consumer,
            backlog: Batch::new(),
            lost_by_consumer: 0,
        };
        (outlet, recorder, receiver)
    }

    /// For sources that can wait (replay): records, then waits for room in the channel.
    ///
    /// # Errors
    /// [`Closed`] when the consumer is gone. Cancelling the future loses the batch for the consumer, not for the
    /// recorder.
    pub async fn send(&mut self, batch: Batch) -> Result<(), Closed> {
        self.recorder.accept(&batch);
        self.consumer.send(batch).await.map_err(|_| Closed)
    }

    /// For live sources, which must never wait: records, then hands over what there is room for. A consumer that stays
    /// behind loses its oldest events, which are counted; the recording loses nothing.
    ///
    /// # Errors
    /// [`Closed`] when the consumer is gone.
    pub fn push(&mut self, batch: Batch) -> Result<(), Closed> {
        self.recorder.accept(&batch);
        self.backlog.extend(batch);
        if self.backlog.is_empty() {
            return Ok(());
        }
        match self.consumer.try_reserve() {
            Ok(permit) => {
                permit.send(std::mem::take(&mut self.backlog));
                Ok(())
            }
            Err(mpsc::error::TrySendError::Full(())) => {
                let excess = self.backlog.len().saturating_sub(BACKLOG_EVENTS);
                if excess > 0 {
                    self.backlog.drain(..excess + BACKLOG_EVENTS / 10);
                    self.lost_by_consumer += excess as u64 + (BACKLOG_EVENTS / 10) as u64;
                }
                Ok(())
            }
            Err(mpsc::error::TrySendError::Closed(())) => Err(Closed),
        }
    }

    /// How many events the consumer was too slow for.
    #[must_use]
    pub const fn lost_by_consumer(&self) -> u64 {
        self.lost_by_consumer
    }

    /// Resolves when the consumer is gone.
    pub async fn closed(&self) {
        self.consumer.closed().await;
    }
}
