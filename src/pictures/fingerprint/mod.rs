//! A layer's fingerprint: its shapes on the outline of Hong Kong, as one small SVG that goes beside a name in a list.
//! Points are rounded to cells, lines and outlines thinned to the pixel.

pub(super) mod path;

use std::collections::{BTreeMap, BTreeSet};

use geo::{Area, LineString, MultiPolygon, Polygon, unary_union};

use super::frame::{self, Frame, Place};
use crate::geometry::clip::GridPoint;
use crate::tiles::TileAddress;
use crate::tiles::read::{self, TileFault, TileShape};

/// Bytes of all paths of the layer's own shapes.
const PATH_BYTES_MAX: usize = 3_000;
/// Bytes of the land, which is the same in every fingerprint and may be coarse.
const LAND_BYTES_MAX: usize = 1_800;
/// Grids to which shapes are thinned, in pixels: the first that keeps a path within its bytes is taken.
const STEPS: [u16; 5] = [1, 2, 3, 4, 6];
/// A point's cell is twice as wide as a line's grid: two dots side by side stay two.
const CELL: u16 = 2;

/// Tiles, unpacked.
pub type Tiles<'a> = &'a [(TileAddress, Vec<u8>)];

/// The shapes of a layer in pixels of the picture.
#[derive(Default)]
struct Figures {
    dots: BTreeSet<(i32, i32)>,
    lines: Vec<Vec<Place>>,
    rings: Vec<Vec<Place>>,
}

impl Figures {
    fn read(frame: &Frame, tiles: Tiles<'_>) -> Result<Self, TileFault> {
        let mut figures = Figures::default();
        // Rings of areas, by feature, with the number of tiles that the feature is in.
        let mut areas: BTreeMap<u64, (usize, Vec<Vec<Place>>)> = BTreeMap::new();
        let mut parts = Vec::new();
        for (tile, bytes) in tiles {
            for feature in read::layers(bytes)?.iter().flat_map(|layer| &layer.features) {
                feature.read_geometry(&mut parts)?;
                let places =
                    |part: &Vec<GridPoint>| part.iter().map(|point| frame.place(tile, *point)).collect::<Vec<_>>();
                match feature.shape {
                    TileShape::Points => {
                        let shown = parts.iter().flat_map(places).filter(Frame::shows);
                        figures.dots.extend(shown.map(Place::rounded));
                    }
                    TileShape::Lines => figures.lines.extend(parts.iter().map(places)),
                    TileShape::Areas => {
                        let (tiles, rings) = areas.entry(feature.id).or_default();
                        *tiles += 1;
                        rings.extend(parts.iter().map(places));
                    }
                    TileShape::Unknown => {}
                }
            }
        }
        for (tiles, rings) in areas.into_values() {
            // Where tiles meet, the pieces of an area have an edge that the area has not.
            figures.rings.extend(if tiles > 1 { merged(rings) } else { rings });
        }
        Ok(figures)
    }
}

/// Draws the layer's tiles over those of the land, which are empty where none is known.
pub fn fingerprint(frame: &Frame, tiles: Tiles<'_>, land: Tiles<'_>) -> Result<String, TileFault> {
    let land = path::thinned(merged(Figures::read(frame, land)?.rings), true, LAND_BYTES_MAX).text;
    let figures = Figures::read(frame, tiles)?;
    let areas = path::thinned(figures.rings, true, PATH_BYTES_MAX);
    let lines = path::thinned(figures.lines, false, PATH_BYTES_MAX);
    let mut dots = figures.dots;
    // What is smaller than a pixel is still there.
    dots.extend(areas.specks.iter().chain(&lines.specks).copied().filter(Frame::shows).map(Place::rounded));
    let (dots, width) = path::dots(&dots, PATH_BYTES_MAX);
    let mut paths = String::new();
    for (class, more, text) in [
        ("l", String::new(), land),
        ("a", String::new(), areas.text),
        ("k", String::new(), lines.text),
        ("p", format!(" stroke-width=\"{width}\""), dots),
    ] {
        if !text.is_empty() {
            paths.push_str(&format!("<path class=\"{class}\"{more} d=\"{text}\"/>"));
        }
    }
    let (width, height) = (frame::WIDTH_PIXELS, frame::HEIGHT_PIXELS);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\"><style>{STYLE}</style>\
         <rect class=\"g\" width=\"{width}\" height=\"{height}\"/>{paths}</svg>"
    ))
}

/// Ground, land, coast and the first colour of data, on a light page and on a dark one.
const STYLE: &str = ".g{fill:#eceeee}.l{fill:#f7f6f2;stroke:#b4c4cb;stroke-width:.7}.a,.k,.p{fill:none;\
    stroke:#2259c7;stroke-linejoin:round;stroke-linecap:round}.a{fill:#2259c7;fill-opacity:.18;stroke-width:.8}\
    .k{stroke-width:1.3}@media(prefers-color-scheme:dark){.g{fill:#0e151b}.l{fill:#25313a;stroke:#40515d}\
    .a,.k,.p{stroke:#5c97f5}.a{fill:#5c97f5}}";

