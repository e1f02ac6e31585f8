//! The pure core: from one advertisement to everything a screen or a report shows.
//!
//! Nothing below reads a clock, a file, the network, the environment or a random generator; time comes from the
//! data. Feeding the same events in the same order gives the same session, whatever the source. `clippy.toml` and
//! `tests/layering.rs` hold this fence.

pub mod ad;
pub mod address;
pub mod advert;
pub mod assigned;
pub mod attenuation;
pub mod audit;
pub mod beacon;
pub mod calibration;
pub mod crypto;
pub mod distance;
pub mod doubt;
pub mod event;
pub mod explain;
pub mod exposure;
pub mod gaen;
pub mod history;
pub mod interval;
pub mod keyring;
pub mod ledger;
pub mod matching;
pub mod note;
pub mod own;
pub mod reassembly;
pub mod redact;
pub mod report;
pub(crate) mod secret_rows;
pub mod session;
pub mod sightings;
pub(crate) mod spelling;
pub mod stats;
pub mod step;
pub(crate) mod student;
pub mod text;
pub mod ticks;
pub mod time;
pub mod totals;
pub mod track;
pub mod units;
pub mod validate;
