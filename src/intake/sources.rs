//! The files of a delivery, wherever they are: beside the definition, or with another host, which is
//! asked whether they have changed.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use super::{IngestError, Plan, Workshop, file_error};
use crate::definition::SourcePart;
use crate::fetch::{Address, Fetched};
use crate::store::{KeptSource, Store};

/// Files to read, and an account of those that came from other hosts.
#[derive(Debug, Default)]
pub struct Brought {
    pub files: Vec<PathBuf>,
    pub fetched: Vec<KeptSource>,
}

/// Every file of the plan in order; what another host has not changed since is not sent again.
pub fn bring(workshop: &Workshop, plan: &Plan) -> Result<Brought, IngestError> {
    let mut brought = Brought::default();
    for part in &plan.parts {
        match part {
            SourcePart::File(path) => brought.files.push(path.clone()),
            SourcePart::Address(address) => {
                let (kept, file) = fetch(workshop, plan, address)?;
                brought.files.push(file);
                brought.fetched.push(kept);
            }
        }
    }
    let addresses: Vec<&Address> = brought.fetched.iter().map(|kept| &kept.address).collect();
    workshop.store.forget_sources_but(&plan.layer, &addresses)?;
    Ok(brought)
}

fn fetch(workshop: &Workshop, plan: &Plan, address: &Address) -> Result<(KeptSource, PathBuf), IngestError> {
    let kept = workshop.store.kept_source(&plan.layer, address);
    let stage = workshop.store.stage()?;
    let name = address.file_name();
    let path = Store::source_in(&stage, &name)?;
    let mut target = BufWriter::new(File::create(&path).map_err(file_error(&path))?);
    let known = kept.as_ref().map(|(kept, _)| &kept.validator);
    let validator = match (workshop.fetcher.fetch(address, known, &mut target)?, kept) {
        (Fetched::Unchanged, Some(kept)) => return Ok(kept),
        // Only who said what is known is told that it has not changed.
        (Fetched::Unchanged, None) => return Err(IngestError::Gate(format!("{address} was not sent"))),
        (Fetched::New(validator), _) => validator,
    };
    target.into_inner().map_err(|error| IngestError::File { path: path.clone(), source: error.into_error() })?;
    let sha256 = crate::base::digest::Sha256Hex::of_file(&path).map_err(file_error(&path))?;
    let kept = KeptSource { address: address.clone(), name, sha256, fetched: jiff::Timestamp::now(), validator };
    let file = workshop.store.keep_source(stage, &plan.layer, &kept)?;
    Ok((kept, file))
}
