//! `causeway harvest`: reads another catalogue into records that point there.

use clap::Args;
use serde_json::json;

use super::output::say;
use super::{Arguments, Ending};
use crate::base::limits;
use crate::catalogue::RemoteCatalogue;
use crate::fetch::{Address, Fetcher, Hosts};
use crate::harvest::{self, HarvestError, Harvested};
use crate::store::{Store, StoreError};

#[derive(Debug, Args)]
pub struct HarvestArguments {
    /// The catalogue: CKAN's package_search, items of OGC API Records, a CSW, a folder of ISO 19139
    /// files, or DCAT. Its host must be listed in the configuration.
    address: Address,
    /// Keep a run that has far fewer records than the one before.
    #[arg(long)]
    accept: bool,
}

pub fn run(arguments: &Arguments, asked: &HarvestArguments) -> Ending {
    let hosts = Hosts::new(arguments.configuration.hosts.clone());
    let fetcher = Fetcher::new(hosts, harvest::PAGE_LIMITS);
    match harvest::read(&fetcher, &asked.address, limits::HARVEST_PACE) {
        Ok(harvested) => keep(arguments, asked, harvested).unwrap_or_else(|error| {
            eprintln!("error: {error}");
            Ending::Failed
        }),
        Err(error) => report(arguments, &error),
    }
}

fn report(arguments: &Arguments, error: &HarvestError) -> Ending {
    if arguments.json {
        say(json!({ "failed": error.to_string() }));
    }
    eprintln!("error: {error}; what was read before is kept");
    if error.is_refusal() { Ending::Refused } else { Ending::Failed }
}

fn keep(arguments: &Arguments, asked: &HarvestArguments, harvested: Harvested) -> Result<Ending, StoreError> {
    let store = Store::open(&arguments.data)?;
    let kept = store.harvest::<RemoteCatalogue>(&asked.address)?.map(|kept| kept.records).unwrap_or_default();
    let (before, read) = (kept.len(), harvested.records.len());
    let merged = harvest::merge(kept, harvested.records);
    if merged.is_suspicious && !asked.accept {
        eprintln!("held: the run has {read} records, {before} are kept; --accept keeps the run");
        return Ok(Ending::Held);
    }
    let catalogue = RemoteCatalogue {
        address: asked.address.as_str().to_owned(),
        host: asked.address.host().to_owned(),
        kind: harvested.kind.name().to_owned(),
        read: jiff::Timestamp::now(),
        records: merged.records,
    };
    store.keep_harvest(&asked.address, &catalogue)?;
    let (missing, forgotten, pages) = (merged.missing, merged.forgotten, harvested.pages);
    match arguments.json {
        true => say(
            json!({ "kind": catalogue.kind, "records": read, "pages": pages, "missing": missing, "forgotten": forgotten }),
        ),
        false => say(format_args!(
            "{}: {read} records of {} on {pages} pages; {missing} missing, {forgotten} forgotten",
            catalogue.host, catalogue.kind
        )),
    }
    Ok(Ending::Done)
}
