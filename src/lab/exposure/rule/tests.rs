mod reasons;

use super::*;
use crate::lab::exposure::v1::Point;

fn window(scans: usize, attenuation_db: i32) -> ApiWindow {
    let scan = Scan {
        min_attenuation_db: attenuation_db,
        typical_attenuation_db: attenuation_db,
        seconds_since_last_scan: 300,
    };
    ApiWindow {
        date_millis_since_epoch: 1_596_067_200_000,
        report_type: 1,
        infectiousness: 1,
        scan_instances: vec![scan; scans],
    }
}

fn decide(name: &str, windows: &[ApiWindow]) -> Decision {
    built_in()
        .iter()
        .find(|config| config.name == name)
        .unwrap()
        .decide(windows)
}

#[test]
fn every_rule_gives_a_reason_whatever_the_windows() {
    let all = [
        vec![],
        vec![window(0, 0)],
        vec![window(6, 0), window(6, 200)],
        vec![window(1, i32::MIN)],
    ];
    for config in built_in() {
        for windows in &all {
            let decision = config.decide(windows);
            assert!(
                !decision.reason.is_empty() && !decision.level.is_empty(),
                "{}",
                config.name
            );
            assert!(!(decision.does_notify() && windows.is_empty()));
        }
    }
}

#[test]
fn revoked_keys_and_days_without_infectiousness_do_not_count() {
    for config in built_in() {
        let hour = || window(12, 20);
        let revoked = ApiWindow {
            report_type: 5,
            ..hour()
        };
        let harmless = ApiWindow {
            infectiousness: 0,
            ..hour()
        };
        let decision = config.decide(&[revoked.clone(), harmless]);
        assert!(!decision.does_notify(), "{}: {}", config.name, decision.reason);
        assert_eq!(
            config.decide(&[revoked, hour()]),
            config.decide(&[hour()]),
            "{}",
            config.name
        );
    }
}

#[test]
fn tables_of_any_size_are_no_trouble() {
    let table = format!("[{}]", ["4294967295"; 8].join(", "));
    let text = format!(
        "[[config]]\nname = \"huge\"\nsource = \"a test\"\nrule = {{ kind = \"score\", tables = {{ attenuation = {table}, \
         days = {table}, duration = {table}, minimum = 1 }}, notifies_from = 20 }}\n"
    );
    let configs = parse(&text).unwrap();
    assert!(configs[0].decide(&[window(12, 90), window(1, 20)]).does_notify());
}

#[test]
fn fifteen_minutes_are_enough_and_a_threshold_belongs_to_what_is_above() {
    assert!(decide("swisscovid", &[window(3, 54)]).does_notify());
    assert!(!decide("swisscovid", &[window(3, 55)]).does_notify(), "half of fifteen");
    assert!(
        decide("swisscovid", &[window(3, 55), window(3, 62)]).does_notify(),
        "of one day"
    );
    let decision = decide("swisscovid", &[window(2, 54)]);
    assert_eq!(
        decision.reason,
        "10.0 weighted minutes on 2020-07-30 do not reach 15: below 55 dB 1, below 63 dB 0.5"
    );
}

#[test]
fn immuni_scores_one_exposure_at_a_time() {
    let june = |scans, db| decide("immuni-production-2020-06-22", &[window(scans, db), window(scans, db)]);
    assert!(!june(3, 50).does_notify() && june(4, 50).does_notify() && !june(6, 74).does_notify());
    assert_eq!(
        june(4, 73).reason,
        "risk score 25 reaches 20: 20 minutes at 73 dB on 2020-07-30"
    );
}

#[test]
fn encounters_weigh_report_and_infectiousness() {
    let mut one = window(2, 62);
    // 10 min x 0.8 x 1.4 = 11.2; of a high infectiousness x 1.6.
    assert_eq!(decide("cwa-2", &[one.clone()]).level, "high");
    one.report_type = 3;
    // 10 min x 0.8 x 0.6 = 4.8.
    assert_eq!(decide("cwa-2", &[one.clone()]).level, "none");
    one.infectiousness = 0;
    assert_eq!(decide("cwa-2", &[one]).level, "none");
}

#[test]
fn the_gravest_class_wins_and_a_missing_type_is_taken_as_told() {
    let decision = decide("enx-sample", &[window(6, 30)]);
    // 1,800 s x 1.5 are 2,700.
    assert_eq!((decision.does_notify(), &*decision.level), (true, "class 1"));
    assert_eq!(decide("enx-sample", &[window(6, 31)]).level, "class 2");
    let mut missing = window(1, 40);
    missing.report_type = 0;
    assert_eq!(decide("enx-sample", &[missing]).level, "class 3");
    assert!(!decide("enx-sample", &[window(6, 61)]).does_notify());
}

