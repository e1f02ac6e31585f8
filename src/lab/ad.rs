//! AD structures: the `length, type, data` triplets of an advertisement's payload.
//!
//! Source: Core Specification Supplement, part A; Core specification, vol. 3 part C, 11.

/// AD types that the lab reads, by their assigned numbers.
pub mod ty {
    /// Flags.
    pub const FLAGS: u8 = 0x01;
    /// Incomplete list of 16-bit service UUIDs.
    pub const UUID16_INCOMPLETE: u8 = 0x02;
    /// Complete list of 16-bit service UUIDs.
    pub const UUID16_COMPLETE: u8 = 0x03;
    /// Incomplete list of 32-bit service UUIDs.
    pub const UUID32_INCOMPLETE: u8 = 0x04;
    /// Complete list of 32-bit service UUIDs.
    pub const UUID32_COMPLETE: u8 = 0x05;
    /// Incomplete list of 128-bit service UUIDs.
    pub const UUID128_INCOMPLETE: u8 = 0x06;
    /// Complete list of 128-bit service UUIDs.
    pub const UUID128_COMPLETE: u8 = 0x07;
    /// Shortened local name.
    pub const NAME_SHORT: u8 = 0x08;
    /// Complete local name.
    pub const NAME_COMPLETE: u8 = 0x09;
    /// TX power level.
    pub const TX_POWER: u8 = 0x0a;
    /// Service data of a 16-bit UUID.
    pub const SERVICE_DATA_16: u8 = 0x16;
    /// Appearance.
    pub const APPEARANCE: u8 = 0x19;
    /// Service data of a 32-bit UUID.
    pub const SERVICE_DATA_32: u8 = 0x20;
    /// Service data of a 128-bit UUID.
    pub const SERVICE_DATA_128: u8 = 0x21;
    /// Manufacturer-specific data; begins with the company identifier.
    pub const MANUFACTURER: u8 = 0xff;
}

/// One structure, borrowed from the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdStructure<'a> {
    /// Where its length byte stands in the payload.
    pub offset: usize,
    /// AD type, see [`ty`]; any value is possible.
    pub ty: u8,
    /// The bytes after the type.
    pub data: &'a [u8],
}

/// How a payload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdEnd {
    /// Right after a structure.
    Clean,
    /// With a zero length and only zeros after it (early termination, allowed).
    Padding {
        /// Where the padding begins.
        offset: usize,
    },
    /// With a zero length, but not only zeros after it.
    DataAfterEnd {
        /// Where the zero length stands.
        offset: usize,
    },
    /// A length that runs past the end: the structure is dropped, those before it stand.
    Overrun {
        /// Where the length stands.
        offset: usize,
    },
}

/// Iterates over the structures of a payload, up to the first zero length or overrun.
#[derive(Clone, Debug)]
pub struct Structures<'a> {
    payload: &'a [u8],
    offset: usize,
}

/// The structures of `payload`, in order.
///
/// ```
/// use vicino::lab::ad::{structures, ty};
/// let payload = [0x02, 0x01, 0x1a, 0x03, 0x03, 0x6f, 0xfd];
/// let all: Vec<_> = structures(&payload).collect();
/// assert_eq!((all[0].ty, all[0].data), (ty::FLAGS, &[0x1a][..]));
/// assert_eq!((all[1].ty, all[1].data), (ty::UUID16_COMPLETE, &[0x6f, 0xfd][..]));
/// ```
#[must_use]
#[inline]
pub const fn structures(payload: &[u8]) -> Structures<'_> {
    Structures { payload, offset: 0 }
}

/// How `payload` ends.
#[must_use]
pub fn end(payload: &[u8]) -> AdEnd {
    let mut all = structures(payload);
    while all.next().is_some() {}
    let offset = all.offset;
    match payload.get(offset..) {
        None | Some([]) => AdEnd::Clean,
        Some([0, rest @ ..]) if rest.iter().all(|byte| *byte == 0) => AdEnd::Padding { offset },
        Some([0, ..]) => AdEnd::DataAfterEnd { offset },
        Some(_) => AdEnd::Overrun { offset },
    }
}

impl<'a> Iterator for Structures<'a> {
    type Item = AdStructure<'a>;

    #[inline]
    fn next(&mut self) -> Option<AdStructure<'a>> {
        let rest = self.payload.get(self.offset..)?;
        let (&length, rest) = rest.split_first()?;
        let (&ty, data) = rest.get(..usize::from(length))?.split_first()?;
        let offset = self.offset;
        self.offset += 1 + usize::from(length);
        Some(AdStructure { offset, ty, data })
    }
}

/// Appends a structure; `data` longer than 254 bytes is cut, as the format cannot hold more.
pub fn push(payload: &mut Vec<u8>, ty: u8, data: &[u8]) {
    let data = &data[..data.len().min(254)];
    payload.push(u8::try_from(data.len() + 1).unwrap_or(u8::MAX));
    payload.push(ty);
    payload.extend_from_slice(data);
}

/// The advertised local name, complete or shortened, as it is; invalid UTF-8 becomes U+FFFD. Neutralise it before it
/// reaches a terminal or a file.
#[must_use]
pub fn local_name(payload: &[u8]) -> Option<String> {
    structures(payload)
        .find(|structure| matches!(structure.ty, ty::NAME_COMPLETE | ty::NAME_SHORT))
        .map(|structure| String::from_utf8_lossy(structure.data).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;
    use proptest::prelude::*;

    #[test]
    fn walk_stops_at_an_overrun_and_keeps_what_came_before() {
        let payload = hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df845096");
        assert_eq!(
            structures(&payload).map(|structure| structure.ty).collect::<Vec<_>>(),
            [0x01, 0x03]
        );
        assert_eq!(end(&payload), AdEnd::Overrun { offset: 7 });
    }

    #[test]
    fn walk_stops_at_zero_and_tells_padding_from_data() {
        assert_eq!(end(&hex!("02011a0000")), AdEnd::Padding { offset: 3 });
        assert_eq!(end(&hex!("02011a000201")), AdEnd::DataAfterEnd { offset: 3 });
        assert_eq!(end(&[]), AdEnd::Clean);
        assert_eq!(structures(&hex!("0002011a")).count(), 0);
    }

    proptest! {
        #[test]
        fn decode_of_encode_is_the_identity(parts in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 0..8)) {
            let mut payload = Vec::new();
            for (ty, data) in &parts {
                push(&mut payload, *ty, data);
            }
            let back: Vec<_> = structures(&payload).map(|structure| (structure.ty, structure.data.to_vec())).collect();
            prop_assert_eq!(back, parts);
            prop_assert_eq!(end(&payload), AdEnd::Clean);
        }

        #[test]
        fn any_bytes_are_walked_within_their_bounds(payload in prop::collection::vec(any::<u8>(), 0..300)) {
            let covered: usize = structures(&payload).map(|structure| structure.data.len() + 2).sum();
            prop_assert!(covered <= payload.len());
            let _ = end(&payload);
        }
    }
}
