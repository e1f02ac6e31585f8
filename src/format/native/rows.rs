//! Only the rows of a native capture, to a stream that has no files beside it.

use std::io::{self, Write};

use super::writer::Names;
use super::{HEADER, write_row};
use crate::format::export::{EventWriter, NotCarried};
use crate::lab::event::{CaptureEvent, EventKind};

/// Writes header row and advertisements to any output.
pub struct RowsWriter<W> {
    output: W,
    names: Names,
    line: Vec<u8>,
    lost: NotCarried,
}

impl<W: Write> RowsWriter<W> {
    /// Writes the header row.
    ///
    /// # Errors
    /// What the output says.
    pub fn new(mut output: W) -> io::Result<Self> {
        writeln!(output, "{HEADER}")?;
        Ok(Self {
            output,
            names: Names::default(),
            line: Vec::new(),
            lost: NotCarried::default(),
        })
    }
}

impl<W: Write> EventWriter for RowsWriter<W> {
    fn write(&mut self, event: &CaptureEvent) -> io::Result<()> {
        match event {
            CaptureEvent::Advert(advert) => {
                self.line.clear();
                self.names.ensure(advert.station);
                write_row(&mut self.line, advert, self.names.of(advert.station));
                self.output.write_all(&self.line)
            }
            CaptureEvent::Other(other) => {
                match &other.kind {
                    EventKind::Station(info) => self.names.introduce(other.station, info),
                    _ => self
                        .lost
                        .add("events besides advertisements (they need a file beside the rows)"),
                }
                Ok(())
            }
        }
    }

    fn finish(&mut self) -> io::Result<NotCarried> {
        self.output.flush()?;
        Ok(std::mem::take(&mut self.lost))
    }
}
