//! `causeway describe`: say what a file is and draft its definition.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::ingest::{report_error, worker_path};
use super::output::{say, say_text};
use super::{Arguments, Ending};
use crate::intake::{self, Description, IngestError};

#[derive(Debug, Args)]
pub struct DescribeArguments {
    /// The file as the department hands it in.
    file: PathBuf,
}

pub fn run(arguments: &Arguments, asked: &DescribeArguments) -> Ending {
    match describe(asked) {
        Ok(description) if arguments.json => {
            say(as_json(&description));
            Ending::Done
        }
        Ok(description) => {
            say_text(&description.to_toml());
            Ending::Done
        }
        Err(error) => report_error(&asked.file.display().to_string(), &error, arguments.json),
    }
}

fn describe(asked: &DescribeArguments) -> Result<Description, IngestError> {
    // A folder of its own that ends with the command, whatever the data folder is.
    let scratch = std::env::temp_dir().join(format!("causeway-describe-{}", std::process::id()));
    let fail = |source| IngestError::File { path: scratch.clone(), source };
    std::fs::create_dir(&scratch).map_err(fail)?;
    let described = intake::describe(&asked.file, &worker_path(), &scratch);
    let _ = std::fs::remove_dir_all(&scratch);
    described
}

fn as_json(description: &Description) -> serde_json::Value {
    let fields: Vec<serde_json::Value> = description
        .fields
        .iter()
        .map(|field| json!({ "name": field.name, "type": field.kind, "facts": field.facts }))
        .collect();
    json!({
        "file": description.file,
        "format": description.facts.format,
        "encoding": description.facts.encoding,
        "crs": description.facts.crs,
        "transformation": description.facts.transformation,
        "notes": description.facts.notes,
        "features": description.features,
        "without_geometry": description.without_geometry,
        "extent": description.extent,
        "key": description.key(),
        "fields": fields,
        "definition": description.to_toml(),
    })
}
