//! Calibration of phones from measurements of one's own.

pub mod fit;
