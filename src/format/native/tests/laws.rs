//! What holds for any events and any bytes.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_stream_comes_back_event_for_event(events in stream()) {
        let (rows, other) = write_all(&events);
        let mut reader = Reader::from_bytes(&rows, Some(&other), None).unwrap();
        let back = read_all(&mut reader);
        prop_assert_eq!(&reader.damage().count, &0, "{:?}", reader.damage());
        prop_assert_eq!(back, events);
    }

    #[test]
    fn no_control_character_of_a_text_reaches_the_files(events in stream()) {
        let (rows, other) = write_all(&events);
        for text in [rows, other] {
            let text = String::from_utf8(text).unwrap();
            let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            prop_assert!(!text.chars().any(steers));
        }
    }

    #[test]
    fn the_fast_way_and_the_csv_crate_give_the_same(adverts in prop::collection::vec(advert(), 1..20), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3)) {
        let mut fast = row::RowParser::new(HEADER.as_bytes()).unwrap();
        // A blank after the first name keeps this one off the fast way.
        let mut slow = row::RowParser::new(HEADER.replacen("time_us", "time_us ", 1).as_bytes()).unwrap();
        for advert in adverts {
            let mut line = Vec::new();
            write_row(&mut line, &advert, ["a", "b,\"", "c", ""][usize::from(advert.station.0)]);
            line.pop();
            for (at, byte) in &flips {
                let at = at.index(line.len());
                line[at] = *byte;
            }
            prop_assert_eq!(fast.parse(&line), slow.parse(&line));
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(rows in prop::collection::vec(any::<u8>(), 0..400), other in prop::collection::vec(any::<u8>(), 0..200), meta in any::<String>()) {
        let rows = [HEADER.as_bytes(), b"\n", &rows].concat();
        let other = [EVENTS_HEADER.as_bytes(), b"\n", &other].concat();
        let mut reader = Reader::from_bytes(&rows, Some(&other), Some(&meta)).unwrap();
        read_all(&mut reader);
    }

    #[test]
    fn flipped_bits_cost_their_rows_only(events in stream(), at in any::<prop::sample::Index>(), bit in 0u8..7) {
        let (mut rows, other) = write_all(&events);
        let start = HEADER.len() + 1;
        prop_assume!(rows.len() > start);
        let at = start + at.index(rows.len() - start);
        rows[at] ^= 1 << bit;
        let mut reader = Reader::from_bytes(&rows, Some(&other), None).unwrap();
        let back = read_all(&mut reader);
        // A flip of or into a line end joins or splits rows: two at most.
        prop_assert!(adverts(&back).len() + 2 >= adverts(&events).len());
    }
}
