//! The read actions of the CKAN API, as data.gov.hk offers them and ckanapi and CKAN's harvester
//! call them: one language an address, errors in CKAN's own shape.

mod actions;
mod package;
mod query;

use serde_json::{Value, json};

use super::Listing;
use crate::base::Language;
use crate::catalogue::search::Index;

pub use actions::{ACTIONS, Parameters, act};

/// What actions are answered from.
pub struct View<'a> {
    /// In order of id.
    pub listings: &'a [Listing<'a>],
    pub index: &'a Index,
    pub base: &'a str,
    pub language: Language,
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    #[error("Not found: {0}")]
    NotFound(String),
    /// A parameter and what is wrong with it.
    #[error("{parameter}: {message}")]
    Validation { parameter: String, message: String },
    #[error("Search Query is invalid: {0}")]
    Search(String),
    #[error("Action name not known: {0}")]
    NoAction(String),
}

impl ActionError {
    /// HTTP status, as CKAN has it.
    pub fn status(&self) -> u16 {
        match self {
            ActionError::NotFound(_) => 404,
            ActionError::Validation { .. } | ActionError::Search(_) => 409,
            ActionError::NoAction(_) => 400,
        }
    }
}

/// `{help, success, result | error}`.
pub fn answer(base: &str, action: &str, outcome: &Result<Value, ActionError>) -> Value {
    let help = format!("{base}/ckan/api/3/action/help_show?name={action}");
    match outcome {
        Ok(result) => json!({ "help": help, "success": true, "result": result }),
        Err(error) => {
            let error = match error {
                ActionError::NotFound(_) => json!({ "__type": "Not Found Error", "message": error.to_string() }),
                ActionError::Validation { parameter, message } => {
                    json!({ "__type": "Validation Error", "message": error.to_string(), parameter.as_str(): [message] })
                }
                ActionError::Search(_) => json!({ "__type": "Search Query Error", "message": error.to_string() }),
                ActionError::NoAction(_) => json!({ "__type": "Bad Request", "message": error.to_string() }),
            };
            json!({ "help": help, "success": false, "error": error })
        }
    }
}
