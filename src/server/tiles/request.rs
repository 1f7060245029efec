//! A request for tiles, from its address and parameters to layers, each in one revision and with
//! what of it is selected.

use std::sync::Arc;

use crate::access::{Action, PermittedLayer};
use crate::base::ids::cut;
use crate::base::{GeometryKind, Interval, RevisionId, limits};
use crate::server::problem::Problem;
use crate::server::request::{Parameters, encode};
use crate::server::revisions::{self, Wanted};
use crate::server::routes::Context;
use crate::server::snapshot::{LiveLayer, Snapshot};
use crate::server::{filter_parameters, selection};
use crate::tiles::TileSelection;

/// What tiles take, beside the fields of the layer.
pub const PARAMETERS: [&str; 8] =
    ["filter", "filter-lang", "filter-crs", "datetime", "properties", "exclude-properties", "revision", "as-at"];

/// One layer of a tile.
#[derive(Clone)]
pub struct Part {
    pub layer: Arc<LiveLayer>,
    pub permit: PermittedLayer,
    pub selection: TileSelection,
}

/// The layers of a request and what its links repeat.
pub struct TileRequest {
    pub parts: Vec<Part>,
    /// Whether the address names the revision of every layer, so that the answer stays as it is.
    pub names_revisions: bool,
    /// The parameters that select, as given and in one order.
    repeated: Vec<(String, String)>,
}

impl TileRequest {
    /// Reads what is left of the parameters for these layers; the caller has taken `f` and `lang`.
    pub async fn read(context: &mut Context, names: &[String]) -> Result<Self, Problem> {
        check_names(names)?;
        let snapshot = context.app.snapshot();
        let mut parameters = std::mem::take(&mut context.parameters);
        let wanted = wanted(&mut parameters, names.len())?;
        let names_revisions = !wanted.is_empty() && wanted.iter().all(Wanted::names_revision);
        let mut request = TileRequest { parts: Vec::new(), names_revisions, repeated: Vec::new() };
        for (name, wanted) in names.iter().zip(&wanted) {
            let (current, permit) = drawn(context, &snapshot, name)?;
            let layer = context.app.wanted(&current, wanted).await?;
            let mut repeated = Vec::new();
            let selection = read_selection(parameters.clone(), &layer, &mut repeated)?;
            repeated.sort();
            request.repeated = repeated;
            request.parts.push(Part { layer, permit, selection });
        }
        Ok(request)
    }

    pub fn ids(&self) -> String {
        self.parts.iter().map(|part| part.layer.record.id.as_str()).collect::<Vec<_>>().join(",")
    }

    pub fn revisions(&self) -> String {
        self.parts.iter().map(|part| part.layer.record.revision.as_str()).collect::<Vec<_>>().join(",")
    }

    /// What a link to the tiles of this request ends with, so that they stay as they are.
    pub fn query(&self) -> String {
        let pairs = self.repeated.iter().map(|(name, text)| format!("&{}={}", encode(name), encode(text)));
        format!("revision={}{}", self.revisions(), pairs.collect::<String>())
    }

    /// Whether the tiles hold all features of their layers.
    pub fn shows_everything(&self) -> bool {
        !self.parts.iter().any(|part| part.selection.chooses_features())
    }
}

/// The names of a list parted by commas.
pub fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

fn check_names(names: &[String]) -> Result<(), Problem> {
    if names.len() > limits::TILE_LAYERS_MAX {
        let (count, most) = (names.len(), limits::TILE_LAYERS_MAX);
        return Err(Problem::bad_request(format!(
            "{count} layers are asked for in one tile; at most {most} are put together"
        )));
    }
    match names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
        // A tile holds no two layers of one name, Mapbox Vector Tile 2.1 §4.1.
        Some((_, name)) => {
            Err(Problem::bad_request(format!("the layer \"{}\" is named twice; name it once", cut(name))))
        }
        None => Ok(()),
    }
}

/// The layer, if it may be read and has tiles.
pub fn drawn(context: &Context, snapshot: &Snapshot, id: &str) -> Result<(Arc<LiveLayer>, PermittedLayer), Problem> {
    let (layer, permit) = context.app.permitted(snapshot, id, Action::ReadTiles)?;
    match layer.record.schema.geometry {
        GeometryKind::None => {
            Err(Problem::not_found(format!("{} is a table without geometry and has no tiles", layer.record.id)))
        }
        _ => Ok((layer, permit)),
    }
}

/// `revision` names one for each layer, in the order of the layers; `as-at` is one moment for all.
fn wanted(parameters: &mut Parameters, layers: usize) -> Result<Vec<Wanted>, Problem> {
    if layers == 1 {
        return Ok(vec![Wanted::take(parameters)?]);
    }
    let named = parameters.take("revision");
    let of_all = Wanted::take(parameters)?;
    let Some(text) = named else { return Ok(vec![of_all; layers]) };
    if of_all != Wanted::Current {
        return Err(Problem::bad_request("revision and as-at both name a state; give one of them"));
    }
    let revisions: Vec<RevisionId> =
        text.split(',').map(|one| revisions::parse("revision", one)).collect::<Result<_, _>>()?;
    match revisions.len() == layers {
        true => Ok(revisions.into_iter().map(Wanted::Named).collect()),
        false => Err(Problem::bad_request(format!(
            "revision names {} revisions for {layers} layers; name one for each, in their order",
            revisions.len()
        ))),
    }
}

/// The parameters mean here what they mean for items.
fn read_selection(
    mut parameters: Parameters,
    layer: &LiveLayer,
    repeated: &mut Vec<(String, String)>,
) -> Result<TileSelection, Problem> {
    let mut keep = |name: &str, text: &str| repeated.push((name.to_owned(), text.to_owned()));
    let schema = &layer.record.schema;
    let mut fields = selection::fields(&mut parameters, schema, &mut keep)?;
    if let Some(fields) = &mut fields {
        fields.sort_unstable();
    }
    let datetime = parameters.take("datetime").map(|text| {
        keep("datetime", &text);
        text.parse::<Interval>().map_err(Problem::from)
    });
    let datetime = datetime.transpose()?.zip(layer.record.time.clone());
    let mut filter = filter_parameters::take(&mut parameters, schema, &layer.record.known_systems(), &mut keep)?;
    for (name, text) in parameters.rest() {
        let is_field =
            filter.add_equality(schema, name, text).map_err(|fault| Problem::bad_request(fault.to_string()))?;
        if !is_field {
            return Err(Problem::bad_request(format!(
                "\"{}\" is neither a parameter of tiles nor a field of {}; accepted are {}, f and fields, which /collections/{}/queryables lists",
                cut(name),
                layer.record.id,
                PARAMETERS.join(", "),
                layer.record.id
            )));
        }
        keep(name, text);
    }
    Ok(TileSelection { filter, datetime, fields })
}
