//! How far the coordinates of a layer reach, to tell which coordinate system they can be in.

use causeway::intake::delivery::in_hk1980_grid;
use gdal::Dataset;
use gdal::vector::LayerAccess;

use super::geometry;

/// Where the geometries of a layer lie, each judged whole.
#[derive(Debug)]
pub struct Reach {
    pub located: u64,
    pub in_degrees: u64,
    pub in_grid: u64,
    /// West, south, east, north of all.
    pub edges: [f64; 4],
    /// Middles of the first geometries.
    pub middles: Vec<(f64, f64)>,
}

impl Reach {
    /// Middles that are kept: enough to judge by.
    const MIDDLES: usize = 1_000;

    pub fn nowhere() -> Self {
        Reach {
            located: 0,
            in_degrees: 0,
            in_grid: 0,
            edges: [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY],
            middles: Vec::new(),
        }
    }

    /// Reads the layer, or its first features; GDAL's own extent counts what is not finite.
    pub fn of(dataset: &Dataset, layer: usize, most: usize) -> Result<Reach, String> {
        Reach::until(dataset, layer, most, |_| false)
    }

    /// The layer up to the first geometry in degrees, which decides for JSON: to read such a file
    /// costs more than all that follows.
    pub fn of_undeclared(dataset: &Dataset, layer: usize) -> Result<Reach, String> {
        Reach::until(dataset, layer, usize::MAX, |reach| reach.in_degrees > 0)
    }

    fn until(
        dataset: &Dataset,
        layer: usize,
        most: usize,
        is_enough: impl Fn(&Reach) -> bool,
    ) -> Result<Reach, String> {
        let mut opened = dataset.layer(layer).map_err(|error| error.to_string())?;
        let mut reach = Reach::nowhere();
        for feature in opened.features().take(most) {
            // SAFETY: the feature is live, and its geometry lives as long as it.
            let borrowed = unsafe { gdal_sys::OGR_F_GetGeometryRef(feature.c_feature()) };
            if let Some(edges) = geometry::envelope(borrowed) {
                reach.see(edges);
            }
            if is_enough(&reach) {
                break;
            }
        }
        Ok(reach)
    }

    /// The first features, enough to compare a declared system with.
    pub fn of_sample(dataset: &Dataset, layer: usize) -> Result<Reach, String> {
        Reach::of(dataset, layer, Reach::MIDDLES)
    }

    pub fn see(&mut self, [west, south, east, north]: [f64; 4]) {
        if ![west, south, east, north].iter().all(|edge| edge.is_finite()) {
            return;
        }
        // How many programs write that a place is not known.
        if [west, south, east, north] == [0.0; 4] {
            return;
        }
        self.located += 1;
        self.in_degrees += u64::from(west >= -180.0 && east <= 360.0 && south >= -90.0 && north <= 90.0);
        self.in_grid += u64::from(in_hk1980_grid(west, south) && in_hk1980_grid(east, north));
        let [all_west, all_south, all_east, all_north] = self.edges;
        self.edges = [all_west.min(west), all_south.min(south), all_east.max(east), all_north.max(north)];
        if self.middles.len() < Reach::MIDDLES {
            self.middles.push(((west + east) / 2.0, (south + north) / 2.0));
        }
    }

    /// All numbers are an easting and a northing of the HK1980 Grid.
    pub fn is_hk1980_grid(&self) -> bool {
        self.located > 0 && self.in_grid == self.located
    }

    /// All numbers are degrees in or around Hong Kong.
    pub fn is_hong_kong_degrees(&self) -> bool {
        let [west, south, east, north] = self.edges;
        self.located > 0 && west > 113.0 && east < 115.5 && south > 21.5 && north < 23.5
    }

    pub fn words(&self) -> String {
        /// From here on digits say nothing.
        const ABSURD: f64 = 1e12;
        let shown = |edge: f64| if edge.abs() < ABSURD { edge.to_string() } else { format!("{edge:e}") };
        let [west, south, east, north] = self.edges.map(shown);
        format!("its coordinates reach from {west} {south} to {east} {north}")
    }
}
