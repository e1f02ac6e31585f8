//! What does not count, what is not known, and in which words that is told.

use super::*;

#[test]
fn where_it_is_not_published_when_to_notify_it_is_not_known() {
    for config in built_in() {
        let decision = config.decide(&[window(12, 20)]);
        let is_known = !["lfph-narrow", "lfph-wider", "apple-default"]
            .iter()
            .any(|begin| config.name.starts_with(begin));
        assert_eq!(decision.notifies.is_some(), is_known, "{}", config.name);
        assert_eq!(decision.level != "unknown", is_known, "{}", config.name);
        // Where nobody was near, nobody notifies.
        assert_eq!(config.decide(&[]).notifies, Some(false));
    }
}

#[test]
fn what_is_later_than_the_decision_does_not_count() {
    let (near, later) = (window(6, 40), window(12, 40));
    let later = ApiWindow {
        date_millis_since_epoch: near.date_millis_since_epoch + 86_400_000,
        ..later
    };
    let (windows, day) = ([near.clone(), later.clone()], near.day());
    let points = |window: &ApiWindow| Point {
        second: window.day() * 86_400,
        attenuation_db: 40,
    };
    let chains = windows.each_ref().map(|window| Chain {
        points: vec![points(window)],
        transmission_risk_level: 0,
    });
    for config in built_in() {
        let on = |windows, chains, today| {
            config.decide_on(Evidence {
                windows,
                chains: Some(chains),
                today: Some(today),
            })
        };
        assert_eq!(
            on(&windows, &chains[..], day),
            on(&windows[..1], &chains[..1], day),
            "{}",
            config.name
        );
        let none = on(&windows, &chains[..], day - 1);
        assert_eq!(
            (&*none.reason, none.notifies),
            (
                "every exposure is later than 2020-07-29, the day of the decision",
                Some(false)
            )
        );
    }
    let covid = built_in().iter().find(|config| config.name == "swisscovid").unwrap();
    let old = ApiWindow {
        date_millis_since_epoch: near.date_millis_since_epoch - 30 * 86_400_000,
        ..near
    };
    let both = covid.decide_on(Evidence {
        windows: &[old, later],
        today: Some(day),
        ..Evidence::default()
    });
    assert!(both.reason.contains("later than 2020-07-30") && both.reason.contains("older than 10 days"));
}

#[test]
fn each_reason_for_which_nothing_counts_has_its_own_words() {
    let of = |report_type, infectiousness| ApiWindow {
        report_type,
        infectiousness,
        ..window(6, 40)
    };
    let reason = |windows: &[ApiWindow]| decide("swisscovid", windows).reason;
    let begin = "every exposure window is of a";
    assert_eq!(reason(&[of(5, 1), of(5, 0)]), format!("{begin} revoked key"));
    assert_eq!(
        reason(&[of(4, 1)]),
        format!("{begin} key of contacts of contacts (report type 4)")
    );
    assert_eq!(reason(&[of(1, 0)]), format!("{begin} day without infectiousness"));
    assert_eq!(
        reason(&[of(1, 0), of(5, 1)]),
        format!("{begin} revoked key, or of a day without infectiousness")
    );
}