#[test]
fn a_file_of_ones_own_is_checked() {
    assert!(parse(TEXT).is_ok());
    let own = "[[config]]\nname = \"x\"\nrule = { kind = \"minutes-per-day\", thresholds_db = [55, 63], \
               weights = [1.0, 0.5, 0.0], minutes = 15.0 }\n";
    assert_eq!(parse(own).unwrap()[0].source, "own");
    let twice = parse(&own.repeat(2)).unwrap_err();
    assert!(twice.contains("rule \"x\": there are two of this name"), "{twice}");
    let negative = parse(&own.replace("[55", "[-55")).unwrap_err();
    assert!(negative.contains("cannot be negative"), "{negative}");
    let wrong = parse("[[config]]\nname = \"x\"\nsource = \"y\"\nrule = { kind = \"dice\" }\n").unwrap_err();
    assert!(wrong.contains("line 4") && wrong.contains("dice"), "{wrong}");
}

#[test]
fn what_is_too_old_does_not_count() {
    let windows = [window(3, 54)];
    let config = built_in().iter().find(|config| config.name == "swisscovid").unwrap();
    let decide = |days: i64| {
        config.decide_on(Evidence {
            windows: &windows,
            chains: None,
            today: Some(windows[0].day() + days),
        })
    };
    assert!(decide(10).does_notify() && !decide(11).does_notify());
    assert_eq!(decide(11).reason, "every exposure is older than 10 days on 2020-08-10");
}

#[test]
fn corona_warn_multiplies_minutes_and_the_highest_score() {
    // 25 min at 54 dB: score 1 x 5 x 1 x 8 = 40, 25 x 40 / 25 = 40.
    let decision = decide("cwa-1-2020-06", &[window(5, 54)]);
    assert_eq!(
        (decision.does_notify(), &*decision.level),
        (true, "high"),
        "{}",
        decision.reason
    );
    // Half of it, and only 10 min: no score at all.
    assert_eq!(decide("cwa-1-2020-06", &[window(2, 54)]).level, "none");
    let far = decide("cwa-1-2020-06", &[window(3, 55)]);
    assert_eq!((far.does_notify(), &*far.level), (false, "low"), "{}", far.reason);
    assert_eq!(
        far.reason,
        "7.5 weighted minutes times score 40 over 25 is 12.0, which does not reach 15"
    );
}

#[test]
fn the_nhs_looked_at_one_exposure_at_a_time() {
    assert!(decide("nhs-england-wales-1", &[window(1, 54)]).does_notify());
    let decision = decide("nhs-england-wales-1", &[window(1, 55), window(1, 62)]);
    assert_eq!(
        decision.reason,
        "150 weighted seconds of one exposure on 2020-07-30 do not reach 180"
    );
}

#[test]
fn keys_with_times_are_scored_by_uninterrupted_exposure_and_level() {
    let point = |minute: i64, attenuation_db| super::super::v1::Point {
        second: 1_596_067_200 + 60 * minute,
        attenuation_db,
    };
    let config = built_in()
        .iter()
        .find(|config| config.name == "immuni-production-2020-06-22")
        .unwrap();
    let decide = |minutes: &[i64]| {
        let chains = [Chain {
            points: minutes.iter().map(|minute| point(*minute, 50)).collect(),
            transmission_risk_level: 0,
        }];
        config.decide_on(Evidence {
            windows: &[window(1, 50)],
            chains: Some(&chains),
            today: None,
        })
    };
    // Four scans within 12 minutes are 17 minutes, told as 15; a fifth makes 20. A pause of more than ten divides.
    assert!(!decide(&[0, 4, 8, 12]).does_notify());
    assert!(decide(&[0, 4, 8, 12, 16]).does_notify());
    assert!(!decide(&[0, 4, 8, 19, 23, 27]).does_notify());
}

#[test]
fn thresholds_of_both_kinds_belong_where_they_should() {
    // v1 tables: to the bucket above; v2 tables: to the one below.
    let seconds = |name: &str, db| {
        let config = built_in().iter().find(|config| config.name == name).unwrap();
        config.weigh(&window(1, db)) * 60.0
    };
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    close(seconds("lfph-narrower-net-1", 54), 300.0 * 1.5 * 0.3);
    close(seconds("lfph-narrower-net-1", 55), 300.0 * 0.3);
    close(seconds("lfph-narrow-net-2", 55), 300.0 * 1.75 * 0.3);
    close(seconds("lfph-narrow-net-2", 56), 300.0 * 0.3);
    close(seconds("swisscovid", 55), 150.0);
    close(seconds("cwa-2", 63), 300.0 * 1.4);
    close(seconds("cwa-2", 79), 0.0);
    for (name, expected) in [
        ("immuni-production-2020-06-22", &[73][..]),
        ("immuni-2020-05-29", &[33, 51, 63]),
        ("swisscovid", &[55, 63]),
        ("enx-sample", &[30, 50, 60]),
    ] {
        let config = built_in().iter().find(|config| config.name == name).unwrap();
        assert_eq!(config.thresholds_db(), expected, "{name}");
    }
}

