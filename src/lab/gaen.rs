//! The exposure-notification frame: service data of UUID 0xFD6F.
//!
//! Source: Exposure Notification Bluetooth Specification v1.2 (Apple and Google, April 2020).

use std::fmt;

use serde::{Serialize, Serializer};

use super::ad::{self, ty};
use super::advert::Hex;

/// The service UUID of exposure notifications, assigned to Apple by the Bluetooth SIG.
pub const SERVICE_UUID: u16 = 0xfd6f;

/// Rolling proximity identifier: 16 bytes in the order AES gives them.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rpi(pub [u8; 16]);

/// Associated encrypted metadata: 4 bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aem(pub [u8; 4]);

macro_rules! shown_as_hex {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Hex(&self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), Hex(&self.0))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}
shown_as_hex!(Rpi, Aem);

/// Which system lays its frame out so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// No Flags structure: the UUID list comes first (Google Play services, microG).
    Android,
    /// Flags 0x1A first.
    Ios,
    /// Any other Flags, or another order of the structures.
    Other,
}

impl Layout {
    /// The word used in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Other => "other",
        }
    }
}

impl Serialize for Layout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// A frame that carries an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The identifier.
    pub rpi: Rpi,
    /// The metadata; `None` when the service data does not have exactly four bytes after the identifier, which
    /// receivers store but never match.
    pub aem: Option<Aem>,
    /// Who lays a frame out so.
    pub layout: Layout,
}

const ANDROID_PREFIX: [u8; 8] = [
    0x03,
    ty::UUID16_COMPLETE,
    0x6f,
    0xfd,
    0x17,
    ty::SERVICE_DATA_16,
    0x6f,
    0xfd,
];
const IOS_PREFIX: [u8; 11] = [
    0x02,
    ty::FLAGS,
    0x1a,
    0x03,
    ty::UUID16_COMPLETE,
    0x6f,
    0xfd,
    0x17,
    ty::SERVICE_DATA_16,
    0x6f,
    0xfd,
];

/// The frame in an advertisement's payload, if there is one with at least the 16 bytes of an identifier.
///
/// The two layouts of real phones are recognised by their whole prefix; anything else is walked structure by structure.
#[must_use]
#[inline]
pub fn decode(payload: &[u8]) -> Option<Frame> {
    let exact = |body: &[u8], layout| {
        let (rpi, aem) = body.split_first_chunk()?;
        Some(Frame {
            rpi: Rpi(*rpi),
            aem: Some(Aem(aem.try_into().ok()?)),
            layout,
        })
    };
    match payload.len() {
        28 if payload.starts_with(&ANDROID_PREFIX) => exact(&payload[8..], Layout::Android),
        31 if payload.starts_with(&IOS_PREFIX) => exact(&payload[11..], Layout::Ios),
        _ => decode_by_structure(payload),
    }
}

fn decode_by_structure(payload: &[u8]) -> Option<Frame> {
    let (rpi, rest) = service_data(payload)?.split_first_chunk()?;
    Some(Frame {
        rpi: Rpi(*rpi),
        aem: rest.try_into().ok().map(Aem),
        layout: layout(payload),
    })
}

/// The bytes after the UUID of the first service data of 0xFD6F, whatever their number.
#[must_use]
pub fn service_data(payload: &[u8]) -> Option<&[u8]> {
    ad::structures(payload)
        .filter(|structure| structure.ty == ty::SERVICE_DATA_16)
        .find_map(|structure| structure.data.strip_prefix(&SERVICE_UUID.to_le_bytes()))
}

/// The value of the Flags structure, if there is one.
#[must_use]
pub fn flags(payload: &[u8]) -> Option<&[u8]> {
    ad::structures(payload)
        .find(|structure| structure.ty == ty::FLAGS)
        .map(|structure| structure.data)
}

fn layout(payload: &[u8]) -> Layout {
    let mut all = ad::structures(payload);
    match all.next() {
        Some(first) if first.ty == ty::UUID16_COMPLETE && flags(payload).is_none() => Layout::Android,
        Some(first) if first.ty == ty::FLAGS && first.data == [0x1a] => Layout::Ios,
        _ => Layout::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;
    use proptest::prelude::*;

    const RPI: Rpi = Rpi(hex!("8be6cd371c5c891604bfbe49df845096"));

    #[test]
    fn both_phone_layouts_and_their_relatives() {
        let whole = Some(Aem(hex!("72033874")));
        for (payload, aem, layout) in [
            (
                &hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874")[..],
                whole,
                Layout::Ios,
            ),
            (
                &hex!("03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874"),
                whole,
                Layout::Android,
            ),
            (
                &hex!("02010603036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874"),
                whole,
                Layout::Other,
            ),
            (
                &hex!("17166ffd8be6cd371c5c891604bfbe49df8450967203387403036ffd"),
                whole,
                Layout::Other,
            ),
            (
                &hex!("17166ffd8be6cd371c5c891604bfbe49df84509672033874"),
                whole,
                Layout::Other,
            ),
            (
                &hex!("03036ffd13166ffd8be6cd371c5c891604bfbe49df845096"),
                None,
                Layout::Android,
            ),
            (
                &hex!("03036ffd18166ffd8be6cd371c5c891604bfbe49df8450967203387400"),
                None,
                Layout::Android,
            ),
        ] {
            assert_eq!(
                decode(payload),
                Some(Frame { rpi: RPI, aem, layout }),
                "{}",
                Hex(payload)
            );
        }
    }

    #[test]
    fn fewer_than_sixteen_bytes_or_a_truncated_structure_give_no_frame() {
        assert_eq!(decode(&hex!("03036ffd12166ffd8be6cd371c5c891604bfbe49df8450")), None);
        assert_eq!(
            decode(&hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df845096")),
            None
        );
        assert_eq!(decode(&hex!("030368fd131668fdce0a533565e9179847ef88fe20f7b5ca")), None);
    }

    proptest! {
        #[test]
        fn recognition_by_prefix_equals_the_walk(body in any::<[u8; 20]>(), flip in 0usize..400, ios in any::<bool>()) {
            let mut payload = if ios { IOS_PREFIX.to_vec() } else { ANDROID_PREFIX.to_vec() };
            payload.extend(body);
            if let Some(byte) = payload.get_mut(flip / 8) {
                *byte ^= 1 << (flip % 8);
            }
            prop_assert_eq!(decode(&payload), decode_by_structure(&payload));
        }
    }
}
