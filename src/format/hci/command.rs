//! What the host itself sets: its broadcasts, addresses, scans and resolving list.
//!
//! Source: Core specification, vol. 4 part E, 7.8; Android's multi-advertising vendor command 0xFD54 (AOSP, "HCI
//! requirements"); 0xFD4B as seen in the logs of iPhones.

use std::collections::BTreeMap;

use crate::lab::address::Address;
use crate::lab::advert::Payload;
use crate::lab::event::{EventKind, Irk, OwnDataCommand, ResolvingEntry};

/// Most bytes of an extended advertisement's data.
const MAX_ADVERTISING_DATA: usize = 1650;

/// The part of the decoder that spans commands: advertising data that comes in several.
#[derive(Debug, Default)]
pub struct CommandDecoder {
    fragments: BTreeMap<u8, Vec<u8>>,
}

impl CommandDecoder {
    /// Hands what a command (opcode, length, parameters) says about the host itself to `push`; other commands, and
    /// such as are cut short, say nothing.
    pub fn decode(&mut self, command: &[u8], push: &mut impl FnMut(EventKind)) {
        let Some(([low, high, len], rest)) = command.split_first_chunk() else {
            return;
        };
        let parameters = rest.get(..usize::from(*len)).unwrap_or(rest);
        let kind = match (u16::from_le_bytes([*low, *high]), parameters) {
            (0x2008, [len, data @ ..]) => own_data(0, OwnDataCommand::Legacy, *len, data),
            (0x2037, [set, operation, _, len, data @ ..]) => data
                .get(..usize::from(*len))
                .and_then(|data| self.extended_data(*set, *operation, data)),
            (0xfd54, [0x02, len, data @ ..]) => {
                let set = data.get(31).copied().unwrap_or_default();
                own_data(set, OwnDataCommand::AndroidMulti, *len, data.get(..31).unwrap_or(data))
            }
            (0xfd4b, [0x03, len, data @ ..]) => own_data(0, OwnDataCommand::Apple, *len, data),
            (0x2005, address) => own_address(None, address),
            (0x2035, [set, address @ ..]) | (0xfd54, [0x04, address @ .., set]) => own_address(Some(*set), address),
            (0x200a, [on, ..]) | (0x2039, [on, 0, ..]) => Some(own_enable(None, *on)),
            (0xfd54, [0x05, on, set, ..]) => Some(own_enable(Some(*set), *on)),
            (0x2039, [on, count, sets @ ..]) => {
                let sets = sets.chunks_exact(4).take(usize::from(*count));
                sets.filter_map(|set| set.first())
                    .for_each(|set| push(own_enable(Some(*set), *on)));
                None
            }
            (0x200b, [ty, scan @ ..]) | (0x2041, [_, _, _, ty, scan @ ..]) => scan_parameters(*ty, scan),
            (0x200c | 0x2042, [on, filter, ..]) => Some(EventKind::ScanEnable {
                on: *on != 0,
                filter_duplicates: *filter != 0,
            }),
            (0x2027, [peer_type, entry @ ..]) => resolving_entry(*peer_type, entry),
            (0x2028, [peer_type, peer @ ..]) => peer.first_chunk().map(|peer| EventKind::ResolvingRemove {
                peer: Address::from_hci(*peer_type, *peer),
            }),
            (0x2029, _) => Some(EventKind::ResolvingClear),
            _ => None,
        };
        if let Some(kind) = kind {
            push(kind);
        }
    }

    /// Operations: 0 intermediate, 1 first, 2 last fragment, 3 complete, 4 unchanged data.
    fn extended_data(&mut self, set: u8, operation: u8, data: &[u8]) -> Option<EventKind> {
        let whole = match operation {
            3 => {
                self.fragments.remove(&set);
                Payload::new(data)
            }
            1 => {
                self.fragments.insert(set, data.to_vec());
                return None;
            }
            0 | 2 => {
                // A fragment without its first one is of no use.
                let so_far = self.fragments.get_mut(&set)?;
                if so_far.len() + data.len() > MAX_ADVERTISING_DATA {
                    self.fragments.remove(&set);
                    return None;
                }
                so_far.extend_from_slice(data);
                if operation == 0 {
                    return None;
                }
                Payload::new(&self.fragments.remove(&set)?)
            }
            _ => return None,
        };
        Some(EventKind::OwnData {
            set,
            command: OwnDataCommand::Extended,
            data: whole,
        })
    }
}

