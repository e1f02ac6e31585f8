//! Bytes of a file or pipe through one fixed buffer.

use std::io::{self, Read};

/// Size of the buffer; every record that is taken in whole must fit.
const CAPACITY: usize = 256 * 1024;

/// The largest record that readers accept: Bluetooth packets are below 66 kB, whatever a length field says.
pub(crate) const MAX_RECORD: usize = 96 * 1024;

/// A sliding window over a reader: memory stays the same at any file size.
pub(crate) struct Input {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// File offset of `buffer[start]`.
    offset: u64,
    at_end: bool,
}

impl Input {
    pub(crate) fn new(reader: Box<dyn Read + Send>) -> Self {
        Self {
            reader,
            buffer: vec![0; CAPACITY],
            start: 0,
            end: 0,
            offset: 0,
            at_end: false,
        }
    }

    /// What is at hand.
    #[inline]
    pub(crate) fn at_hand(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// File offset of the first byte at hand.
    #[inline]
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing follows the bytes at hand.
    #[inline]
    pub(crate) const fn at_end(&self) -> bool {
        self.at_end
    }

    /// Takes the first `n` bytes at hand away and gives them.
    #[inline]
    pub(crate) fn advance(&mut self, n: usize) -> &[u8] {
        let from = self.start;
        let to = from.saturating_add(n).min(self.end);
        self.start = to;
        self.offset += (to - from) as u64;
        self.buffer.get(from..to).unwrap_or_default()
    }

    /// Takes `n` bytes away, reading on as far as needed; gives how many there were.
    pub(crate) fn skip(&mut self, n: u64) -> io::Result<u64> {
        let mut left = n;
        loop {
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(self.end - self.start);
            self.advance(step);
            left -= step as u64;
            if left == 0 || self.at_end {
                return Ok(n - left);
            }
            self.fill(1)?;
        }
    }

    /// Reads until `n` bytes (at most the buffer's size) are at hand or the input ends.
    #[cold]
    pub(crate) fn fill(&mut self, n: usize) -> io::Result<()> {
        let wanted = n.min(CAPACITY);
        if CAPACITY - self.start < wanted.max(CAPACITY / 2) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < wanted && !self.at_end {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(got) => self.end += got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The bytes at hand first, then the rest: for readers that stand on [`Read`].
impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end && !self.at_end {
            let got = self.reader.read(out)?;
            self.offset += got as u64;
            return Ok(got);
        }
        let n = out.len().min(self.end - self.start);
        out[..n].copy_from_slice(self.advance(n));
        Ok(n)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Gives at most `step` bytes per call.
    pub(crate) struct Drip {
        pub(crate) bytes: Vec<u8>,
        pub(crate) at: usize,
        pub(crate) step: usize,
    }

    impl Read for Drip {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.step.min(out.len()).min(self.bytes.len() - self.at);
            out[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
            self.at += n;
            Ok(n)
        }
    }

    #[test]
    fn takes_and_skips_across_refills_with_the_right_offsets() {
        let bytes: Vec<u8> = (0..3 * CAPACITY).map(|idx| u8::try_from(idx % 251).unwrap()).collect();
        for step in [1000, usize::MAX] {
            let drip = Drip {
                bytes: bytes.clone(),
                at: 0,
                step,
            };
            let mut input = Input::new(Box::new(drip));
            input.fill(10).unwrap();
            assert_eq!(input.advance(10), &bytes[..10]);
            assert_eq!(input.skip(2 * CAPACITY as u64).unwrap(), 2 * CAPACITY as u64);
            input.fill(MAX_RECORD).unwrap();
            let at = 10 + 2 * CAPACITY;
            assert_eq!(input.offset(), at as u64);
            assert_eq!(&input.at_hand()[..MAX_RECORD], &bytes[at..at + MAX_RECORD]);
            assert_eq!(input.skip(u64::MAX).unwrap(), (bytes.len() - at) as u64);
            assert!(input.at_end() && input.at_hand().is_empty());
        }
    }
}
