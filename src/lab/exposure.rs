//! What sightings amount to: exposure records and scores of the first interface (2020), daily summaries of the second,
//! infectiousness.
//!
//! Sources: Google's published Android implementation (exposure-notifications-internals) and the applications' own
//! configurations, as each item says.

pub mod encounters;
pub mod infectiousness;
pub mod published;
pub mod rule;
pub mod v1;
