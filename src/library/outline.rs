//! What a capture amounts to, and when what happened in it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Density;
use crate::format::{DamageLog, EventReader};
use crate::lab::advert::{Advertisement, DataStatus};
use crate::lab::beacon::Family;
use crate::lab::event::{CaptureEvent, Mark};
use crate::lab::ledger::Ledger;
use crate::lab::session::Session;
use crate::lab::step;
use crate::lab::text::printable;
use crate::lab::time::UnixMicros;
use crate::runtime::session_options;

/// Events that are put into the session at a time.
const AT_A_TIME: usize = 4096;
/// Marks, gaps and rotations kept, of each; the session keeps no more either.
const MOST: usize = 10_000;
/// Longest text of a mark, in characters.
const MOST_TEXT: usize = 200;

/// What a capture amounts to, and when what happened in it. Times are those of the source's clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// Earliest time of what was heard or happened; marks do not count. `None` where there is nothing.
    pub first: Option<UnixMicros>,
    /// Latest time, as `first`.
    pub last: Option<UnixMicros>,
    /// Advertisements; scan responses, fragments and frames with a bad check sum are none.
    pub adverts: u64,
    /// Of these, exposure notifications.
    pub gaen: u64,
    /// Answers to scan requests.
    pub scan_responses: u64,
    /// Different addresses.
    pub addresses: usize,
    /// Different identifiers of exposure notifications.
    pub identifiers: usize,
    /// How often an identifier came to an address that had another before and kept, at each receiver: should be never.
    /// Addresses that a controller resolved do not count.
    pub out_of_step: usize,
    /// What engineers marked, by time.
    pub marks: Vec<OutlineMark>,
    /// When identifiers came, by time.
    pub rotations: Vec<Rotation>,
    /// From when to when nothing could be heard, in order of noticing.
    pub gaps: Vec<(UnixMicros, UnixMicros)>,
    /// Advertisements over time: as many as `adverts`.
    pub density: Density,
    /// Records that were damaged.
    pub damage: DamageLog,
    /// Why the capture could not be read to its end; what came before counts. Not neutralised.
    pub failure: Option<String>,
    /// In which record of its file each advertisement is, see [`EventReader::take_numbers`]; only of a time line.
    pub numbers: Option<Vec<u32>>,
    /// Marks, gaps and rotations that were too many to keep.
    pub left_out: u64,
}

/// A mark on the time line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineMark {
    /// From when it holds.
    pub at: UnixMicros,
    /// Until when; `None` for until the next.
    pub to: Option<UnixMicros>,
    /// What it says, safe to show, at most 200 characters.
    pub text: String,
}

/// An identifier that was heard for the first time, or for the first time at an address that kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// When.
    pub at: UnixMicros,
    /// Whether the address had another identifier before.
    pub is_out_of_step: bool,
}

/// Reads a capture to its end, or until `stop` is set (what was read by then counts).
pub fn outline(reader: &mut dyn EventReader, stop: &AtomicBool) -> Outline {
    let mut session = Session::new(session_options());
    let mut density = Density::default();
    let mut events = Vec::new();
    let mut failure = None;
    let mut goes_on = true;
    while goes_on && !stop.load(Ordering::Relaxed) {
        match reader.read(&mut events) {
            Ok(more) => goes_on = more,
            Err(error) => {
                failure = Some(error.to_string());
                goes_on = false;
            }
        }
        if events.len() >= AT_A_TIME {
            take(&events, &mut session, &mut density);
            events.clear();
        }
    }
    take(&events, &mut session, &mut density);
    Outline {
        failure,
        damage: reader.damage().clone(),
        density,
        ..of_session(&session)
    }
}

/// As [`outline`], of what is played: with the numbers of its records.
pub fn timeline(reader: &mut dyn EventReader, stop: &AtomicBool) -> Outline {
    reader.number_records();
    let outline = outline(reader, stop);
    Outline {
        numbers: reader.take_numbers(),
        ..outline
    }
}

fn take(events: &[CaptureEvent], session: &mut Session, density: &mut Density) {
    session.ingest_all(events);
    for event in events {
        if let CaptureEvent::Advert(advert) = event
            && counts(advert)
        {
            density.add(advert.at);
        }
    }
}

/// Whether the session counts this report as an advertisement.
fn counts(advert: &Advertisement) -> bool {
    !advert.details.bad_crc && advert.data_status() != DataStatus::MoreToCome && !advert.is_scan_response()
}

fn of_session(session: &Session) -> Outline {
    let totals = session.totals();
    let gaen = Family::ALL.iter().filter(|family| family.is_gaen());
    let mut marks: Vec<_> = session.marks().take(MOST).map(outline_mark).collect();
    marks.sort_by_key(|mark| mark.at);
    let mut outline = Outline {
        first: session.span().map(|(first, _)| first),
        last: session.span().map(|(_, last)| last),
        adverts: totals.adverts,
        gaen: gaen.map(|family| totals.of_family(*family)).sum(),
        scan_responses: totals.scan_responses,
        addresses: addresses(session.ledger()),
        marks,
        gaps: session.gaps().iter().take(MOST).map(|gap| (gap.from, gap.to)).collect(),
        left_out: totals.notes_left_out,
        ..Outline::default()
    };
    find_rotations(session.ledger(), &mut outline);
    outline
}

fn addresses(ledger: &Ledger) -> usize {
    let mut addresses: Vec<_> = ledger.keys().map(|key| key.address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.len()
}

/// As the log on the screen notes them: by the first hearing of each identifier at each address of each receiver.
fn find_rotations(ledger: &Ledger, outline: &mut Outline) {
    let mut known = HashSet::new();
    let mut first_of_address = HashMap::new();
    for record in ledger.iter() {
        let Some(rpi) = record.rpi() else { continue };
        let first = first_of_address.entry(record.key()).or_insert(record.first);
        let is_out_of_step = *first < record.first && step::is_observable(record.key());
        *first = record.first.min(*first);
        outline.out_of_step += usize::from(is_out_of_step);
        if !known.insert(rpi) && !is_out_of_step {
            continue;
        }
        if outline.rotations.len() < MOST {
            outline.rotations.push(Rotation {
                at: record.first,
                is_out_of_step,
            });
        } else {
            outline.left_out += 1;
        }
    }
    outline.identifiers = known.len();
    outline.rotations.sort_by_key(|rotation| rotation.at);
}

impl OutlineMark {
    /// What a mark says, in one line.
    #[must_use]
    pub fn new(mark: &Mark) -> Self {
        outline_mark(mark)
    }
}

fn outline_mark(mark: &Mark) -> OutlineMark {
    let distance = mark.distance.map(|distance| format!("{} m", distance.0));
    let texts = [&mark.device, &mark.model, &mark.orientation, &mark.obstacle, &mark.note];
    let texts = texts.into_iter().filter(|text| !text.is_empty());
    let parts: Vec<&str> = distance.iter().chain(texts).map(String::as_str).collect();
    let text: String = parts.join(", ").chars().take(MOST_TEXT).collect();
    OutlineMark {
        at: mark.from,
        to: mark.to,
        text: printable(&text).into_owned(),
    }
}

#[cfg(test)]
mod tests;