fn own_data(set: u8, command: OwnDataCommand, len: u8, data: &[u8]) -> Option<EventKind> {
    let data = Payload::new(data.get(..usize::from(len))?);
    Some(EventKind::OwnData { set, command, data })
}

fn own_address(set: Option<u8>, little_endian: &[u8]) -> Option<EventKind> {
    let address = Address::from_hci(1, *little_endian.first_chunk()?);
    Some(EventKind::OwnAddress { set, address })
}

const fn own_enable(set: Option<u8>, on: u8) -> EventKind {
    EventKind::OwnEnable { set, on: on != 0 }
}

/// Of several PHYs the first.
fn scan_parameters(ty: u8, scan: &[u8]) -> Option<EventKind> {
    let [a, b, c, d] = *scan.first_chunk()?;
    Some(EventKind::ScanParameters {
        active: ty & 1 == 1,
        interval: u16::from_le_bytes([a, b]),
        window: u16::from_le_bytes([c, d]),
    })
}

fn resolving_entry(peer_type: u8, entry: &[u8]) -> Option<EventKind> {
    let (peer, keys) = entry.split_first_chunk()?;
    let (peer_irk, rest) = keys.split_first_chunk()?;
    let local_irk = rest.first_chunk()?;
    Some(EventKind::ResolvingAdd(Box::new(ResolvingEntry {
        peer: Address::from_hci(peer_type, *peer),
        peer_irk: irk(*peer_irk),
        local_irk: irk(*local_irk),
    })))
}

