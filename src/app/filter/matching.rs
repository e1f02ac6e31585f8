//! Whether a filter lets a device through. Runs over thousands of devices a few times a second.

use super::hex::ServiceUuid;
use super::lexer::is_hex;
use super::number::ONE;
use super::parser::Expr;
use super::term::{Choice, Company, Flag, Quantity, Sort, Term};
use crate::app::rows;
use crate::lab::ad::{self, AdStructure, ty};
use crate::lab::assigned::company_name;
use crate::lab::doubt::{Doubt, Doubts};
use crate::lab::session::Session;
use crate::lab::time::UnixMicros;
use crate::lab::track::Track;

/// A device and all that can be known of it.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) session: &'a Session,
    pub(super) track: &'a Track,
    pub(super) now: UnixMicros,
}

impl Expr {
    pub(super) fn matches(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Term(term) => term.matches(subject),
            Self::Not(inner) => !inner.matches(subject),
            Self::All(parts) => parts.iter().all(|part| part.matches(subject)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(subject)),
        }
    }
}

impl Term {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        let track = subject.track;
        match self {
            Self::Text(text) => is_shown(text, subject),
            Self::Name(text) => is_in_name(text, subject),
            Self::Choice(choice) => choice.matches(subject),
            Self::Address(part) => part.is_in(track.key.address.number()),
            Self::Rpi(part) => track.rpi.is_some_and(|rpi| part.begins(rpi.0)),
            Self::Company(company) => structures(track).any(|part| company.is_in(part)),
            Self::Service(uuid) => structures(track).any(|part| offers(part, *uuid)),
            Self::Number(quantity, test) => quantity.of(subject).is_some_and(|number| test.passes(number)),
        }
    }
}

impl Choice {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        let track = subject.track;
        match self.sort {
            Sort::Kind => self.has(track.family as u8),
            Sort::AddressKind => self.has(track.key.address.kind as u8),
            Sort::Pdu => self.has(track.pdu as u8),
            Sort::Flag => Flag::ALL
                .into_iter()
                .any(|flag| self.has(flag as u8) && flag.holds(subject)),
        }
    }
}

impl Flag {
    fn holds(self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Rotating => rows::rotations(subject.session, subject.track).is_some_and(|n| n > 0),
            Self::OutOfStep => Doubts::of(subject.session, subject.track).has(Doubt::OutOfStep),
            Self::Doubtful => !Doubts::of(subject.session, subject.track).is_empty(),
            Self::Named => rows::name(subject.session, subject.track).is_some(),
        }
    }
}

impl Quantity {
    /// In millionths; `None` where the device has none.
    fn of(self, subject: &Subject<'_>) -> Option<i64> {
        let track = subject.track;
        match self {
            Self::Rssi => track.rssi.map(|level| i64::from(level.0) * ONE),
            Self::Age => Some(subject.now.since(track.last).0.max(0)),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "at most 64 samples in a tenth of a second"
            )]
            Self::Rate => Some((track.rate(subject.now) * 1e6).round() as i64),
            Self::Heard => Some(i64::try_from(track.heard).unwrap_or(i64::MAX).saturating_mul(ONE)),
            Self::Rotations => {
                let rotations = rows::rotations(subject.session, track)?;
                Some(i64::try_from(rotations).unwrap_or(i64::MAX).saturating_mul(ONE))
            }
        }
    }
}

impl Company {
    fn is_in(&self, part: AdStructure<'_>) -> bool {
        let Some((found, _)) = part.data.split_first_chunk().filter(|_| part.ty == ty::MANUFACTURER) else {
            return false;
        };
        let found = u16::from_le_bytes(*found);
        match self {
            Self::Number(number) => found == *number,
            Self::Name(text) => company_name(found).is_some_and(|name| {
                let beginning = name.get(..text.len());
                beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(text))
            }),
        }
    }
}

/// What the latest payload and scan response hold.
fn structures(track: &Track) -> impl Iterator<Item = AdStructure<'_>> {
    ad::structures(&track.payload).chain(ad::structures(&track.scan_response))
}

/// Whether a structure lists a service or has data of it.
fn offers(part: AdStructure<'_>, uuid: ServiceUuid) -> bool {
    let short = |bytes: &[u8; 2]| ServiceUuid::short(u16::from_le_bytes(*bytes).into()) == uuid;
    let middle = |bytes: &[u8; 4]| ServiceUuid::short(u32::from_le_bytes(*bytes)) == uuid;
    let long = |bytes: &[u8; 16]| ServiceUuid::long(u128::from_le_bytes(*bytes)) == uuid;
    let data = part.data;
    match part.ty {
        ty::UUID16_INCOMPLETE | ty::UUID16_COMPLETE => data.as_chunks().0.iter().any(short),
        ty::UUID32_INCOMPLETE | ty::UUID32_COMPLETE => data.as_chunks().0.iter().any(middle),
        ty::UUID128_INCOMPLETE | ty::UUID128_COMPLETE => data.as_chunks().0.iter().any(long),
        ty::SERVICE_DATA_16 => data.first_chunk().is_some_and(short),
        ty::SERVICE_DATA_32 => data.first_chunk().is_some_and(middle),
        ty::SERVICE_DATA_128 => data.first_chunk().is_some_and(long),
        _ => false,
    }
}

/// Whether lower-case text is in what the table shows of a device.
fn is_shown(text: &str, subject: &Subject<'_>) -> bool {
    let track = subject.track;
    let address = track.key.address;
    // Only what may be in an address or an identifier is worth writing these out.
    let in_hex = || {
        is_hex(text)
            && (address.to_string().contains(text) || track.rpi.is_some_and(|rpi| rpi.to_string().contains(text)))
    };
    track.family.word().contains(text) || address.kind.word().contains(text) || is_in_name(text, subject) || in_hex()
}

/// By the name that is shown: of the lab key, or as broadcast.
fn is_in_name(text: &str, subject: &Subject<'_>) -> bool {
    rows::name(subject.session, subject.track).is_some_and(|name| contains(name, text))
}

/// Whether lower-case text is in a text of any case.
fn contains(text: &str, lower: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(lower);
    }
    let mut places = text.as_bytes().windows(lower.len().max(1));
    places.any(|place| place.eq_ignore_ascii_case(lower.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_whatever_its_case_and_script() {
        assert!(contains("My Band 5", "band 5") && !contains("My Band 5", "band 6"));
        assert!(contains("BÜRO", "büro") && contains("手机 A", "机 a"));
        assert!(!contains("a", "a longer text") && !contains("", "a"));
        assert!(!contains("ascii", "ü"));
    }
}
