//! What is known of the device, each figure with where it comes from, and its levels as a histogram.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::distance;
use crate::app::model::Model;
use crate::app::privacy::Privacy;
use crate::app::rows::{Row, with_estimate};
use crate::lab::advert::RssiQuality;
use crate::lab::attenuation::{Attenuation, Confidence};
use crate::lab::doubt::Doubt;
use crate::lab::keyring::Known;
use crate::lab::text::printable;
use crate::lab::time::{Enin, UnixMicros};
use crate::lab::track::Track;
use crate::lab::units::Dbm;
use crate::view::text::{clip, grouped, interval, metres, put, width};
use crate::view::theme::Theme;

/// Rows that the facts take.
pub(super) const ROWS: u16 = 12;
/// Cells of the names and of the values.
const NAME: u16 = 12;
const VALUE: u16 = 16;

/// The fact that may be a warning.
const ROTATION: &str = "rotation";

struct Fact {
    name: &'static str,
    value: String,
    from: String,
}

pub(super) fn draw(model: &Model, track: &Track, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let row = with_estimate(model, track, model.now());
    let known = model.session.known(track.rpi, track.aem);
    let edition = &model.session.profiles(track.key.station).edition;
    let mut facts = levels(track, &row, known, edition);
    facts.extend(distances(model, &row, area.width.saturating_sub(1 + NAME)));
    facts.extend(others(track, &row, known, model.privacy));
    for (y, fact) in (0..area.height).zip(&facts) {
        put(buf, area, 1, y, fact.name, theme.dim);
        let is_warning = fact.name == ROTATION && !row.doubts.is_empty();
        let style = if is_warning { theme.warning } else { theme.base };
        put(buf, area, 1 + NAME, y, &fact.value, style);
        let x = 1 + NAME + VALUE.max(width(&fact.value) + 2);
        put(
            buf,
            area,
            x,
            y,
            &clip(&fact.from, usize::from(area.width.saturating_sub(x))),
            theme.dim,
        );
    }
    if let Some(y) = u16::try_from(facts.len()).ok().filter(|y| *y < area.height) {
        put(buf, area, 1, y, "levels", theme.dim);
        let line = Rect {
            x: area.x + 1 + NAME,
            y: area.y + y,
            width: area.width.saturating_sub(1 + NAME),
            height: 1,
        };
        histogram(track, theme, line, buf);
    }
}

fn none() -> String {
    "–".to_owned()
}

fn levels(track: &Track, row: &Row, known: Option<Known<'_>>, edition: &str) -> Vec<Fact> {
    let quantile = |per_mille| track.histogram.quantile(per_mille);
    let n_levels: u64 = track.histogram.bins().map(|(_, count)| u64::from(count)).sum();
    let quality = match row.rssi_quality {
        RssiQuality::Paired => "of this very packet",
        RssiQuality::Latest => "the system's newest value",
        RssiQuality::Quantised => "small changes withheld",
    };
    let spread = match (track.histogram.median(), quantile(250), quantile(750)) {
        // Levels are those of the present identifier, since it is at this address.
        (Some(Dbm(median)), Some(Dbm(low)), Some(Dbm(high))) => {
            let n_levels = grouped(n_levels);
            format!("median {median} of {n_levels}, half {low} to {high}; {quality}")
        }
        _ => quality.to_owned(),
    };
    let why = |found| {
        let is_told = known.is_some_and(|known| known.metadata.is_some());
        format!("{}; list of {edition}", attenuation(found, is_told))
    };
    vec![
        Fact {
            name: "RSSI",
            value: row.rssi.map_or_else(none, |level| level.to_string()),
            from: spread,
        },
        Fact {
            name: "attenuation",
            value: row
                .attenuation
                .map_or_else(none, |found| format!("{:.0} dB", found.value.0)),
            from: row.attenuation.map_or_else(|| "no profile, no class".to_owned(), why),
        },
    ]
}

/// The distance: what is estimated, what free space says, by what it was reckoned, and how it went.
fn distances(model: &Model, row: &Row, room: u16) -> [Fact; 4] {
    let truth = row.distance.map(|known| format!("true {} m", metres(known.0)));
    let fact = |name, value, from| Fact { name, value, from };
    let Some(found) = &row.estimate else {
        let why = if row.rpi.is_some() {
            "nothing was heard that tells it"
        } else {
            "of exposure notifications alone"
        };
        let nothing = |name| fact(name, none(), String::new());
        return [
            fact("distance", truth.unwrap_or_else(none), why.to_owned()),
            nothing("n = 2"),
            nothing("estimator"),
            nothing("10 min"),
        ];
    };
    let of = &found.estimate;
    let percent = |p: f64| format!("{:.0} %", p * 100.0);
    let [nearest, near] = of.p_near.map(percent);
    let truth = truth.map_or_else(String::new, |truth| format!("; {truth}"));
    let mark = if found.is_known { "" } else { " ?" };
    let estimator = model.distances.model();
    let confidence = confidence(row, found.is_known);
    let edition = &model.session.profiles_or(&estimator.edition).edition;
    [
        fact(
            "distance",
            format!("{} m{mark}  {}", metres(of.distance_m), interval(of)),
            format!("90 %; <1.5 m {nearest}, <2 m {near}{truth}"),
        ),
        fact(
            "n = 2",
            format!("{} m", metres(found.raw_m)),
            format!("free space, of the median {:.0} dB", found.attenuation_db),
        ),
        fact(
            "estimator",
            printable(&estimator.name).into_owned(),
            format!("{confidence}, of {edition}; live, {} levels in 30 s", found.n_levels),
        ),
        fact(
            "10 min",
            distance::bars(model.distance_history(), model.now(), room),
            String::new(),
        ),
    ]
}