#[test]
fn what_if_moves_every_threshold() {
    for config in built_in() {
        let moved = config.with_thresholds_moved(7);
        let expected: Vec<i32> = config.thresholds_db().iter().map(|db| db + 7).collect();
        assert_eq!(moved.thresholds_db(), expected, "{}", config.name);
        for db in [0, 30, 49, 56, 62, 63, 64, 80] {
            let (near, far) = (window(4, db), window(4, db + 7));
            let same = config.weigh(&near).to_bits() == moved.weigh(&far).to_bits();
            assert!(same, "{} {db}", config.name);
            assert_eq!(
                config.decide(&[near]).does_notify(),
                moved.decide(&[far]).does_notify(),
                "{} {db}",
                config.name
            );
        }
        let extreme = [window(1, i32::MIN), window(1, i32::MAX)];
        let _ = config.with_thresholds_moved(i32::MAX).decide(&extreme);
        let _ = config.with_thresholds_moved(i32::MIN).decide(&extreme);
    }
}

#[test]
fn infectiousness_of_a_rule_is_by_days_since_the_onset() {
    let config = built_in()
        .iter()
        .find(|config| config.name == "lfph-narrower-net-1")
        .unwrap();
    let map = config.infectiousness.as_ref().unwrap().map();
    let levels = [-4, -3, -2, 3, 4, 5].map(|days| map.get(Some(days)) as u8);
    assert_eq!(levels, [0, 1, 2, 2, 1, 0]);
    assert_eq!((map.get(None) as u8, map.get(Some(15)) as u8), (1, 1));
}

#[test]
fn with_apple_a_threshold_belongs_to_what_is_below_it() {
    let text = "[[config]]\nname = \"apple\"\nsource = \"a test\"\nrule = { kind = \"minutes-per-day\", thresholds_db = [55, 63], \
                thresholds_belong_below = true, weights = [1.0, 0.5, 0.0], minutes = 15.0 }\n";
    let config = &parse(text).unwrap()[0];
    let minutes = [55, 56, 63, 64].map(|db| config.weigh(&window(1, db)));
    for (found, expected) in minutes.into_iter().zip([5.0, 2.5, 2.5, 0.0]) {
        assert!((found - expected).abs() < 1e-9, "{minutes:?}");
    }
}

fn any_window() -> impl proptest::strategy::Strategy<Value = ApiWindow> {
    use proptest::prelude::*;
    let scan = (0i32..110, 0i32..10, 0i64..6).prop_map(|(least, more, minutes)| Scan {
        min_attenuation_db: least,
        typical_attenuation_db: least + more,
        seconds_since_last_scan: 60 * minutes,
    });
    let scans = prop::collection::vec(scan, 0..8);
    (0i64..20, 0u8..6, 0u8..3, scans).prop_map(|(day, report_type, infectiousness, scan_instances)| ApiWindow {
        date_millis_since_epoch: 1_596_067_200_000 + day * 86_400_000,
        report_type,
        infectiousness,
        scan_instances,
    })
}

proptest::proptest! {
    #[test]
    fn the_order_of_windows_decides_nothing_and_more_of_a_day_never_calms(
        windows in proptest::collection::vec(any_window(), 0..12),
        more in any_window(),
        turn in 0usize..12,
    ) {
        use proptest::prelude::*;
        let mut turned = windows.clone();
        turned.rotate_left(turn.min(windows.len()));
        turned.reverse();
        let mut both = windows.clone();
        both.push(more);
        for config in built_in() {
            let today = Some(1_596_067_200 / 86_400 + 19);
            let decide = |windows: &[ApiWindow]| config.decide_on(Evidence { windows, chains: None, today });
            let decision = decide(&windows);
            let other = decide(&turned);
            // Sums of the same numbers in another order differ in the last digit.
            prop_assert_eq!((decision.does_notify(), &decision.level), (other.does_notify(), &other.level), "{}", config.name);
            prop_assert!(!decision.does_notify() || decide(&both).does_notify(), "{}", config.name);
            prop_assert!(!decision.reason.contains(" -0"), "{}: {}", config.name, decision.reason);
        }
    }
}

