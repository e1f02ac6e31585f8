//! Results for people who do not have the program: pages of HTML that need nothing else, plots as SVG and PNG.
//!
//! Data in, text out: files are read and written by who calls.

pub mod page;
pub mod plot;