/// How far the figures can be trusted with which the levels were made comparable.
fn confidence(row: &Row, is_known: bool) -> &'static str {
    match row.attenuation.map(|found| found.confidence) {
        _ if !is_known => "sender not known",
        Some(Confidence::High) => "profiles high",
        Some(Confidence::Medium) => "profiles medium",
        Some(Confidence::Low) => "profiles low",
        Some(Confidence::Lowest) | None => "class average",
    }
}

fn others(track: &Track, row: &Row, known: Option<Known<'_>>, privacy: Privacy) -> Vec<Fact> {
    let loss = track.loss().map_or_else(none, |loss| format!("{:.0} %", loss * 100.0));
    vec![
        Fact {
            name: "interval",
            value: track
                .interval()
                .map_or_else(none, |interval| format!("{} ms", (interval.0 + 500) / 1_000)),
            from: format!("mean, pauses left out; loss {loss} while listening"),
        },
        Fact {
            name: "heard",
            value: grouped(track.heard),
            from: format!("since {}, {:.1}/s now", since(track), row.rate),
        },
        Fact {
            name: "address",
            value: track.key.address.kind.to_string(),
            from: format!("{}{}", track.pdu, identifiers(row)),
        },
        rotation(row),
        key(known, privacy),
    ]
}

/// What is said of an address that is not what was on the air.
const RESOLVED: &str = "the controller resolved its address";

/// What speaks against it, the gravest first.
fn rotation(row: &Row) -> Fact {
    let n = row.doubts.iter().count();
    let resolved = row.address.kind.is_resolved() && row.rpi.is_some();
    let texts = row.doubts.iter().map(Doubt::text);
    let texts: Vec<_> = texts.chain(resolved.then_some(RESOLVED)).collect();
    Fact {
        name: ROTATION,
        value: match n {
            _ if row.rpi.is_none() => "–".to_owned(),
            0 if resolved => "not observable".to_owned(),
            0 => "nothing against it".to_owned(),
            1 => "1 sign !".to_owned(),
            n => format!("{n} signs !"),
        },
        from: texts.join("; "),
    }
}

/// Whose lab key it uses, and what the metadata say.
fn key(known: Option<Known<'_>>, privacy: Privacy) -> Fact {
    let Some(known) = known else {
        return Fact {
            name: "lab key",
            value: "–".to_owned(),
            from: "none that is known fits".to_owned(),
        };
    };
    let told = known.metadata.map_or_else(
        || "no metadata".to_owned(),
        |told| format!("v{}.{}, tx {}", told.major(), told.minor(), told.tx_power()),
    );
    let start = known.enin.start();
    let span = format!("{}–{} UTC", &hour(start), &hour(start.plus(Enin::SPAN)));
    Fact {
        name: "lab key",
        value: clip(&privacy.name(&printable(known.device)), usize::from(VALUE)).into_owned(),
        from: format!("{told}, for {span}"),
    }
}

/// `09:50`
fn hour(at: UnixMicros) -> String {
    let text = at.to_string();
    text.get(11..16).unwrap_or("–").to_owned()
}

/// `, 2 identifiers`
fn identifiers(row: &Row) -> String {
    match row.rotations {
        None => String::new(),
        Some(0) => ", 1 identifier".to_owned(),
        Some(n) => format!(", {} identifiers", n + 1),
    }
}

fn attenuation(found: Attenuation, is_told: bool) -> String {
    let told = if is_told { " (told)" } else { "" };
    let whose = |is_known| if is_known { "" } else { "?" };
    format!(
        "tx {}{} dBm{told}, rx {:+.0}{} dB; ? class average",
        found.tx_power.0,
        whose(found.sender_known),
        found.correction.0,
        whose(found.receiver_known)
    )
    .trim_end_matches(if found.sender_known && found.receiver_known {
        "; ? class average"
    } else {
        ""
    })
    .to_owned()
}

fn since(track: &Track) -> String {
    let text = track.first.to_string();
    match text.get(11..19) {
        Some(time) if text.len() == 27 => time.to_owned(),
        _ => text,
    }
}

/// A bar for each decibel that was heard, strongest on the right, with the levels at both ends.
fn histogram(track: &Track, theme: &Theme, area: Rect, buf: &mut Buffer) {
    const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let bins: Vec<(Dbm, u16)> = track.histogram.bins().collect();
    let (Some((Dbm(low), _)), Some((Dbm(high), _))) = (bins.first(), bins.last()) else {
        return put(buf, area, 0, 0, "–", theme.dim);
    };
    let label = format!("{low} ");
    put(buf, area, 0, 0, &label, theme.dim);
    let room = area.width.saturating_sub(width(&label) + 5).max(1);
    let span = u16::from(high.abs_diff(*low)) + 1;
    let per_cell = span.div_ceil(room);
    let mut cells = vec![0u32; usize::from(span.div_ceil(per_cell))];
    for (Dbm(level), count) in &bins {
        let cell = u16::from(level.abs_diff(*low)) / per_cell;
        if let Some(sum) = cells.get_mut(usize::from(cell)) {
            *sum += u32::from(*count);
        }
    }
    let most = cells.iter().copied().max().unwrap_or(1).max(1);
    let mut x = width(&label);
    for count in cells {
        // A level that was heard at all has a bar.
        let bar = (u64::from(count) * 8).div_ceil(u64::from(most)).clamp(1, 8);
        let glyph = if count == 0 {
            " "
        } else {
            BARS[usize::try_from(bar - 1).unwrap_or(0)]
        };
        put(buf, area, x, 0, glyph, theme.line);
        x += 1;
    }
    put(buf, area, x + 1, 0, &high.to_string(), theme.dim);
}
