//! JSON on its way out.

use std::io::{self, Write};

use crate::lab::text::json_printable;

/// Escapes what could steer a terminal in JSON that is written piece by piece; pieces end between characters, as those of
/// `serde_json` do.
pub(super) struct JsonPrintable<W>(pub(super) W);

impl<W: Write> Write for JsonPrintable<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(piece).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.0.write_all(json_printable(text).as_bytes())?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_reads_back_as_it_was() {
        let text = ["a\u{202e}b", "c\u{85}\u{1b}[31m", "手机"];
        let mut out = Vec::new();
        serde_json::to_writer(JsonPrintable(&mut out), &text).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(
            !shown.contains('\u{202e}') && !shown.contains('\u{85}') && shown.contains("手机"),
            "{shown}"
        );
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), text);
    }
}
