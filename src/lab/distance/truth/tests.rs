use std::fmt::Write as _;

use super::*;

#[test]
fn distances_over_time_give_windows_that_are_known_for_half_of_their_time() {
    let mut text = "time,receiver,transmitter,distance_m\n".to_owned();
    for second in 0..100 {
        // Unknown from 30 to 50: 10 of the second window's 30 seconds are known.
        if !(30..50).contains(&second) {
            let distance_m = if second < 30 { 1.0 } else { 3.0 };
            let _ = writeln!(text, "{},01,2,{distance_m}", 1_000 + second);
        }
    }
    let truth = Truth::parse(&text, "hall").unwrap();
    let windows = truth.windows(30.0, "hall");
    let told: Vec<_> = windows
        .iter()
        .map(|of| (of.from_s, of.receiver.as_str(), of.distance_m))
        .collect();
    assert_eq!(
        told,
        [
            (1000.0, "1", 1.0),
            (1000.0, "2", 1.0),
            (1060.0, "1", 3.0),
            (1060.0, "2", 3.0)
        ]
    );
    assert_eq!(truth.at(&pair("2", "1"), 1_010.4), Some(1.0));
    assert_eq!(truth.at(&pair("2", "1"), 1_120.0), None);
}

#[test]
fn a_distance_at_each_report_holds_until_the_next_one() {
    // One phone is heard four times a second, the other every six seconds: both are known all the time.
    let mut text = "time,receiver,transmitter,distance_m\n".to_owned();
    for quarter in 0..240 {
        let _ = writeln!(text, "{},1,2,1", f64::from(quarter).mul_add(0.25, 3_000.0));
        if quarter % 24 == 0 {
            let _ = writeln!(text, "{},1,3,2", f64::from(quarter).mul_add(0.25, 3_000.0));
        }
    }
    let truth = Truth::parse(&text, "hall").unwrap();
    let windows = truth.windows(30.0, "hall");
    assert_eq!(windows.iter().filter(|of| of.receiver == "3").count(), 2);
    assert_eq!(truth.too_sparse_s(30.0), None);
}

#[test]
fn distances_too_far_apart_for_windows_are_told_as_that() {
    let header = "time,receiver,transmitter,distance_m\n";
    // Two pairs: the many of one make the few of the other too few, and there is no window of 300 s of either.
    let mut text = header.to_owned();
    for n in 0..20 {
        let _ = writeln!(text, "{},1,2,1", 3_000 + n);
    }
    let truth = Truth::parse(&text, "hall").unwrap();
    assert_eq!(truth.windows(300.0, "hall").len(), 0);
    assert_eq!(truth.too_sparse_s(300.0), Some(1.0));
    assert!(
        truth.pairs()[0].starts_with("1 → 2 (1970-01-01T00:50:00 to"),
        "{:?}",
        truth.pairs()
    );
}

#[test]
fn windows_and_the_simulator_s_truth_are_read() {
    let text = "scenario,receiver,transmitter,window_index,window_start_utc,window_s,true_distance_m,split\n\
                a,1,2,5,1596113505.857,30,1.96,dev\n";
    let truth = Truth::parse(text, "x").unwrap();
    assert_eq!(
        (truth.windows(30.0, "x").len(), truth.windows(300.0, "x").len()),
        (1, 0)
    );
    let text = "time_us,station,device,model,rpi,enin,distance_m\n\
                1000000,hci0,p,Pixel 4,000102030405060708090a0b0c0d0e0f,1,2.5\n2000000,hci0,laptop,,,,3\n";
    let truth = Truth::parse(text, "x").unwrap();
    assert_eq!(truth.names.len(), 1);
    assert_eq!(truth.at(&pair("hci0", "p"), 1.0), Some(2.5));
}

#[test]
fn what_is_no_truth_is_told_with_its_line() {
    let fault = |text: &str| Truth::parse(text, "x").unwrap_err().to_string();
    assert!(fault("a,b\n1,2\n").starts_with("no truth"));
    let header = "time,receiver,transmitter,distance_m\n";
    assert!(fault(header).starts_with("no truth"));
    assert_eq!(
        fault(&format!("{header}1,1,2,1\nyesterday,1,2,1\n")).get(..14),
        Some("line 3: time: ")
    );
    for wrong in ["-1", "nan", "1e9"] {
        assert_eq!(
            fault(&format!("{header}1,1,2,{wrong}\n")),
            "line 2: a distance is 0 to 10000 metres"
        );
    }
}
