//! How far the coordinates of a layer reach, to tell which coordinate system they can be in.

use gdal::Dataset;
use gdal::vector::{Feature, LayerAccess};

/// Where the geometries of a layer lie, each judged whole.
pub struct Reach {
    pub located: u64,
    pub in_degrees: u64,
    pub in_grid: u64,
    pub edges: [f64; 4],
}

impl Reach {
    /// Reads the layer once; GDAL's own extent is unknown until then, and counts what is not finite.
    pub fn of(dataset: &Dataset, layer: usize) -> Result<Reach, String> {
        use causeway::intake::delivery::in_hk1980_grid;
        let mut opened = dataset.layer(layer).map_err(|error| error.to_string())?;
        let mut reach = Reach {
            located: 0,
            in_degrees: 0,
            in_grid: 0,
            edges: [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY],
        };
        for feature in opened.features() {
            let Some([west, south, east, north]) = envelope_of(&feature) else { continue };
            reach.located += 1;
            reach.in_degrees += u64::from(west >= -180.0 && east <= 180.0 && south >= -90.0 && north <= 90.0);
            reach.in_grid += u64::from(in_hk1980_grid(west, south) && in_hk1980_grid(east, north));
            let [all_west, all_south, all_east, all_north] = reach.edges;
            reach.edges = [all_west.min(west), all_south.min(south), all_east.max(east), all_north.max(north)];
        }
        Ok(reach)
    }
}

/// West, south, east, north of a feature that has a geometry with finite numbers.
fn envelope_of(feature: &Feature<'_>) -> Option<[f64; 4]> {
    let mut envelope = gdal_sys::OGREnvelope { MinX: 0.0, MaxX: 0.0, MinY: 0.0, MaxY: 0.0 };
    // SAFETY: the feature is live, and its geometry lives as long as it.
    unsafe {
        let geometry = gdal_sys::OGR_F_GetGeometryRef(feature.c_feature());
        if geometry.is_null() || gdal_sys::OGR_G_IsEmpty(geometry) != 0 {
            return None;
        }
        gdal_sys::OGR_G_GetEnvelope(geometry, &mut envelope);
    }
    let edges = [envelope.MinX, envelope.MinY, envelope.MaxX, envelope.MaxY];
    edges.iter().all(|edge| edge.is_finite()).then_some(edges)
}
