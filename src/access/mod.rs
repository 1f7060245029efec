//! Who may read what. The only maker of [`PermittedLayer`], without which nothing reads a layer's
//! features, tiles, files or counts.
//!
//! Comes in: a caller and a layer. Goes out: a permit or a denial. Must not know: formats, HTTP.

mod policy;

pub use policy::{Denied, Policy};

use crate::base::{Class, LayerId};

/// Who asks. Identity comes with a later issue; until then every caller is the public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    Public,
    /// The person at the server's own command line, who may read whatever is on its disk.
    Operator,
}

/// What is to be done with a layer's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    ReadFeatures,
    ReadTiles,
    /// Whole files that were made of the layer.
    ReadFiles,
    /// Counts, extents, field values: everything that is computed from features.
    ReadFacts,
}

/// The set of callers for whom an answer is the same; part of every cache key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Audience(&'static str);

impl Audience {
    pub fn as_str(&self) -> &str {
        self.0
    }
}

/// Proof that a caller may read a layer in one way. Its fields are private to this room, so
/// forgetting to ask the policy does not compile.
///
/// ```compile_fail
/// use causeway::access::PermittedLayer;
/// let permit = PermittedLayer { layer: "a-b".parse().unwrap() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermittedLayer {
    layer: LayerId,
    action: Action,
    audience: Audience,
}

impl PermittedLayer {
    pub fn layer(&self) -> &LayerId {
        &self.layer
    }

    pub fn action(&self) -> Action {
        self.action
    }

    pub fn audience(&self) -> &Audience {
        &self.audience
    }
}

/// The layer and class that a decision is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub layer: &'a LayerId,
    pub class: Class,
}
