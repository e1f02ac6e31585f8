//! Marks as they are typed: a line each.

use std::fmt::Write as _;

use super::event::{Mark, device_of};
use super::time::UnixMicros;
use super::units::Metres;

/// What a line can say, for the person.
pub const HELP: &str = "a distance in metres, or any of distance=, device=, model=, orientation=, obstacle= and \
     after them a note; for example: 1.5 orientation=portrait screen up";
/// The fields that have a name.
const FIELDS: [&str; 5] = ["distance", "device", "model", "orientation", "obstacle"];
/// How the unit of a distance may be written.
const METRES: [&str; 5] = ["m", "metre", "metres", "meter", "meters"];
/// Units in which a distance is not given, although people may.
const OTHER_UNITS: [&str; 12] = [
    "mm", "cm", "dm", "km", "ft", "foot", "feet", "inch", "inches", "yd", "yard", "yards",
];

/// The mark that a line stands for, from `at` on. Before the note, a number alone is the distance, with or without its
/// unit; words of the form `field=value` fill that field; everything else, in order, is the note. What looks like a
/// number or a field there and is none is refused, and so is what is said twice.
///
/// # Errors
/// What is wrong with the line.
pub fn parse(line: &str, at: UnixMicros) -> Result<Mark, String> {
    let mut mark = Mark {
        from: at,
        ..Mark::default()
    };
    let (mut note, mut given) = (Vec::new(), Vec::new());
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let is_before_note = note.is_empty();
        let (field, value) = match word.split_once('=') {
            Some((field, value)) if FIELDS.contains(&field) => (field, value),
            Some((field, _)) if is_before_note && is_name(field) => return Err(unknown(field)),
            _ if is_before_note && is_numeric(word) => ("distance", word),
            _ => {
                note.push(word);
                continue;
            }
        };
        if given.contains(&field) {
            return Err(format!("{word:?}: {field} is given twice"));
        }
        given.push(field);
        fill(&mut mark, field, value)?;
        if field == "distance" && is_before_note && words.next_if(|next| METRES.contains(next)).is_none() {
            in_metres(words.peek().copied())?;
        }
    }
    mark.note = note.join(" ");
    if given.is_empty() && mark.note.is_empty() {
        return Err("the mark says nothing".to_owned());
    }
    Ok(mark)
}

/// What a mark says, for the person who typed it: `1.5 m, device 7e3c1b63, note "hello"`.
pub fn describe(mark: &Mark) -> String {
    let mut text = String::new();
    let mut add = |what: std::fmt::Arguments<'_>| {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{what}");
    };
    if let Some(Metres(distance)) = mark.distance {
        add(format_args!("{distance} m"));
    }
    let fields = [&mark.device, &mark.model, &mark.orientation, &mark.obstacle];
    for (name, value) in FIELDS.iter().skip(1).zip(fields) {
        if !value.is_empty() {
            add(format_args!("{name} {value}"));
        }
    }
    if !mark.note.is_empty() {
        add(format_args!("note \"{}\"", mark.note));
    }
    text
}

fn fill(mark: &mut Mark, field: &str, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err(format!(
            "the mark says nothing with \"{field}=\": write the value right after it"
        ));
    }
    let place = match field {
        "device" => {
            device_of(value).clone_into(&mut mark.device);
            return Ok(());
        }
        "model" => &mut mark.model,
        "orientation" => &mut mark.orientation,
        "obstacle" => &mut mark.obstacle,
        _ => {
            mark.distance = Some(metres(value)?);
            return Ok(());
        }
    };
    value.clone_into(place);
    Ok(())
}

fn unknown(field: &str) -> String {
    format!("there is no field {field:?}; there are {}", FIELDS.join(", "))
}

/// Whether this could be the name of a field.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
}

/// An error if the word after a distance is another unit.
fn in_metres(next: Option<&str>) -> Result<(), String> {
    match next {
        Some(unit) if OTHER_UNITS.contains(&unit) => Err(format!("{unit:?}: a distance is in metres")),
        _ => Ok(()),
    }
}

/// A larger distance is a slip: no Bluetooth radio is heard from there.
const MOST_METRES: f64 = 10_000.0;

/// A distance as people write it: `1.5`, `1.5m`.
///
/// # Errors
/// Why it is none, with how to write it.
pub fn metres(text: &str) -> Result<Metres, String> {
    let (digits, unit) = split_unit(text);
    if OTHER_UNITS.contains(&unit) && is_numeric(text) {
        return Err(format!("{text:?}: a distance is in metres"));
    }
    match number(text) {
        Some(distance) if distance.is_finite() && distance > MOST_METRES => {
            Err(format!("{text:?}: nobody hears so far; at most {MOST_METRES:.0} m"))
        }
        Some(distance) if distance.is_finite() && distance >= 0.0 => Ok(Metres(distance)),
        Some(distance) if distance < 0.0 => Err(format!("{text:?}: a distance cannot be negative")),
        _ => {
            let point = digits.replacen(',', ".", 1);
            let example = point.parse::<f64>().is_ok_and(f64::is_finite);
            let example = if example { point.as_str() } else { "2.5" };
            Err(format!("{text:?} is no distance in metres: write {example}"))
        }
    }
}

