//! The thread behind a live source.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures::future::{Fuse, FusedFuture, FutureExt};
use futures::stream::StreamExt;
use tokio::runtime;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use super::{Live, Options, Status};
use crate::clock;
use crate::lab::event::{AdapterState, CaptureEvent, EventKind, StationInfo};
use crate::lab::time::{Micros, UnixMicros};
use crate::source::Outlet;
use crate::source::assemble::{Assembler, HostEvent};
use crate::source::ble::{self, Opened, Scan, Told};
use crate::source::ble_error::BleError;
use crate::source::watchdog::{Record, Watchdog};

/// How long a scan may take to begin.
const OPEN_LIMIT: Duration = Duration::from_secs(10);
/// How long after that the first word is waited for. Connecting blocks the thread behind a bus that is mute, so that its own
/// limit cannot end it; the thread is left behind.
const MUTE_LIMIT: Duration = Duration::from_secs(2);
/// How long the service may take to answer the watchdog, or to stop.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// How often, and how far apart, an adapter that seems switched off is looked at: one that is pulled out needs a moment to be
/// gone, longer on a busy machine.
const UNPLUG_LOOKS: u32 = 8;
const UNPLUG_PAUSE: Duration = Duration::from_millis(125);

type Word = Result<StationInfo, BleError>;
type Begun = oneshot::Sender<Word>;

pub(super) async fn start(options: Options, outlet: Outlet) -> Result<Live, BleError> {
    let (begun, first) = oneshot::channel();
    let (stop, stopped) = watch::channel(false);
    let (status, status_receiver) = watch::channel(Status {
        state: AdapterState::Gone,
        error: None,
    });
    let mut driver = Driver {
        record: Record::new(options.station),
        options,
        outlet,
        begun: Some(begun),
        stopped,
        status,
        watchdog: Watchdog::new(),
        epoch: clock::steady(),
    };
    std::thread::Builder::new()
        .name("radio".to_owned())
        .spawn(move || driver.run())
        .map_err(|error| failed(error.to_string()))?;
    let station = first_word(first, OPEN_LIMIT + MUTE_LIMIT).await?;
    Ok(Live {
        station,
        capabilities: ble::CAPABILITIES,
        status: status_receiver,
        stop,
    })
}

fn failed(message: String) -> BleError {
    BleError::Other {
        name: "thread".to_owned(),
        message,
    }
}

/// What the thread says of its start.
async fn first_word(first: oneshot::Receiver<Word>, limit: Duration) -> Word {
    match timeout(limit, first).await {
        Ok(word) => word.map_err(|_| failed("the radio thread ended".to_owned()))?,
        Err(_) => Err(BleError::BusDead(format!("no answer within {} s", limit.as_secs()))),
    }
}

struct Driver {
    options: Options,
    outlet: Outlet,
    begun: Option<Begun>,
    stopped: watch::Receiver<bool>,
    status: watch::Sender<Status>,
    watchdog: Watchdog,
    record: Record,
    epoch: Instant,
}

/// Why an attempt ended.
enum Ended {
    /// By request, or because the consumer is gone.
    Wanted,
    /// The scan could not begin.
    NotBegun(BleError),
    /// The scan ran and was lost.
    Lost(BleError),
}

