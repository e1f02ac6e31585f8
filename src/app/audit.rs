//! The tab of the audit: rules turning as evidence arrives, and the packets that show it.

use super::Effect;
use super::action::Action;
use super::layout;
use super::model::Model;
use super::privacy::Privacy;
use super::tab::Tab;
use crate::lab::advert::StationId;
use crate::lab::audit::evidence::{Owner, Station};
use crate::lab::audit::rules::judge_all;
use crate::lab::audit::settings::Profile;
use crate::lab::audit::{Case, Evidence, Finding, Judgement, Settings, Sight, Verdict};
use crate::lab::event::CaptureEvent;
use crate::lab::keyring::Keyring;
use crate::lab::ledger::TrackKey;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::units::Dbm;
use crate::source::pacing::Command;

/// Evidence must have grown by one part in so many before all is judged anew by itself: what there is much of costs time.
const GROWTH: u64 = 50;
/// The same where there are more pairs than this.
const GROWTH_OF_MANY: u64 = 2;
const MANY: usize = 50_000;

/// A sender to be selected once the playback has come to its packet.
#[derive(Clone, Copy, Debug)]
pub struct Sought {
    /// When the packet was heard.
    pub(super) at: UnixMicros,
    /// Who sent it.
    pub(super) key: TrackKey,
    /// Whether the playback still has to go back.
    pub(super) awaits_reset: bool,
}

/// State of the tab.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// What was heard so far. A playback that goes back adds nothing to it, and takes nothing away.
    pub evidence: Evidence,
    /// By whose measure is judged.
    pub profile: Profile,
    /// What the rules say, in their order.
    pub judged: Vec<Judgement>,
    /// Number of the selected rule in the list.
    pub selected: usize,
    /// Number of the topmost rule on the screen.
    pub top: usize,
    /// Number of the selected packet among those of the rule's findings.
    pub packet: usize,
    /// Advertisements taken, and those that went by since the source began.
    taken: u64,
    passed: u64,
    /// Pairs whose broadcaster was looked for.
    named: usize,
    /// Advertisements that were there at the latest judgement.
    made_of: Option<u64>,
    /// Time has passed since.
    is_due: bool,
}

impl Audit {
    /// Takes events of the source, those that were not taken before.
    pub(super) fn take(&mut self, events: &[CaptureEvent]) {
        for event in events {
            let is_new = self.passed >= self.taken;
            if matches!(event, CaptureEvent::Advert(_)) {
                self.passed += 1;
            }
            if is_new {
                self.taken = self.passed;
                self.evidence.take(event, self.passed);
            }
        }
    }

    /// The source begins again; what was heard of it stays.
    pub(super) const fn rewind(&mut self) {
        self.passed = 0;
    }

    /// Another source: everything begins anew.
    pub(super) fn clear(&mut self) {
        *self = Self {
            profile: self.profile,
            selected: self.selected,
            ..Self::default()
        };
    }

    /// Time passes: what came is to be judged.
    pub(super) const fn pass_time(&mut self) {
        self.is_due = true;
    }

    /// Who received a packet.
    #[must_use]
    pub fn station_of(&self, sight: &Sight) -> &Station {
        self.evidence.station(sight.station)
    }

    /// The rule that is selected.
    #[must_use]
    pub fn rule(&self) -> Option<&Judgement> {
        self.judged.get(self.selected)
    }

    /// The selected packet with its finding, the number of the finding among those listed, and that of the packet within it.
    #[must_use]
    pub fn selected_packet(&self) -> Option<(&Finding, usize, usize)> {
        let mut left = self.packet;
        for (number, finding) in self.rule()?.findings.iter().enumerate() {
            if left < finding.packets.len() {
                return Some((finding, number, left));
            }
            left -= finding.packets.len();
        }
        None
    }

    fn n_packets(&self) -> usize {
        let rule = self.rule();
        rule.map_or(0, |rule| {
            rule.findings.iter().map(|finding| finding.packets.len()).sum()
        })
    }

    /// How many rules turned out so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.judged.iter().filter(|judged| judged.verdict == verdict).count()
    }

    /// Whose identifiers are, of those that are new.
    fn name(&mut self, keys: &Keyring) {
        let new: Vec<_> = self.evidence.pairs[self.named.min(self.evidence.pairs.len())..]
            .iter()
            .map(|pair| (pair.rpi, pair.aem))
            .collect();
        self.named += new.len();
        for (rpi, aem) in new {
            let Some(known) = keys.find(rpi, aem) else { continue };
            let owner = Owner {
                name: known.device.to_owned(),
                model: known.model.to_owned(),
            };
            self.evidence.owners.insert(rpi, owner);
            if let Some(metadata) = known.metadata {
                self.evidence.known.insert(rpi, metadata);
            }
        }
    }

    fn judge(&mut self) {
        let settings = Settings::of(self.profile);
        self.judged = judge_all(&Case::new(&self.evidence), &settings);
    }
}

/// A text in which identifiers and addresses are shown as far as privacy wants.
#[must_use]
pub fn masked(text: &str, privacy: Privacy) -> String {
    if privacy.shows_payload() {
        return text.to_owned();
    }
    let is_part = |letter: char| letter.is_ascii_hexdigit() || letter == ':';
    let mut shown = String::with_capacity(text.len());
    let mut word = String::new();
    let end = |word: &mut String, shown: &mut String| {
        let digits = word.bytes().filter(u8::is_ascii_hexdigit).count();
        let is_identifier = digits >= 12 && (word.contains(':') || digits >= 16);
        shown.push_str(&if is_identifier {
            privacy.identifier(word)
        } else {
            word.clone()
        });
        word.clear();
    };
    for letter in text.chars() {
        if is_part(letter) {
            word.push(letter);
        } else {
            end(&mut word, &mut shown);
            shown.push(letter);
        }
    }
    end(&mut word, &mut shown);
    shown
}

