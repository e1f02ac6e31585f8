//! Marks as they are typed while recording: a line each.

use crate::lab::event::Mark;
use crate::lab::time::UnixMicros;
use crate::lab::units::Metres;

/// What a line can say, for the person.
pub(super) const HELP: &str = "a distance in metres, or any of distance=, device=, model=, orientation=, obstacle= and \
     after them a note; for example: 1.5 orientation=portrait screen up";

/// The mark that a line stands for, from `at` on. The first word may be the distance alone; words of the form `field=value`
/// fill that field; everything else, in order, is the note. A first word that is a number is a distance or wrong.
///
/// # Errors
/// What is wrong with the line.
pub(super) fn parse(line: &str, at: UnixMicros) -> Result<Mark, String> {
    let mut mark = Mark {
        from: at,
        ..Mark::default()
    };
    let mut note = Vec::new();
    for (idx, word) in line.split_whitespace().enumerate() {
        match word.split_once('=') {
            Some(("distance", value)) => mark.distance = Some(metres(value)?),
            Some(("device", value)) => value.clone_into(&mut mark.device),
            Some(("model", value)) => value.clone_into(&mut mark.model),
            Some(("orientation", value)) => value.clone_into(&mut mark.orientation),
            Some(("obstacle", value)) => value.clone_into(&mut mark.obstacle),
            // A negative number is a distance mistyped and no note.
            _ if idx == 0 && number(word).is_some_and(f64::is_finite) => {
                mark.distance = Some(metres(word)?);
            }
            _ => note.push(word),
        }
    }
    mark.note = note.join(" ");
    Ok(mark)
}

fn metres(text: &str) -> Result<Metres, String> {
    match number(text) {
        Some(distance) if distance.is_finite() && distance >= 0.0 => Ok(Metres(distance)),
        Some(distance) if distance < 0.0 => Err(format!("{text:?}: a distance cannot be negative")),
        _ => Err(format!("{text:?} is no distance in metres")),
    }
}

/// A number of metres, as far as it is one.
fn number(text: &str) -> Option<f64> {
    text.strip_suffix('m').unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        assert_eq!(parse("2m", UnixMicros(0)).unwrap().distance, Some(Metres(2.0)));
        assert_eq!(parse("phone 2 moved", UnixMicros(0)).unwrap().note, "phone 2 moved");
    }

    #[test]
    fn a_distance_that_is_none_is_refused() {
        for wrong in ["distance=far", "distance=NaN", "distance="] {
            assert!(parse(wrong, UnixMicros(0)).is_err(), "{wrong}");
        }
        for negative in ["-3", "-0.5m", "-3 orientation=portrait", "distance=-1"] {
            let what = parse(negative, UnixMicros(0)).unwrap_err();
            assert!(what.ends_with("a distance cannot be negative"), "{what}");
        }
        for note in ["-", "-- moved", "inf", "moved -3"] {
            assert_eq!(parse(note, UnixMicros(0)).unwrap().note, note);
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in any::<String>()) {
            let _ = parse(&line, UnixMicros(0));
        }
    }
}
