//! Writes btsnoop (version 1, datalink 1002: HCI with the H4 type byte), as Wireshark and btmon open it.
//!
//! Source: btsnoop as Android and `BlueZ` write it; RFC 1761 for its parent, snoop.

use std::io::{self, Write};

use super::export::{EventWriter, NotCarried};
use super::hci_writer::{self, Way};
use crate::lab::event::{CaptureEvent, EventKind};

/// Microseconds from the year 0 to 1970.
const EPOCH: i64 = 0x00dc_ddb3_0f2f_8000;

/// How [`NotCarried`] calls the frames that are left out because their check sum is wrong: a reader of the file would
/// take them for sound.
pub(crate) const BAD_CRC: &str = "frames with a wrong check sum left out: btsnoop cannot mark them";

/// Writes btsnoop to any output. Frames with a wrong check sum are left out.
pub struct BtsnoopWriter<W> {
    output: W,
    /// Reports lost so far: every record carries this count.
    drops: u32,
    lost: NotCarried,
}

impl<W: Write> BtsnoopWriter<W> {
    /// Writes the file header.
    ///
    /// # Errors
    /// What the output says.
    pub fn new(mut output: W) -> io::Result<Self> {
        output.write_all(b"btsnoop\0\0\0\0\x01\0\0\x03\xea")?;
        Ok(Self {
            output,
            drops: 0,
            lost: NotCarried::default(),
        })
    }
}

impl<W: Write> EventWriter for BtsnoopWriter<W> {
    fn write(&mut self, event: &CaptureEvent) -> io::Result<()> {
        if let CaptureEvent::Other(other) = event
            && let EventKind::Dropped { n } = other.kind
        {
            self.drops = self.drops.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
            return Ok(());
        }
        if let CaptureEvent::Advert(advert) = event
            && advert.details.bad_crc
        {
            self.lost.add(BAD_CRC);
            return Ok(());
        }
        let time = event.at().0.saturating_add(EPOCH).to_be_bytes();
        let mut outcome = Ok(());
        let (output, drops) = (&mut self.output, self.drops.to_be_bytes());
        hci_writer::packets(event, &mut self.lost, |way, packet| {
            // Bit 0: received; bit 1: command or event.
            let flags: u32 = match way {
                Way::Command => 2,
                Way::Event => 3,
            };
            let length = u32::try_from(packet.len()).unwrap_or(u32::MAX).to_be_bytes();
            let record = [&length, &length, &flags.to_be_bytes(), &drops, &time[..], packet].concat();
            if outcome.is_ok() {
                outcome = output.write_all(&record);
            }
        });
        outcome
    }

    fn finish(&mut self) -> io::Result<NotCarried> {
        self.output.flush()?;
        Ok(std::mem::take(&mut self.lost))
    }
}