impl Model {
    /// Brings the verdicts up to date, where evidence has grown.
    pub(super) fn settle_audit(&mut self) {
        let keys = std::sync::Arc::clone(&self.keys);
        let page = layout::audit(self.body_height()).rows.max(1);
        let audit = &mut self.audit;
        let part = if audit.evidence.pairs.len() > MANY {
            GROWTH_OF_MANY
        } else {
            GROWTH
        };
        let is_old = audit
            .made_of
            .is_none_or(|made_of| audit.is_due && audit.taken != made_of && audit.taken >= made_of + made_of / part);
        let is_still = self
            .source
            .playback
            .as_ref()
            .is_some_and(crate::source::pacing::Status::is_still);
        if is_old || (is_still && audit.made_of != Some(audit.taken)) {
            audit.is_due = false;
            audit.made_of = Some(audit.taken);
            audit.name(&keys);
            let table = self.calibration.table(None, self.session.now());
            let own = table.entries().iter().filter_map(|entry| table.own(&entry.model));
            audit.evidence.tx_powers = own.map(|(profile, _)| Dbm(profile.tx_power_dbm)).collect();
            audit.judge();
        }
        let audit = &mut self.audit;
        let n = audit.judged.len();
        audit.selected = audit.selected.min(n.saturating_sub(1));
        audit.packet = audit.packet.min(audit.n_packets().saturating_sub(1));
        audit.top = audit
            .top
            .min(n.saturating_sub(page))
            .min(audit.selected)
            .max((audit.selected + 1).saturating_sub(page));
    }

    pub(super) fn travel_audit(&mut self, action: Action) {
        let page = layout::audit(self.body_height()).rows.max(1);
        let audit = &mut self.audit;
        let last = audit.judged.len().saturating_sub(1);
        let at = audit.selected;
        audit.selected = action.travelled(at, page, last);
        if audit.selected != at {
            audit.packet = 0;
        }
    }

    /// Does what a key asks of the tab.
    pub(super) fn act_on_audit(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::NextPacket => {
                self.audit.packet = (self.audit.packet + 1).min(self.audit.n_packets().saturating_sub(1));
            }
            Action::PreviousPacket => self.audit.packet = self.audit.packet.saturating_sub(1),
            Action::NextProfile => {
                self.audit.profile = match self.audit.profile {
                    Profile::Spec => Profile::Field,
                    Profile::Field => Profile::Spec,
                };
                self.audit.made_of = None;
            }
            _ => return self.show_packet(),
        }
        Vec::new()
    }

    /// Goes to where the selected packet was heard, and shows its sender.
    fn show_packet(&mut self) -> Vec<Effect> {
        let packet = self.audit.selected_packet();
        let Some(sight) = packet.and_then(|(finding, _, at)| finding.packets.get(at).copied()) else {
            self.say("no packet is selected: the rule found nothing");
            return Vec::new();
        };
        let key = key_of(self.audit.station_of(&sight).number, &sight);
        if let Some(playback) = &self.source.playback {
            // Just behind it, so that it is heard, and its sender selected when it is; and there it stays.
            let mut effects = vec![Effect::Playback(Command::SeekTo(sight.at.plus(Micros(1))))];
            if !playback.pacer.is_paused() {
                effects.push(Effect::Playback(Command::TogglePause));
            }
            // Going back, the session begins anew: the sender is not to be looked for in what was heard before.
            let awaits_reset = sight.at < self.session.now();
            self.sought = Some(Sought {
                at: sight.at,
                key,
                awaits_reset,
            });
            self.tab = Tab::Device;
            return effects;
        }
        if self.session.track(key).is_some() {
            self.sought = Some(Sought {
                at: UnixMicros(i64::MIN),
                key,
                awaits_reset: false,
            });
            self.tab = Tab::Device;
        } else {
            self.say(&format!(
                "{} is not heard any more; it was at {}",
                sight.address, sight.at
            ));
        }
        Vec::new()
    }

    /// The number of a packet in its capture, as the verb `audit` tells it: of the record in a packet capture, of the row in a
    /// native one, of the report in a live stream. `None` where the capture was not read through yet.
    #[must_use]
    pub fn packet_number(&self, sight: &Sight) -> Option<u64> {
        if self.source.playback.is_none() {
            return Some(sight.number);
        }
        let Some(numbers) = &self.timeline.as_ref()?.outline.numbers else {
            return Some(sight.number);
        };
        let place = usize::try_from(sight.number).ok()?.checked_sub(1)?;
        numbers
            .get(place)
            .filter(|number| **number > 0)
            .map(|number| u64::from(*number))
    }

    /// The rule's verdict and findings, to be copied.
    pub(super) fn audit_text(&self) -> Option<String> {
        let rule = self.audit.rule()?;
        let mut lines = vec![format!(
            "{} {} {}: {}",
            rule.rule,
            rule.rule.rule().title,
            rule.verdict,
            rule.seen
        )];
        lines.extend(
            rule.findings
                .iter()
                .map(|finding| format!("{}: {}", finding.verdict, finding.what)),
        );
        Some(masked(&lines.join("\n"), self.privacy))
    }
}

const fn key_of(station: StationId, sight: &Sight) -> TrackKey {
    TrackKey {
        station,
        address: sight.address,
    }
}

#[cfg(test)]
mod tests;