/// A number of metres, as far as it is one.
fn number(text: &str) -> Option<f64> {
    match split_unit(text) {
        (digits, unit) if METRES.contains(&unit) => digits.parse().ok(),
        _ => text.parse().ok(),
    }
}

/// Text without the unit at its end, and the unit.
fn split_unit(text: &str) -> (&str, &str) {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    text.split_at(digits.len())
}

/// Whether a word is meant as a number: one, what a computer calls one, or digits with marks between them; with or
/// without a unit.
fn is_numeric(word: &str) -> bool {
    if number(word).is_some() {
        return true;
    }
    let (digits, unit) = split_unit(word);
    let has_digit = digits.contains(|letter: char| letter.is_ascii_digit());
    let is_mark = |letter: char| matches!(letter, '.' | ',' | '\'' | '_' | 'e' | 'E' | '\u{fffd}');
    let unsigned = digits.strip_prefix(['-', '+', '\u{2212}']).unwrap_or(digits);
    has_digit
        && unsigned
            .chars()
            .all(|letter| letter.is_ascii_digit() || is_mark(letter))
        && (unit.is_empty() || METRES.contains(&unit) || OTHER_UNITS.contains(&unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Mark {
        parse(line, UnixMicros(0)).unwrap()
    }

    fn refused(line: &str) -> String {
        parse(line, UnixMicros(0)).expect_err(line)
    }

    #[test]
    fn a_distance_fields_and_a_note_are_told_apart() {
        let mark = parse(
            "1.5 orientation=portrait  device=5e:1b:09:c4:77:01 screen up, x=y",
            UnixMicros(7),
        )
        .unwrap();
        let expected = Mark {
            from: UnixMicros(7),
            device: "5e:1b:09:c4:77:01".to_owned(),
            distance: Some(Metres(1.5)),
            orientation: "portrait".to_owned(),
            note: "screen up, x=y".to_owned(),
            ..Mark::default()
        };
        assert_eq!(mark, expected);
        assert_eq!(
            describe(&mark),
            "1.5 m, device 5e:1b:09:c4:77:01, orientation portrait, note \"screen up, x=y\""
        );
        for note in [
            "phone 2 moved",
            "-",
            "-- moved",
            "moved -3",
            "2nd floor",
            "10:30 moved",
            "2020-07-30 again",
            "7e3c1b63 moved",
            "a+b=c",
            "infirmary",
        ] {
            let mark = read(note);
            assert_eq!((mark.note.as_str(), mark.distance), (note, None));
            assert_eq!(describe(&mark), format!("note \"{note}\""));
        }
    }

    #[test]
    fn a_distance_may_have_its_unit_and_follow_fields() {
        for line in [
            "1.5",
            "1.5m",
            "1.5 m",
            "1.5metres",
            "+1.5 meters",
            "distance=1.5 m",
            "distance=1.5m",
        ] {
            let mark = read(line);
            assert_eq!((mark.distance, mark.note.as_str()), (Some(Metres(1.5)), ""), "{line}");
        }
        let mark = read("device=7e3c1b63 2 hello");
        assert_eq!(describe(&mark), "2 m, device 7e3c1b63, note \"hello\"");
        assert_eq!(describe(&read("1.5 m away")), "1.5 m, note \"away\"");
        for other in ["1.5cm", "1.5 cm", "distance=5 feet", "distance=5ft away"] {
            assert!(refused(other).ends_with("a distance is in metres"), "{other}");
        }
    }

    #[test]
    fn a_distance_that_is_none_is_refused() {
        for wrong in [
            "distance=far",
            "distance=NaN",
            "1e400",
            "nan",
            "inf",
            "infinity moved",
            "-nan",
            "1.2.3",
            "device=a nan",
        ] {
            let what = refused(wrong);
            assert!(what.ends_with("is no distance in metres: write 2.5"), "{wrong}: {what}");
        }
        for wrong in ["2,5", "2,5 screen up", "2,5m", "device=a 2,5", "distance=2,5"] {
            let what = refused(wrong);
            assert!(what.ends_with("is no distance in metres: write 2.5"), "{wrong}: {what}");
        }
        assert!(refused("0,75").ends_with("write 0.75"));
        for negative in ["-3", "-0.5m", "-3 orientation=portrait", "distance=-1"] {
            let what = refused(negative);
            assert!(what.ends_with("a distance cannot be negative"), "{what}");
        }
    }

    #[test]
    fn a_field_that_is_unknown_empty_or_given_twice_is_refused() {
        assert_eq!(
            refused("foo=bar"),
            "there is no field \"foo\"; there are distance, device, model, orientation, obstacle"
        );
        assert!(refused("1.5 Device=a").starts_with("there is no field \"Device\""));
        for empty in ["model=", "distance=", "1.5 device= 7e3c1b63", "", "  "] {
            assert!(refused(empty).starts_with("the mark says nothing"), "{empty}");
        }
        for twice in [
            "distance=2 distance=3",
            "2 3",
            "distance=2 3 m",
            "device=a note device=b",
        ] {
            assert!(refused(twice).ends_with("is given twice"), "{twice}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in any::<String>()) {
            let said = parse(&line, UnixMicros(0)).map_or_else(|what| what, |mark| describe(&mark));
            prop_assert!(!said.is_empty());
        }
    }
}
