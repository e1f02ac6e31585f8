//! Bonded stations, relays, companions, pauses and the fixed value.

use super::*;

#[test]
fn a_bonded_station_reports_the_identity_and_another_the_addresses_that_its_key_resolves() {
    let stations = "[[station]]\nname = 's'\nbonded = ['p']\n[[station]]\nname = 't'\n";
    let (events, _) = run(&scenario(&[HEAD, stations, PHONE]));
    let entry = kinds(&events)
        .into_iter()
        .find_map(|kind| match kind {
            EventKind::ResolvingAdd(entry) => Some((**entry).clone()),
            _ => None,
        })
        .unwrap();
    let resolver = crate::lab::audit::resolve::Resolver::new(&entry.peer_irk);
    let mut on_air = BTreeSet::new();
    for advert in adverts(&events) {
        if advert.station.0 == 0 {
            assert_eq!(advert.address.bytes, entry.peer.bytes);
            assert_eq!(
                (advert.address.kind, advert.details.address_type),
                (AddressKind::PublicIdentity, 2)
            );
        } else {
            assert!(resolver.resolves(advert.address));
            on_air.insert(advert.address);
        }
    }
    assert!(on_air.len() >= 6);
}

#[test]
fn relays_send_a_phones_frames_on_at_once_or_later() {
    let relays = "[[relay]]\nname = 'now'\nhears = 'p'\nposition = [3, 0]\n\
                  [[relay]]\nname = 'later'\nhears = 'p'\nafter = '30m'\nsame_address = true\n";
    let (events, _) = run(&scenario(&[HEAD, STATION, PHONE, "until = '40m'\n", relays]));
    let mut seen: BTreeMap<Rpi, BTreeMap<Address, [i64; 2]>> = BTreeMap::new();
    for advert in adverts(&events) {
        let frame = gaen::decode(&advert.data).unwrap();
        let times = seen.entry(frame.rpi).or_default().entry(advert.address);
        let at = advert.at.0;
        times.and_modify(|times| times[1] = at).or_insert([at, at]);
    }
    let honest = |address: &Address| address.kind == AddressKind::RandomResolvable;
    for addresses in seen.values() {
        assert_eq!(addresses.len(), 2, "the phone's address and that of the relay");
        for (address, [first, last]) in addresses {
            // The phone's own comes again half an hour later.
            assert_eq!(last - first > 30 * 60_000_000, honest(address));
        }
    }
    let last = adverts(&events).last().unwrap().at.0 - scenario(&[HEAD, STATION]).start.as_microsecond();
    assert!((4_199_000_000..4_200_000_000).contains(&last), "{last}");
}

#[test]
fn companions_change_with_the_phone_or_by_themselves() {
    let heard = |companion: &str| {
        let companion = format!("[[phone.companion]]\nsends = 'handoff'\n{companion}");
        let (events, _) = run(&scenario(&[HEAD, QUIET, STATION, PHONE, &companion]));
        // The phone's address while it was there, then the companion's with its counter.
        let mut own = Vec::new();
        let mut others: Vec<(Address, u16)> = Vec::new();
        for advert in adverts(&events) {
            if gaen::decode(&advert.data).is_some() {
                own.push(advert.address);
            } else {
                others.push((advert.address, u16::from_le_bytes([advert.data[10], advert.data[11]])));
            }
        }
        own.dedup();
        let steps: Vec<u16> = others
            .windows(2)
            .filter(|two| two[0].0 != two[1].0)
            .map(|two| two[1].1.wrapping_sub(two[0].1))
            .collect();
        (own, steps)
    };
    let (own, steps) = heard("address = 'with-rpi'\ncarries_over = true\n");
    assert_eq!(own.len(), steps.len() + 1);
    assert!(steps.iter().all(|step| (1..=2).contains(step)), "{steps:?}");
    let (_, steps) = heard("address = 'own-times'\n");
    assert!(steps.len() >= 5 && steps.iter().all(|step| *step > 16), "{steps:?}");
    let (own, steps) = heard("address = 'same'\n");
    assert_eq!(own.len(), steps.len() + 1);
}

#[test]
fn phones_pause_and_send_the_fixed_value_at_rotations() {
    let (events, _) = run(&scenario(&[
        HEAD,
        STATION,
        PHONE,
        "pause_at_rotation = ['20s', '60s']\n",
    ]));
    let heard = adverts(&events);
    let pauses: Vec<_> = heard
        .windows(2)
        .filter(|two| two[0].address != two[1].address)
        .map(|two| two[1].at.since(two[0].at).0)
        .collect();
    assert!(pauses.len() >= 6);
    assert!(pauses.iter().all(|pause| (20_000_000..61_000_000).contains(pause)));
    let fixed = "[[phone.fault]]\nkind = 'fixed-at-rotation'\n";
    let (events, truth) = run(&scenario(&[HEAD, STATION, PHONE, fixed]));
    let mut under: BTreeMap<Rpi, BTreeSet<Address>> = BTreeMap::new();
    for advert in adverts(&events) {
        under
            .entry(gaen::decode(&advert.data).unwrap().rpi)
            .or_default()
            .insert(advert.address);
    }
    let most = under.values().map(BTreeSet::len).max().unwrap();
    assert!(most >= 7 && under.values().filter(|addresses| addresses.len() > 1).count() == 1);
    let told: BTreeSet<Rpi> = truth
        .iter()
        .filter_map(|truth| match truth {
            Truth::Sighting(row) => row.rpi.map(|(rpi, _)| rpi),
            Truth::Key(_) => None,
        })
        .collect();
    assert_eq!(told.len() + 1, under.len(), "the fixed value is nobody's");
}