impl Driver {
    fn run(&mut self) {
        let mut pause = Duration::ZERO;
        loop {
            let ended = match runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(self.attempt(pause)),
                Err(error) => Ended::NotBegun(BleError::Other {
                    name: "runtime".to_owned(),
                    message: error.to_string(),
                }),
            };
            let (error, ran) = match ended {
                Ended::Wanted => break,
                Ended::NotBegun(error) => (error, false),
                Ended::Lost(error) => (error, true),
            };
            if let Some(begun) = self.begun.take() {
                // Nobody waits for the answer any more: then nobody needs it.
                let _ = begun.send(Err(error));
                return;
            }
            let mut events = Vec::new();
            self.record.lost(clock::wall(), &error, &mut events);
            self.status.send_replace(Status {
                state: error.state(),
                error: Some(error),
            });
            if self.outlet.push(events).is_err() {
                break;
            }
            pause = self.watchdog.pause(self.now(), ran);
        }
        let mut events = Vec::new();
        self.record.close(clock::wall(), &mut events);
        // A consumer that is gone needs no last event; the recorder got it.
        let _ = self.outlet.push(events);
    }

    /// Steady time since the source began.
    fn now(&self) -> Duration {
        clock::steady().saturating_duration_since(self.epoch)
    }

    async fn attempt(&mut self, pause: Duration) -> Ended {
        let (opened, mut scan) = {
            let opening = async {
                sleep(pause).await;
                timeout(OPEN_LIMIT, ble::open(&self.options))
                    .await
                    .unwrap_or(Err(BleError::Timeout(OPEN_LIMIT.as_secs())))
            };
            tokio::select! {
                biased;
                () = wanted(&mut self.stopped, &self.outlet) => return Ended::Wanted,
                opened = opening => match opened {
                    Ok(opened) => opened,
                    Err(error) => return Ended::NotBegun(error),
                },
            }
        };
        let mut assembler = Assembler::new(ble::RULES, self.options.station);
        if self.began(opened, &mut assembler).is_err() {
            return Ended::Wanted;
        }
        let ended = self.listen(&mut scan, &mut assembler).await;
        let mut adverts = Vec::new();
        assembler.finish(&mut adverts);
        let is_closed = self.push(adverts).is_err();
        match ended {
            Ended::Wanted => {
                // It ends with the connection anyway; asking first is only polite.
                let _ = timeout(ANSWER_LIMIT, scan.stop()).await;
                Ended::Wanted
            }
            _ if is_closed => Ended::Wanted,
            lost => lost,
        }
    }

    /// The scan runs: tells everyone.
    fn began(&mut self, opened: Opened, assembler: &mut Assembler) -> Result<(), super::super::Closed> {
        let at = clock::wall();
        let mut events = Vec::new();
        // Before the start is told: who hears of it looks at the state from then on, and would take this for a change.
        self.status.send_replace(Status {
            state: AdapterState::Scanning,
            error: None,
        });
        if let Some(begun) = self.begun.take() {
            let station = EventKind::Station(opened.station.clone());
            events.push(CaptureEvent::other(at, self.options.station, station));
            // Without anyone who waits the consumer is gone too, which the next push tells.
            let _ = begun.send(Ok(opened.station));
        }
        for (id, properties) in opened.remembered {
            assembler.feed(at, HostEvent::Remembered(id, properties), &mut Vec::new());
        }
        self.record.back(at, &mut events);
        self.watchdog.started(self.now());
        self.outlet.push(events)
    }

    async fn listen(&mut self, scan: &mut Scan, assembler: &mut Assembler) -> Ended {
        let Scan { events, link } = scan;
        let mut question = pin!(Fuse::terminated());
        let mut adverts = Vec::new();
        loop {
            let ask_in = self.watchdog.next_question().saturating_sub(self.now());
            let flush_in = assembler.deadline().map(|deadline| until(deadline, clock::wall()));
            tokio::select! {
                biased;
                () = wanted(&mut self.stopped, &self.outlet) => return Ended::Wanted,
                event = events.next() => {
                    let at = clock::wall();
                    let Some(event) = event else {
                        return Ended::Lost(BleError::ScanStopped);
                    };
                    match link.translate(event, assembler).await {
                        Told::Nothing => {}
                        Told::PoweredOff => return Ended::Lost(why_off(link).await),
                        Told::Events(told) => {
                            self.record.alive(at);
                            self.watchdog.heard(self.now());
                            for event in told {
                                assembler.feed(at, event, &mut adverts);
                            }
                        }
                    }
                }
                pulse = &mut question => match pulse {
                    Err(_) => return Ended::Lost(BleError::Timeout(ANSWER_LIMIT.as_secs())),
                    Ok(Err(error)) => return Ended::Lost(error),
                    Ok(Ok(pulse)) => match self.watchdog.answered(self.now(), pulse) {
                        Ok(()) => self.record.alive(clock::wall()),
                        Err(BleError::PoweredOff(_)) => return Ended::Lost(why_off(link).await),
                        Err(error) => return Ended::Lost(error),
                    },
                },
                () = sleep(ask_in), if question.is_terminated() => {
                    question.set(timeout(ANSWER_LIMIT, link.pulse()).fuse());
                }
                () = sleep(flush_in.unwrap_or_default()), if flush_in.is_some() => {
                    assembler.flush(clock::wall(), &mut adverts);
                }
            }
            if self.push(std::mem::take(&mut adverts)).is_err() {
                return Ended::Wanted;
            }
        }
    }

    /// Hands on what is wanted of the advertisements. An empty batch gives the consumer what it had no room for before.
    fn push(&mut self, adverts: Vec<crate::lab::advert::Advertisement>) -> Result<(), super::super::Closed> {
        let only = self.options.only;
        let kept = adverts.into_iter().filter(|advert| only.keeps(&advert.data));
        self.outlet.push(kept.map(CaptureEvent::Advert).collect())
    }
}

