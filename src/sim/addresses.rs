//! Where a phone's addresses come from: a good generator, one that can be resolved with a key, or a poor one.

use crate::lab::address::{Address, AddressKind};
use crate::lab::audit::resolve::Resolver;
use crate::lab::event::Irk;

use super::frame::random_address;
use super::random::Stream;
use super::scenario::{Fault, Os};

/// A generator of addresses.
pub(super) struct Addresses {
    kind: AddressKind,
    /// Of a phone that somebody is bonded with.
    resolver: Option<Resolver>,
    /// The first bytes of all of them.
    prefix: Option<[u8; 3]>,
    /// How many there are, if few; those that were drawn, and which comes next.
    few: Option<usize>,
    drawn: Vec<Address>,
    next: usize,
}

impl Addresses {
    pub(super) fn new(seed: u64, name: &str, os: Os, faults: &[Fault], irk: Option<&Irk>) -> Self {
        let kind = if faults.contains(&Fault::PublicAddress) {
            AddressKind::Public
        } else if faults.contains(&Fault::StaticAddress) {
            AddressKind::RandomStatic
        } else {
            match os {
                Os::Android => AddressKind::RandomResolvable,
                Os::Ios => AddressKind::RandomNonresolvable,
            }
        };
        let few = faults.iter().find_map(|fault| match fault {
            Fault::FewAddresses { count } => usize::try_from(*count).ok(),
            _ => None,
        });
        let prefix = faults.contains(&Fault::SharedPrefix).then(|| {
            let [a, b, c, ..] = random_address(&mut Stream::new(seed, "prefix", &[name]), kind).bytes;
            [a, b, c]
        });
        Self {
            kind,
            resolver: irk.map(Resolver::new),
            prefix,
            few,
            drawn: Vec::new(),
            next: 0,
        }
    }

    /// The next address. It takes the same number of values from the stream whatever it becomes of.
    pub(super) fn draw(&mut self, stream: &mut Stream) -> Address {
        let mut address = random_address(stream, self.kind);
        let (front, back) = address.bytes.split_at_mut(3);
        if let Some(prefix) = self.prefix {
            front.copy_from_slice(&prefix);
        }
        if let (Some(resolver), [a, b, c]) = (&self.resolver, &*front) {
            back.copy_from_slice(&resolver.hash([*a, *b, *c]));
        }
        let Some(few) = self.few else {
            return address;
        };
        if self.drawn.len() < few {
            self.drawn.push(address);
            return address;
        }
        let again = self.drawn.get(self.next).copied().unwrap_or(address);
        self.next = (self.next + 1) % few.max(1);
        again
    }
}

/// The identity resolving key of a device of this name, and its identity address.
pub(super) fn identity(seed: u64, name: &str) -> (Irk, Address) {
    let mut stream = Stream::new(seed, "identity", &[name]);
    let irk = Irk(stream.bytes());
    (irk, random_address(&mut stream, AddressKind::Public))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(faults: &[Fault], irk: Option<&Irk>) -> Vec<Address> {
        let mut stream = Stream::new(1, "test", &[]);
        let mut addresses = Addresses::new(1, "a", Os::Android, faults, irk);
        (0..6).map(|_| addresses.draw(&mut stream)).collect()
    }

    #[test]
    fn poor_generators_repeat_themselves_and_keys_resolve() {
        let few = drawn(&[Fault::FewAddresses { count: 2 }], None);
        assert!(few[0] != few[1] && few[2..] == [few[0], few[1], few[0], few[1]]);
        let shared = drawn(&[Fault::SharedPrefix], None);
        assert!(
            shared
                .windows(2)
                .all(|two| two[0] != two[1] && two[0].bytes[..3] == two[1].bytes[..3])
        );
        let irk = identity(1, "a").0;
        let resolver = Resolver::new(&irk);
        assert!(drawn(&[], Some(&irk)).iter().all(|address| resolver.resolves(*address)));
        assert!(!drawn(&[], None).iter().any(|address| resolver.resolves(*address)));
    }
}
