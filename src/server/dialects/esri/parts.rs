//! The layers of a service. A layer of one kind of geometry is one, 0. Of a layer that keeps several together
//! there is one for each kind that ArcGIS has, and a table of the features that are of none: a client draws
//! a layer by the one kind that it is told.

use std::sync::Arc;

use crate::base::geometry_kind::Dimension;
use crate::base::ids::cut;
use crate::base::{GeometryKind, Language};
use crate::catalogue::LayerRecord;
use crate::filter::Filter;
use crate::server::problem::Problem;

/// One layer of a service.
pub struct Part {
    pub number: usize,
    /// The record, its geometry that of this part.
    pub record: Arc<LayerRecord>,
    of_several: Option<GeometryKind>,
}

impl Part {
    pub fn is_table(&self) -> bool {
        self.record.schema.geometry == GeometryKind::None
    }

    pub fn name(&self, language: Language) -> String {
        let title = self.record.title.get(language);
        match self.of_several {
            None => title.to_owned(),
            Some(kind) => format!("{title} ({})", kind.dimension().name().get(language)),
        }
    }

    /// Leaves the features of the other parts out.
    pub fn narrow(&self, filter: &mut Filter) {
        if let Some(kind) = self.of_several {
            filter.add_made_of(Some(kind.dimension()).filter(|dimension| *dimension != Dimension::None));
        }
    }
}

/// All layers of the service of a record.
pub fn parts(record: &Arc<LayerRecord>) -> Vec<Part> {
    /// Single ones go out as one of several.
    const OF_SEVERAL: [GeometryKind; 4] =
        [GeometryKind::MultiPoint, GeometryKind::MultiLineString, GeometryKind::MultiPolygon, GeometryKind::None];
    if record.schema.geometry.dimension() != Dimension::Mixed {
        return vec![Part { number: 0, record: Arc::clone(record), of_several: None }];
    }
    let part = |(number, kind)| {
        let mut record = LayerRecord::clone(record);
        record.schema.geometry = kind;
        Part { number, record: Arc::new(record), of_several: Some(kind) }
    };
    OF_SEVERAL.into_iter().enumerate().map(part).collect()
}

/// The layer of this number.
pub fn part(record: &Arc<LayerRecord>, number: &str) -> Result<Part, Problem> {
    let mut parts = parts(record);
    let known: Vec<String> = parts.iter().map(|part| part.number.to_string()).collect();
    let place = known.iter().position(|known| known == number).ok_or_else(|| {
        Problem::not_found(format!("there is no layer {} in this service; it has {}", cut(number), known.join(", ")))
    })?;
    Ok(parts.swap_remove(place))
}