/// Why the adapter does not work. The service tells of one that is unplugged that it is off, before the kernel lets it go;
/// so what looks switched off is looked at again for a moment.
async fn why_off(link: &ble::Link) -> BleError {
    settled(|| link.why_off()).await
}

async fn settled(mut look: impl FnMut() -> BleError) -> BleError {
    let mut seen = look();
    for _ in 0..UNPLUG_LOOKS {
        if !matches!(seen, BleError::PoweredOff(_)) {
            break;
        }
        sleep(UNPLUG_PAUSE).await;
        seen = look();
    }
    seen
}

/// A moment more than is needed, so that the deadline has passed when it is looked at.
fn until(deadline: UnixMicros, now: UnixMicros) -> Duration {
    let Micros(left) = deadline.since(now);
    Duration::from_micros(u64::try_from(left).unwrap_or_default()) + Duration::from_millis(1)
}

/// Resolves when the source shall end.
async fn wanted(stopped: &mut watch::Receiver<bool>, outlet: &Outlet) {
    let asked = async {
        // An error means that the owner was dropped, which is a request too.
        let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
    };
    tokio::select! {
        () = asked => {}
        () = outlet.closed() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_adapter_that_is_pulled_out_is_gone_and_not_off() {
        let off = || BleError::PoweredOff("hci0".to_owned());
        let mut looks = [off(), off(), BleError::AdapterGone].into_iter();
        let seen = settled(|| looks.next().expect("it looks no further than that")).await;
        assert_eq!(seen, BleError::AdapterGone);
        let mut looks = 0;
        let seen = settled(|| {
            looks += 1;
            off()
        });
        assert_eq!(seen.await, off());
        assert_eq!(looks, 1 + UNPLUG_LOOKS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_thread_that_says_nothing_is_held_up_by_the_bus() {
        let (said, first) = oneshot::channel();
        let limit = OPEN_LIMIT + MUTE_LIMIT;
        assert_eq!(
            first_word(first, limit).await,
            Err(BleError::BusDead("no answer within 12 s".to_owned()))
        );
        assert!(said.is_closed());

        let (said, first) = oneshot::channel();
        said.send(Err(BleError::AdapterGone)).expect("it is waited for");
        assert_eq!(first_word(first, limit).await, Err(BleError::AdapterGone));

        let (said, first) = oneshot::channel::<Word>();
        drop(said);
        assert!(matches!(first_word(first, limit).await, Err(BleError::Other { .. })));
    }
}
