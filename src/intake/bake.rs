//! The tiles of a new revision: those of the one before where its rows are the same, else baked.

use std::path::Path;
use std::sync::Arc;

use super::assemble::Assembled;
use super::plan::Plan;
use super::{IngestError, Workshop};
use crate::base::{GeometryKind, LayerId, RevisionId, Schema};
use crate::package::{OpenPackage, TILE_FILE, TileFile};
use crate::tiles::bake::{Recipe, Surveyed};
use crate::tiles::{BakedFacts, Rules};

/// Makes `layer.tiles` in the stage and gives its account; `None` where there is nothing to draw.
pub fn bake(
    workshop: &Workshop,
    plan: &Plan,
    assembled: &Assembled,
    rules: Rules,
    revision: &RevisionId,
    stage: &Path,
) -> Result<Option<BakedFacts>, IngestError> {
    if assembled.package.rows_with_geometry == 0 {
        return Ok(None);
    }
    let open =
        || OpenPackage::open_built(&assembled.package, &plan.layer, revision.clone(), Arc::clone(&assembled.schema));
    let surveyed = Surveyed::new(&open, recipe(plan, rules))?;
    let path = stage.join(TILE_FILE);
    if let Some(facts) = link_unchanged(workshop, &plan.layer, &surveyed, &path) {
        return Ok(Some(facts));
    }
    Ok(Some(surveyed.bake(&open, &path)?))
}

/// What the definition asks of the tiles, if the layer can have it. Of several layers that one
/// delivery makes only those of points can be clustered, which nobody has to say.
pub fn rules(plan: &Plan, schema: &Schema) -> Result<Rules, IngestError> {
    let Some(mut tiles) = plan.tiles().cloned() else { return Ok(Rules::default()) };
    let is_one_of_several = plan.definition_id() != Some(&plan.layer);
    tiles.cluster &= !is_one_of_several || schema.geometry == GeometryKind::Point;
    let refused = |fault| IngestError::Refused(format!("the definition of {} does not fit: {fault}", plan.layer));
    Rules::new(&tiles, schema).map_err(refused)
}

fn recipe(plan: &Plan, rules: Rules) -> Recipe {
    Recipe {
        grids: plan.tiles().and_then(|tiles| tiles.grids.clone()),
        rules,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        ..Recipe::default()
    }
}

/// A change of words alone leaves every row as it was: the file of the current revision serves the
/// new one too, under a second name. Anything that stands in the way of that means baking anew.
fn link_unchanged(workshop: &Workshop, layer: &LayerId, surveyed: &Surveyed, path: &Path) -> Option<BakedFacts> {
    let current = workshop.store.current(layer).ok()??;
    let before = workshop.store.revision_folder(layer, &current).join(TILE_FILE);
    if !surveyed.is_baked_in(&before) {
        return None;
    }
    std::fs::hard_link(&before, path).ok()?;
    TileFile::open_built(path).ok().flatten().and_then(|file| BakedFacts::read(&file).ok()?)
}
