//! Whether address and identifier change together: judged here alone, for every screen, log and report.
//!
//! An address that the receiving controller resolved is not what was on the air: what stands in its place stays the same
//! while the phone's address changes as it should. Of such a one nothing is concluded.

use super::ledger::{Ledger, Record, TrackKey};

/// Whether a broadcaster's address says anything about its rotation.
#[must_use]
pub const fn is_observable(key: TrackKey) -> bool {
    !key.address.kind.is_resolved()
}

/// The records of a record's identifier under other addresses at the same station, the newest first, of the first `most`
/// of the identifier. There are none of or beside a resolved identity.
pub fn elsewhere<'a>(ledger: &'a Ledger, record: &Record, most: usize) -> impl Iterator<Item = &'a Record> + use<'a> {
    let key = record.key();
    let rpi = record.rpi().filter(|_| is_observable(key));
    let all = rpi.into_iter().flat_map(move |rpi| ledger.of_rpi(rpi).take(most));
    all.map(|(_, other)| other).filter(move |other| {
        let found = other.key();
        found.station == key.station && found != key && is_observable(found)
    })
}

/// The records of other identifiers under a record's address, the newest first, of the first `most` of the address. There
/// are none under a resolved identity.
pub fn before<'a>(ledger: &'a Ledger, record: &Record, most: usize) -> impl Iterator<Item = &'a Record> + use<'a> {
    let (key, rpi) = (record.key(), record.rpi());
    let address = is_observable(key).then_some(key);
    let all = address
        .into_iter()
        .flat_map(move |key| ledger.of_address(key).take(most));
    all.map(|(_, other)| other)
        .filter(move |other| other.rpi().is_some() && other.rpi() != rpi)
}