/// Keys travel least significant byte first.
fn irk(mut little_endian: [u8; 16]) -> Irk {
    little_endian.reverse();
    Irk(little_endian)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;
    use proptest::prelude::*;

    fn decode(commands: &[&[u8]]) -> Vec<EventKind> {
        let mut decoder = CommandDecoder::default();
        let mut all = Vec::new();
        for command in commands {
            decoder.decode(command, &mut |kind| all.push(kind));
        }
        all
    }

    fn data(set: u8, command: OwnDataCommand, data: &[u8]) -> EventKind {
        EventKind::OwnData {
            set,
            command,
            data: Payload::new(data),
        }
    }

    #[test]
    fn advertising_data_by_every_command() {
        let mut legacy = vec![0x08, 0x20, 32, 3, 2, 1, 6];
        legacy.resize(35, 0);
        assert_eq!(decode(&[&legacy]), [data(0, OwnDataCommand::Legacy, &[2, 1, 6])]);
        assert_eq!(
            decode(&[&hex!("3720 07 05 03 01 03 020106")]),
            [data(5, OwnDataCommand::Extended, &[2, 1, 6])]
        );
        let mut multi = vec![0x54, 0xfd, 34, 2, 3, 2, 1, 6];
        multi.resize(36, 0);
        multi.push(7);
        assert_eq!(decode(&[&multi]), [data(7, OwnDataCommand::AndroidMulti, &[2, 1, 6])]);
        let mut apple = vec![0x4b, 0xfd, 33, 3, 3, 2, 1, 6];
        apple.resize(36, 0);
        assert_eq!(decode(&[&apple]), [data(0, OwnDataCommand::Apple, &[2, 1, 6])]);
    }

    #[test]
    fn fragments_are_joined_per_set_and_unchanged_data_says_nothing() {
        let first = hex!("3720 06 01 01 01 02 aabb");
        let other = hex!("3720 05 02 03 01 01 ee");
        let middle = hex!("3720 05 01 00 01 01 cc");
        let last = hex!("3720 05 01 02 01 01 dd");
        let unchanged = hex!("3720 04 01 04 01 00");
        let joined = data(1, OwnDataCommand::Extended, &hex!("aabbccdd"));
        let between = data(2, OwnDataCommand::Extended, &hex!("ee"));
        assert_eq!(decode(&[&first, &other, &middle, &last, &unchanged]), [between, joined]);
        assert_eq!(decode(&[&last]), []);
        let huge: Vec<u8> = [&hex!("3720 ff 01 00 01 fb")[..], &[0; 251]].concat();
        let mut flood: Vec<&[u8]> = vec![&first];
        flood.resize(20, &huge);
        assert_eq!(decode(&flood), []);
    }

    #[test]
    fn addresses_switches_and_scans() {
        let address = Address::from_hci(1, [1, 2, 3, 4, 5, 0x46]);
        assert_eq!(
            decode(&[
                &hex!("0520 06 010203040546"),
                &hex!("3520 07 03 010203040546"),
                &hex!("54fd 08 04 010203040546 02"),
            ]),
            [
                EventKind::OwnAddress { set: None, address },
                EventKind::OwnAddress { set: Some(3), address },
                EventKind::OwnAddress { set: Some(2), address },
            ]
        );
        assert_eq!(
            decode(&[
                &hex!("0a20 01 01"),
                &hex!("3920 0a 01 02 03 0000 00 04 0000 00"),
                &hex!("3920 02 00 00"),
                &hex!("54fd 03 05 01 06"),
            ]),
            [
                (None, true),
                (Some(3), true),
                (Some(4), true),
                (None, false),
                (Some(6), true)
            ]
            .map(|(set, on)| EventKind::OwnEnable { set, on })
        );
        let parameters = |active| EventKind::ScanParameters {
            active,
            interval: 0x0140,
            window: 0x0020,
        };
        assert_eq!(
            decode(&[
                &hex!("0b20 07 01 4001 2000 01 00"),
                &hex!("4120 08 01 00 01 00 4001 2000")
            ]),
            [parameters(true), parameters(false)]
        );
        assert_eq!(
            decode(&[&hex!("0c20 02 01 00"), &hex!("4220 06 00 01 0000 0000")]),
            [(true, false), (false, true)]
                .map(|(on, filter_duplicates)| EventKind::ScanEnable { on, filter_duplicates })
        );
    }

    #[test]
    fn keys_of_the_resolving_list_are_turned_round() {
        let add = hex!("2720 27 01 0102030405c6 000102030405060708090a0b0c0d0e0f 00000000000000000000000000000001");
        let peer = Address::from_hci(1, [1, 2, 3, 4, 5, 0xc6]);
        let Some(EventKind::ResolvingAdd(entry)) = decode(&[&add]).pop() else {
            panic!("no entry");
        };
        assert_eq!(entry.peer, peer);
        assert_eq!(entry.peer_irk.0, hex!("0f0e0d0c0b0a09080706050403020100"));
        assert_eq!(entry.local_irk.0, hex!("01000000000000000000000000000000"));
        assert_eq!(
            decode(&[&hex!("2820 07 01 0102030405c6"), &hex!("2920 00")]),
            [EventKind::ResolvingRemove { peer }, EventKind::ResolvingClear]
        );
        for cut in 3..add.len() {
            assert_eq!(decode(&[&add[..cut]]), [], "{cut}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(
            opcode in prop::sample::select(vec![0x2005u16, 0x2008, 0x200a, 0x200b, 0x200c, 0x2027, 0x2028, 0x2035, 0x2037, 0x2039, 0x2041, 0x2042, 0xfd54, 0xfd4b]),
            body in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let command = [&opcode.to_le_bytes()[..], &body].concat();
            for kind in decode(&[&command]) {
                if let EventKind::OwnData { data, .. } = kind {
                    prop_assert!(data.len() <= body.len());
                }
            }
        }
    }
}
