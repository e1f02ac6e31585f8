//! `vicino audit custody`: whether captures are kept as personal data should be.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::convert::input_failure;
use super::super::{Exit, Failure, origin};
use super::FailOn;
use super::checks::{Audited, PrintArgs, print};
use crate::format::native::{Meta, Paths};
use crate::format::open::{OpenOptions, in_file, open};
use crate::lab::ad;
use crate::lab::address::Address;
use crate::lab::audit::custody::{Contents, Holds, Kept, check};
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::gaen::{self, Rpi};

/// Version of the JSON that this prints.
const SCHEMA: &str = "vicino/audit-custody/1";
/// Identifiers, addresses and names that are told apart; more are not counted.
const MOST: usize = 1_000_000;

/// Audits how captures are kept: who can read the files, whether identifiers, names and secrets stand in them in clear
#[derive(Debug, Args)]
pub(super) struct CustodyArgs {
    /// Captures
    #[arg(required = true, value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    /// Exits with 1 when a check turns out so or worse: fail, warn, never
    #[arg(long, value_name = "VERDICT", value_enum, default_value_t = FailOn::Fail)]
    fail_on: FailOn,
    #[command(flatten)]
    print: PrintArgs,
}

/// Runs it.
pub(super) fn run(args: &CustodyArgs) -> Result<Exit, Failure> {
    let mut audited = Vec::new();
    for capture in &args.captures {
        let files = files(capture);
        let contents = contents(capture)?;
        audited.push(Audited::new(capture.display().to_string(), check(&files, &contents)));
    }
    let verdict = print(SCHEMA, &audited, &args.print)?;
    Ok(args.fail_on.exit(verdict))
}

/// The files of a capture that are there.
fn files(capture: &Path) -> Vec<Kept> {
    let paths = Paths::of(capture);
    let beside = |ending: &str| paths.meta.with_extension(ending);
    let is_native = paths.rows.is_file();
    let rows = if is_native { paths.rows.as_path() } else { capture };
    let mut all = vec![(rows.to_owned(), Holds::Reports)];
    if is_native {
        all.extend([
            (paths.events.clone(), Holds::Reports),
            (paths.meta.clone(), Holds::Facts),
            (beside("keys.csv"), Holds::Keys),
            (beside("truth.csv"), Holds::Truth),
        ]);
    }
    all.into_iter()
        .filter_map(|(path, is)| {
            let mode = fs::metadata(&path).ok()?.permissions().mode();
            Some(Kept {
                name: path.display().to_string(),
                mode: Some(mode),
                is,
            })
        })
        .collect()
}

fn contents(capture: &Path) -> Result<Contents, Failure> {
    let failed = |error| input_failure(&in_file(capture, error));
    let mut reader = open(capture, &OpenOptions::default()).map_err(failed)?;
    let mut rpis: BTreeSet<Rpi> = BTreeSet::new();
    let mut addresses: BTreeSet<Address> = BTreeSet::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    let (mut peer_keys, mut fillers) = (0, 0);
    let (mut events, mut more) = (Vec::new(), true);
    while more {
        more = reader.read(&mut events).map_err(failed)?;
        for event in events.drain(..) {
            match event {
                CaptureEvent::Advert(advert) => {
                    if addresses.len() < MOST {
                        addresses.insert(advert.address);
                    }
                    if let Some(frame) = gaen::decode(&advert.data).filter(|_| rpis.len() < MOST) {
                        rpis.insert(frame.rpi);
                    }
                    if let Some(name) = ad::local_name(&advert.data).filter(|_| names.len() < MOST) {
                        names.insert(name);
                    }
                }
                CaptureEvent::Other(event) => {
                    if let EventKind::ResolvingAdd(entry) = &event.kind {
                        peer_keys += usize::from(!entry.peer_irk.is_none());
                        fillers += usize::from(entry.peer_irk.is_none() && !entry.local_irk.is_none());
                    }
                }
            }
        }
    }
    origin::warn_of_damage_in(capture, reader.damage());
    let meta = Meta::read(&Paths::of(capture).meta).ok();
    let treatment = meta.as_ref().map(|meta| meta.privacy.clone());
    Ok(Contents {
        rpis: rpis.len(),
        addresses: addresses.len(),
        names: names.len(),
        peer_keys,
        fillers,
        is_pseudonymised: super::input::is_protected(capture),
        is_simulated: meta.is_some_and(|meta| meta.source.kind == "simulator"),
        treatment,
    })
}