/// What rings cover together, as rings.
fn merged(rings: Vec<Vec<Place>>) -> Vec<Vec<Place>> {
    let mut polygons: Vec<Polygon<f64>> = Vec::new();
    for ring in rings {
        let ring = LineString::from(ring.into_iter().map(|place| (place.x, place.y)).collect::<Vec<_>>());
        let alone = Polygon::new(ring.clone(), Vec::new());
        // §4.3.4.4: exteriors have a positive area, and their holes follow them.
        match polygons.last_mut().filter(|_| alone.signed_area() < 0.0) {
            Some(polygon) => polygon.interiors_push(ring),
            None => polygons.push(alone),
        }
    }
    let MultiPolygon(union) = unary_union(&polygons);
    let rings = union.into_iter().flat_map(|polygon| {
        let (exterior, interiors) = polygon.into_inner();
        std::iter::once(exterior).chain(interiors)
    });
    rings.map(|ring| ring.0.into_iter().map(|point| Place { x: point.x, y: point.y }).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{BBox, FeatureId, Grid};
    use crate::tiles::mvt::{LayerWriter, Parts};

    const HARBOUR: BBox = BBox::new(114.0, 22.2, 114.3, 22.4);

    fn tile(parts: &[Parts<'_>]) -> Vec<(TileAddress, Vec<u8>)> {
        let mut writer = LayerWriter::new("layer", 4096, Vec::new());
        for (number, parts) in parts.iter().enumerate() {
            writer.add(FeatureId::new(number as u64 + 1).unwrap(), parts, std::iter::empty());
        }
        // The eastern one of the two tiles that Hong Kong lies in at zoom 8.
        vec![(TileAddress::new(Grid::WebMercatorQuad, 8, 209, 111).unwrap(), writer.finish())]
    }

    #[test]
    fn hong_kong_is_covered_by_two_tiles_and_any_place_by_four() {
        assert_eq!(Frame::of(Some(HARBOUR)).tiles().len(), 2);
        assert_eq!(Frame::of(None).tiles().len(), 2);
        for (west, south, east, north) in [(-180.0, -85.0, 180.0, 85.0), (9.4, 47.0, 9.7, 47.3), (2.0, 48.0, 2.0, 48.0)]
        {
            let frame = Frame::of(Some(BBox::new(west, south, east, north)));
            assert!(!frame.is_of_hong_kong() && (1..=4).contains(&frame.tiles().len()), "{west}");
        }
    }

    #[test]
    fn points_are_dots_lines_lines_and_areas_areas() {
        let line = vec![(400, 2000), (900, 2500), (1400, 2000)];
        let square = vec![(400, 2000), (900, 2000), (900, 2500), (400, 2500)];
        let frame = Frame::of(Some(HARBOUR));
        for (parts, class) in [
            (Parts::Points(&line), "p"),
            (Parts::Lines(std::slice::from_ref(&line)), "k"),
            (Parts::Areas(&[vec![square.clone()]]), "a"),
        ] {
            let svg = fingerprint(&frame, &tile(&[parts]), &[]).unwrap();
            let drawn: Vec<&str> = svg.split("<path class=\"").skip(1).map(|path| &path[..1]).collect();
            assert_eq!(drawn, [class], "{svg}");
        }
    }

    #[test]
    fn neighbouring_areas_have_one_outline_as_land() {
        let left = vec![vec![(400, 2000), (900, 2000), (900, 2500), (400, 2500)]];
        let right = vec![vec![(900, 2000), (1400, 2000), (1400, 2500), (900, 2500)]];
        let land = tile(&[Parts::Areas(&[left]), Parts::Areas(&[right])]);
        let svg = fingerprint(&Frame::of(None), &[], &land).unwrap();
        let path = svg.split("class=\"l\" d=\"").nth(1).unwrap();
        assert_eq!(path.matches('M').count(), 1, "{path}");
    }

    #[test]
    fn any_number_of_shapes_stays_within_its_bytes() {
        let mut seed = 7u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 20) as i32
        };
        let lines: Vec<Vec<GridPoint>> = (0..4_000).map(|_| (0..12).map(|_| (next(), next())).collect()).collect();
        let frame = Frame::of(Some(HARBOUR));
        for parts in [Parts::Points(&lines.concat()), Parts::Lines(&lines), Parts::Areas(std::slice::from_ref(&lines))]
        {
            let svg = fingerprint(&frame, &tile(&[parts]), &[]).unwrap();
            assert!((500..PATH_BYTES_MAX + 800).contains(&svg.len()), "{}", svg.len());
        }
    }

    #[test]
    fn a_shape_smaller_than_a_pixel_is_a_dot() {
        let speck = vec![vec![(800, 2700), (801, 2700), (801, 2701)]];
        let svg = fingerprint(&Frame::of(None), &tile(&[Parts::Areas(&[speck])]), &[]).unwrap();
        assert!(svg.contains("class=\"p\"") && !svg.contains("class=\"a\""), "{svg}");
    }
}
