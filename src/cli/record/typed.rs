//! Lines of standard input, whatever their bytes and their length.

use std::io::{self, BufRead};

use tokio::sync::mpsc;

/// Longest line that is taken, in bytes; a terminal gives no longer ones.
pub(super) const MAX_LINE: usize = 4096;
/// Lines that wait to become marks.
const WAITING: usize = 64;

/// What one line holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its text; bytes that are not UTF-8 are replaced by U+FFFD.
    Text(String),
    /// More than [`MAX_LINE`] bytes, which were passed over.
    TooLong,
}

/// Lines of standard input, read by a thread of their own; none when it is closed.
pub(super) fn lines() -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(line)) = next_line(&mut input) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The next line, also an unfinished last one; `None` at the end. Holds no more than [`MAX_LINE`] bytes at a time.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let (mut line, mut is_long, mut is_empty) = (Vec::new(), false, true);
    loop {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        is_long |= line.len() + part.len() > MAX_LINE;
        if !is_long {
            line.extend_from_slice(part);
        }
        let (taken, at_end) = (part.len() + usize::from(end.is_some()), bytes.is_empty());
        is_empty &= taken == 0;
        input.consume(taken);
        if end.is_some() || at_end {
            break;
        }
    }
    Ok(match (is_empty, is_long) {
        (true, _) => None,
        (_, true) => Some(Line::TooLong),
        _ => Some(Line::Text(String::from_utf8_lossy(&line).into_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// All lines, read through a buffer of so many bytes.
    fn all(bytes: &[u8], buffer: usize) -> Vec<Line> {
        let mut input = BufReader::with_capacity(buffer, bytes);
        std::iter::from_fn(|| next_line(&mut input).unwrap()).collect()
    }

    #[test]
    fn a_line_that_is_not_utf_8_or_too_long_does_not_end_the_others() {
        let mut bytes = b"1.5 b\xfcro\n\n".to_vec();
        bytes.extend(vec![b'x'; MAX_LINE]);
        bytes.push(b'\n');
        bytes.extend(vec![b'x'; 10 * MAX_LINE]);
        bytes.extend(b"\nlast");
        let text = |text: &str| Line::Text(text.to_owned());
        let expected = [
            text("1.5 b\u{fffd}ro"),
            text(""),
            text(&"x".repeat(MAX_LINE)),
            Line::TooLong,
            text("last"),
        ];
        for buffer in [1, 7, 8192] {
            assert_eq!(all(&bytes, buffer), expected, "{buffer}");
        }
        assert!(all(b"", 8).is_empty());
    }
}
