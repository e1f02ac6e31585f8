//! Reports known to repeat one before by their bytes alone, before anything in them is decoded.
//!
//! A source that can tell by some bytes (the token) that two reports are the same in all but time and level says so when
//! it hands over the first ([`Intake::expect`]), and need not decode the others ([`Intake::echo`]).
//!
//! [`Intake::expect`]: super::Intake::expect
//! [`Intake::echo`]: super::Intake::echo

use super::Session;
use crate::lab::advert::StationId;
use crate::lab::time::UnixMicros;
use crate::lab::units::Dbm;

/// A report not yet decoded.
#[derive(Clone, Copy, Debug)]
pub struct Echo<'a> {
    /// When it was received.
    pub at: UnixMicros,
    /// Its level.
    pub rssi: Dbm,
    /// Who received it.
    pub station: StationId,
    /// All else that it says: where these bytes are the same, so are PDU type, address, details and payload.
    pub token: &'a [u8],
    /// Any number that is the same for the same token and most often another for others.
    pub hint: u64,
}

/// The token of a track's latest report.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::lab) struct Token {
    /// 0 for none, else [`PIECE`] to [`MOST`].
    len: u8,
    head: [u8; PIECE],
    middle: [u8; PIECE],
    tail: [u8; PIECE],
}

/// What is compared at a time.
const PIECE: usize = 16;
/// Longest token: three pieces.
const MOST: usize = 3 * PIECE;

impl Token {
    /// The token in pieces, which overlap where it is shorter than they are; none where it is too short or too long.
    fn new(token: &[u8]) -> Self {
        let pieces = (token.first_chunk(), token.last_chunk(), u8::try_from(token.len()));
        let (Some(head), Some(tail), Ok(len), ..=MOST) = (pieces.0, pieces.1, pieces.2, token.len()) else {
            return Self::default();
        };
        let middle = token.get(PIECE..2 * PIECE).and_then(<[u8]>::first_chunk);
        Self {
            len,
            head: *head,
            middle: *middle.unwrap_or(tail),
            tail: *tail,
        }
    }

    pub(super) const fn clear(&mut self) {
        self.len = 0;
    }

    #[inline]
    fn is(&self, token: &[u8]) -> bool {
        if usize::from(self.len) != token.len() {
            return false;
        }
        let (Some(head), Some(tail)) = (token.first_chunk(), token.last_chunk()) else {
            return false;
        };
        if self.head != *head || self.tail != *tail {
            return false;
        }
        // A shorter one is whole in head and tail.
        token.get(PIECE..2 * PIECE).is_none_or(|middle| self.middle == *middle)
    }
}

/// For each of a few thousand hashes of hints the slot of the track last expected there, right or not.
#[derive(Clone, Debug)]
pub(super) struct Guesses(Box<[u32; 1 << Guesses::BITS]>);

impl Default for Guesses {
    fn default() -> Self {
        let none = vec![0; 1 << Self::BITS].into_boxed_slice();
        Self(none.try_into().expect("as long as it was made"))
    }
}

impl Guesses {
    const BITS: u32 = 14;

    #[inline]
    const fn place(hint: u64) -> usize {
        (hint.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - Self::BITS)) as usize
    }
}

impl Session {
    /// Takes a report that says what the latest of its track says; `false`, with nothing done, if it cannot be told to be
    /// one. Its time must be one at which nothing is due, and fit into a history.
    #[expect(clippy::inline_always, reason = "once per packet")]
    #[inline(always)]
    pub(super) fn echo(&mut self, echo: &Echo<'_>) -> bool {
        let slot = self.guesses.0[Guesses::place(echo.hint)];
        let Some(track) = self.tracks.get_mut(slot) else {
            return false;
        };
        if !track.token.is(echo.token) || track.key.station != echo.station {
            return false;
        }
        track.last = echo.at;
        let is_full = track.history.note(echo.at, echo.rssi);
        if is_full || !track.is_unsettled {
            self.attend_to(slot, is_full);
        }
        true
    }

    /// Notes what the report looks like that was taken last.
    pub(super) fn expect(&mut self, echo: &Echo<'_>) {
        if let Some(slot) = self.counted_in {
            self.tracks.at(slot).token = Token::new(echo.token);
            self.guesses.0[Guesses::place(echo.hint)] = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_is_its_own_bytes_and_no_others(
            bytes in prop::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>(), bit in 0u8..8,
        ) {
            let token = Token::new(&bytes);
            prop_assert_eq!(token.is(&bytes), (PIECE..=MOST).contains(&bytes.len()));
            prop_assert!(!token.is(&[&bytes[..], &[0]].concat()) && !token.is(&bytes[..bytes.len().saturating_sub(1)]));
            if !bytes.is_empty() {
                let mut other = bytes.clone();
                other[at.index(bytes.len())] ^= 1 << bit;
                prop_assert!(!token.is(&other));
            }
        }
    }
}