#[test]
fn rules_that_cannot_be_meant_so_are_refused() {
    let rule = |of: &str| format!("[[config]]\nname = \"x\"\nsource = \"y\"\nrule = {{ kind = {of} }}\n");
    let minutes = |more: &str| rule(&format!("\"minutes-per-day\", {more}"));
    let fine = "thresholds_db = [55, 63], weights = [1.0, 0.5, 0.0]";
    assert!(parse(&minutes(&format!("{fine}, minutes = 15.0"))).is_ok());
    for (text, expected) in [
        (minutes(&format!("{fine}, minutes = nan")), "above 0"),
        (minutes(&format!("{fine}, minutes = 0.0")), "above 0"),
        (
            minutes("thresholds_db = [63, 55], weights = [1.0, 0.5, 0.0], minutes = 15.0"),
            "upwards",
        ),
        (
            minutes("thresholds_db = [55, 63], weights = [1e308, 0.5, 0.0], minutes = 15.0"),
            "weights",
        ),
        (
            minutes("thresholds_db = [55, 63], weights = [nan, -0.5, inf], minutes = 15.0"),
            "weights",
        ),
        (
            TEXT.replace("report_type_when_missing = 2", "report_type_when_missing = 7"),
            "report_type_when_missing",
        ),
        (TEXT.replace("divisor = 25.0", "divisor = 0.0"), "above 0"),
        (TEXT.replace("older_days = 14", "older_days = -3"), "older_days"),
        (TEXT.replace("name = \"swisscovid\"", "name = \" \""), "name"),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn what_a_rule_decides_upon_is_told_as_its_interface_gave_it() {
    let config = |name: &str| built_in().iter().find(|config| config.name == name).unwrap();
    // Scans every five minutes: half an hour at 40 dB, and, after a pause, one scan at 60 dB.
    let scan = |minute: i64, attenuation_db| Point {
        second: 1_596_103_200 + 60 * minute,
        attenuation_db,
    };
    let near = (0..=5).map(|n| scan(5 * n, 40));
    let chain = Chain {
        points: near.chain([scan(60, 60)]).collect(),
        transmission_risk_level: 3,
    };
    let windows = [window(6, 40)];
    let evidence = Evidence {
        windows: &windows,
        chains: Some(&[chain]),
        today: Some(18_475),
    };
    let immuni = built_in()
        .iter()
        .find(|config| config.name.starts_with("immuni"))
        .unwrap();
    let detail = immuni.detail(evidence);
    let told: Vec<_> = detail
        .exposures
        .iter()
        .map(|of| {
            (
                of.duration_minutes,
                of.attenuation_value,
                of.attenuation_durations_in_minutes,
            )
        })
        .collect();
    assert_eq!(told, [(30, 40, [30, 0, 0]), (5, 60, [0, 5, 0])]);
    let summary = detail.summary.unwrap();
    assert_eq!((summary.days_since_last_exposure, summary.matched_key_count), (2, 1));
    let highest = detail.exposures.iter().map(|of| of.total_risk_score).max().unwrap();
    assert_eq!(summary.maximum_risk_score, highest);
    assert!(immuni.decide_on(evidence).reason.contains(&format!("score {highest} ")));
    let Rule::DailySummary(_) = config("enx-sample").rule else {
        panic!("a rule of daily summaries")
    };
    let days = config("enx-sample").detail(evidence).days;
    assert_eq!(days.len(), 1);
    assert_eq!((days[0].days_since_epoch, detail.lines().len()), (18_473, 3));
    assert_eq!(config("swisscovid").detail(evidence), Detail::default());
}

#[test]
fn windows_that_no_interface_gives_are_told() {
    let wrong = |change: fn(&mut ApiWindow)| {
        let mut window = window(2, 40);
        change(&mut window);
        window.check().unwrap_err()
    };
    assert_eq!(window(2, 40).check(), Ok(()));
    assert!(wrong(|of| of.date_millis_since_epoch = -1).contains("day"));
    assert!(wrong(|of| of.date_millis_since_epoch = i64::MAX).contains("day"));
    assert!(wrong(|of| of.report_type = 9).contains("reportType"));
    assert!(wrong(|of| of.infectiousness = 3).contains("infectiousness"));
    assert!(wrong(|of| of.scan_instances[1].seconds_since_last_scan = 90_000).contains("seconds"));
    assert!(wrong(|of| of.scan_instances[0].typical_attenuation_db = 300).contains("attenuation"));
    assert!(wrong(|of| of.scan_instances[1].min_attenuation_db = 41).contains("above typicalAttenuationDb"));
    // After a clock was set back; it counts as nothing.
    let mut back = window(4, 40);
    back.scan_instances[1].seconds_since_last_scan = -300;
    assert_eq!(back.check(), Ok(()));
    assert!(
        decide("swisscovid", &[back])
            .reason
            .starts_with("15.0 weighted minutes")
    );
}
