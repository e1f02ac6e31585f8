//! Marks as they are typed while recording: a line each.

use crate::lab::event::Mark;
use crate::lab::time::UnixMicros;
use crate::lab::units::Metres;

/// What a line can say, for the person.
pub(super) const HELP: &str = "a distance in metres, or any of distance=, device=, model=, orientation=, obstacle= and \
     after them a note; for example: 1.5 orientation=portrait screen up";

/// The mark that a line stands for, from `at` on. The first word may be the distance alone; words of the form `field=value`
/// fill that field; everything else, in order, is the note.
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
            _ if idx == 0 && metres(word).is_ok() => mark.distance = metres(word).ok(),
            _ => note.push(word),
        }
    }
    mark.note = note.join(" ");
    Ok(mark)
}

fn metres(text: &str) -> Result<Metres, String> {
    let number = text.strip_suffix('m').unwrap_or(text);
    match number.parse::<f64>() {
        Ok(distance) if distance.is_finite() && distance >= 0.0 => Ok(Metres(distance)),
        _ => Err(format!("{text:?} is no distance in metres")),
    }
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
        for wrong in ["distance=far", "distance=-1", "distance=NaN", "distance="] {
            assert!(parse(wrong, UnixMicros(0)).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in any::<String>()) {
            let _ = parse(&line, UnixMicros(0));
        }
    }
}
