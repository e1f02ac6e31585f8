//! Lines of a stream, in bounded memory.

use std::io::{self, Read};

use super::MAX_LINE;

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Where it begins.
    pub offset: u64,
    /// Its number, from 1.
    pub number: u64,
    /// What it is.
    pub text: LineText<'a>,
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LineText<'a> {
    /// A line with its end.
    Whole(&'a [u8]),
    /// A line of more than [`MAX_LINE`] bytes, which was skipped.
    TooLong,
    /// The last line, without an end: whoever wrote it was interrupted.
    Torn(&'a [u8]),
}

/// Splits a stream into lines; `\n` and `\r\n` end a line.
pub(super) struct Lines<R> {
    inner: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    offset: u64,
    number: u64,
    ended: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: vec![0; MAX_LINE * 2].into_boxed_slice(),
            start: 0,
            end: 0,
            offset: 0,
            number: 0,
            ended: false,
        }
    }

    /// The next line; `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let (offset, number) = (self.offset, self.number + 1);
        let mut searched = 0;
        loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(found) = memchr::memchr(b'\n', &unread[searched..]) {
                let length = searched + found;
                let start = self.start;
                self.advance(length + 1);
                let text = &self.buffer[start..start + length];
                let text = text.strip_suffix(b"\r").unwrap_or(text);
                let text = if length > MAX_LINE {
                    LineText::TooLong
                } else {
                    LineText::Whole(text)
                };
                return Ok(Some(Line { offset, number, text }));
            }
            searched = unread.len();
            if searched > MAX_LINE {
                return self.skip_line().map(|text| Some(Line { offset, number, text }));
            }
            if !self.fill()? {
                if searched == 0 {
                    return Ok(None);
                }
                let start = self.start;
                self.advance(searched);
                let text = LineText::Torn(&self.buffer[start..start + searched]);
                return Ok(Some(Line { offset, number, text }));
            }
        }
    }

    /// How far reading has come.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    fn advance(&mut self, length: usize) {
        self.start += length;
        self.offset += length as u64;
        self.number += 1;
    }

    fn skip_line(&mut self) -> io::Result<LineText<'static>> {
        self.number += 1;
        loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(found) = memchr::memchr(b'\n', unread) {
                self.start += found + 1;
                self.offset += found as u64 + 1;
                return Ok(LineText::TooLong);
            }
            self.offset += unread.len() as u64;
            self.start = self.end;
            if !self.fill()? {
                return Ok(LineText::TooLong);
            }
        }
    }

    /// Reads more; `false` at the end of the stream.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        loop {
            match self.inner.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(n) => {
                    self.end += n;
                    return Ok(true);
                }
                Err(failure) if failure.kind() == io::ErrorKind::Interrupted => {}
                Err(failure) => return Err(failure),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives at most `step` bytes at once.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(buffer.len());
            self.0.read(&mut buffer[..most])
        }
    }

    /// Offset, number, and the text or why there is none.
    type Found = (u64, u64, Result<Vec<u8>, &'static str>);

    fn all(bytes: &[u8], step: usize) -> Vec<Found> {
        let mut lines = Lines::new(Slow(bytes, step));
        let mut found = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            let text = match line.text {
                LineText::Whole(text) => Ok(text.to_vec()),
                LineText::TooLong => Err("long"),
                LineText::Torn(_) => Err("torn"),
            };
            found.push((line.offset, line.number, text));
        }
        found
    }

    #[test]
    fn a_line_beyond_the_limit_is_skipped_and_the_next_one_read() {
        for long in [MAX_LINE + 1, MAX_LINE * 2 + 5, MAX_LINE * 5] {
            let mut bytes = b"a\n".to_vec();
            bytes.extend(std::iter::repeat_n(b'x', long));
            bytes.extend(b"\nb\r\nto");
            let next = long as u64 + 3;
            let expected = vec![
                (0, 1, Ok(b"a".to_vec())),
                (2, 2, Err("long")),
                (next, 3, Ok(b"b".to_vec())),
                (next + 3, 4, Err("torn")),
            ];
            assert_eq!(all(&bytes, usize::MAX), expected);
            assert_eq!(all(&bytes, 1000), expected);
        }
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_lines(bytes in "[ab\r\n]{0,60}", step in 1usize..7) {
            let bytes = bytes.as_bytes();
            prop_assert_eq!(all(bytes, step), all(bytes, usize::MAX));
            let whole = memchr::memchr_iter(b'\n', bytes).count();
            prop_assert_eq!(all(bytes, step).iter().filter(|line| line.2.is_ok()).count(), whole);
        }
    }
}
