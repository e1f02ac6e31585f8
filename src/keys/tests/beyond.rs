//! Keys that reach beyond the window of their file.

use super::*;

#[test]
fn keys_that_reach_beyond_the_window_are_odd_and_stay() {
    let window = small();
    let at = |start: u32| DiagnosisKey::new(Tek::new([9; 16]), Enin(start));
    let end = u32::try_from(window.end / 600).unwrap();
    for (start, expected) in [
        (end - 144, vec![]),
        (end - 143, vec![Oddity::InUse]),
        (end - 1, vec![Oddity::InUse]),
        (end, vec![Oddity::AfterWindow]),
    ] {
        let export = Export {
            keys: vec![at(start)],
            ..window.clone()
        };
        assert_eq!(odd(&encode(&export)), (1, expected), "{start}");
    }
}
