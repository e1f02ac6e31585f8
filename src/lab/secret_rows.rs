//! Rows of a CSV text with secrets in it: nothing of it is left in memory that would not be wiped.

use csv_core::{ReadRecordResult, Reader};
use zeroize::Zeroizing;

/// Most columns of a row that are looked at; a row with more is none.
const MOST_COLUMNS: usize = 256;

/// Reads row by row. The cells of the present row stand in a buffer that is wiped.
pub(crate) struct SecretRows<'a> {
    core: Reader,
    rest: &'a [u8],
    /// As long as the text, so that it never grows and leaves a copy behind.
    cells: Zeroizing<Vec<u8>>,
    ends: [usize; MOST_COLUMNS],
    n_cells: usize,
}

/// What the next row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// One, which begins in this line of the text, from 1.
    At(u64),
    /// None: it has too many cells, or is no UTF-8.
    Unreadable(u64),
    /// There is no more.
    End,
}

impl<'a> SecretRows<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            core: Reader::new(),
            rest: text.as_bytes(),
            cells: Zeroizing::new(vec![0; text.len() + 1]),
            ends: [0; MOST_COLUMNS],
            n_cells: 0,
        }
    }

    /// Goes to the next row that is not empty.
    pub(crate) fn next(&mut self) -> Row {
        let line = self.core.line();
        self.n_cells = 0;
        let (mut written, mut ended) = (0, 0);
        loop {
            let (cells, ends) = (self.cells.get_mut(written..), self.ends.get_mut(ended..));
            let (Some(cells), Some(ends)) = (cells, ends) else {
                return Row::Unreadable(line);
            };
            let (result, n_read, n_written, n_ended) = self.core.read_record(self.rest, cells, ends);
            self.rest = self.rest.get(n_read..).unwrap_or_default();
            written += n_written;
            ended += n_ended;
            match result {
                // At its end the reader wants to see an empty input.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Row::End,
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => return Row::Unreadable(line),
            }
        }
        self.n_cells = ended;
        let is_text = self
            .cells
            .get(..written)
            .is_some_and(|cells| std::str::from_utf8(cells).is_ok());
        if is_text { Row::At(line) } else { Row::Unreadable(line) }
    }

    /// A cell of the present row without blanks around it; empty where there is none.
    pub(crate) fn cell(&self, idx: usize) -> &str {
        let end = self.ends.get(idx).filter(|_| idx < self.n_cells);
        let begin = idx.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before));
        let bytes = begin.zip(end).and_then(|(begin, end)| self.cells.get(*begin..*end));
        std::str::from_utf8(bytes.unwrap_or_default())
            .unwrap_or_default()
            .trim()
    }

    /// In which column of the present row a name stands.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        (0..self.n_cells).find(|idx| self.cell(*idx) == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str) -> Vec<Vec<String>> {
        let mut rows = SecretRows::new(text);
        let mut found = Vec::new();
        while let Row::At(_) = rows.next() {
            found.push((0..rows.n_cells).map(|idx| rows.cell(idx).to_owned()).collect());
        }
        found
    }

    #[test]
    fn rows_and_the_lines_they_begin_in_are_found() {
        let mut rows = SecretRows::new("\u{feff}a,b\r\n\r\n\"x\ny\", 2 \n3");
        assert_eq!((rows.next(), rows.place("b")), (Row::At(1), Some(1)));
        assert!(matches!(rows.next(), Row::At(_)));
        assert_eq!((rows.cell(0), rows.cell(1), rows.cell(2)), ("x\ny", "2", ""));
        assert_eq!((rows.next(), rows.cell(0), rows.place("b")), (Row::At(5), "3", None));
        assert_eq!((rows.next(), rows.next()), (Row::End, Row::End));
    }

    #[test]
    fn a_row_of_too_many_cells_is_none() {
        let text = ",".repeat(MOST_COLUMNS);
        assert_eq!(SecretRows::new(&text).next(), Row::Unreadable(1));
        assert_eq!(SecretRows::new(&text[1..]).next(), Row::At(1));
    }

    proptest! {
        #[test]
        fn it_reads_what_the_common_reader_reads(text in "[ab,\"\n\r x]{0,60}") {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let common: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.unwrap().iter().map(|cell| cell.trim().to_owned()).collect())
                .collect();
            prop_assert_eq!(all(&text), common);
        }
    }
}
