//! Where every row lies: degrees cut into 2^32 parts along each axis and rounded outward. Boxes stand
//! in memory. Points stand on disk, because each grid reads them once and in order.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use crate::base::BBox;

const PARTS: f64 = 4_294_967_296.0;

/// Boxes of all rows by their place in the package.
pub enum Boxes {
    Points(PointFile),
    Extended(Vec<PartsBox>),
}

impl Boxes {
    /// Memory for so many boxes.
    pub fn extended(rows: usize) -> Self {
        Boxes::Extended(Vec::with_capacity(rows))
    }

    /// A file in a folder, without a name there, that vanishes by itself.
    pub fn points_in(folder: &Path) -> io::Result<Self> {
        Ok(Boxes::Points(PointFile(BufWriter::new(tempfile::tempfile_in(folder)?))))
    }

    pub fn push(&mut self, bbox: &BBox) -> io::Result<()> {
        match self {
            Boxes::Points(file) => file.push(bbox),
            Boxes::Extended(boxes) => {
                boxes.push(PartsBox::around(bbox));
                Ok(())
            }
        }
    }

    /// The box of an area or a line; a point has none at hand.
    pub fn get(&self, place: u32) -> Option<BBox> {
        match self {
            Boxes::Points(_) => None,
            Boxes::Extended(boxes) => boxes.get(place as usize).map(PartsBox::degrees),
        }
    }

    /// Visits the boxes of all rows in the order of their places.
    pub fn each(&mut self, mut visit: impl FnMut(BBox)) -> io::Result<()> {
        match self {
            Boxes::Points(file) => file.each(visit),
            Boxes::Extended(boxes) => {
                boxes.iter().for_each(|parts| visit(parts.degrees()));
                Ok(())
            }
        }
    }
}

/// West, south, east and north in parts of the world.
#[derive(Clone, Copy, Debug)]
pub struct PartsBox([u32; 4]);

impl PartsBox {
    fn around(bbox: &BBox) -> Self {
        let high = |degrees, span| parts(degrees, span).ceil().clamp(0.0, PARTS - 1.0) as u32;
        let [west, south] = south_west(bbox);
        PartsBox([west, south, high(bbox.east_deg, 360.0), high(bbox.north_deg, 180.0)])
    }

    fn degrees(&self) -> BBox {
        let [west, south, east, north] = self.0;
        BBox::new(lon_deg(west), lat_deg(south), lon_deg(east), lat_deg(north))
    }
}

/// The points of all rows, in order.
pub struct PointFile(BufWriter<File>);

impl PointFile {
    const RECORD_BYTES: usize = 8;

    fn push(&mut self, bbox: &BBox) -> io::Result<()> {
        let mut record = [0; Self::RECORD_BYTES];
        let [x, y] = south_west(bbox);
        record[..4].copy_from_slice(&x.to_le_bytes());
        record[4..].copy_from_slice(&y.to_le_bytes());
        self.0.write_all(&record)
    }

    fn each(&mut self, mut visit: impl FnMut(BBox)) -> io::Result<()> {
        self.0.rewind()?;
        let mut file = BufReader::new(self.0.get_ref());
        let mut record = [0; Self::RECORD_BYTES];
        loop {
            match file.read_exact(&mut record) {
                Ok(()) => visit(point(record)),
                // The file holds whole records, so this is its end.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

/// The middle of the part, so that a point keeps its place as well as can be.
fn point(record: [u8; PointFile::RECORD_BYTES]) -> BBox {
    let [x0, x1, x2, x3, y0, y1, y2, y3] = record;
    let x = lon_deg(u32::from_le_bytes([x0, x1, x2, x3])) + 180.0 / PARTS;
    let y = lat_deg(u32::from_le_bytes([y0, y1, y2, y3])) + 90.0 / PARTS;
    BBox::new(x, y, x, y)
}

fn south_west(bbox: &BBox) -> [u32; 2] {
    let low = |degrees, span| parts(degrees, span).floor().clamp(0.0, PARTS - 1.0) as u32;
    [low(bbox.west_deg, 360.0), low(bbox.south_deg, 180.0)]
}

fn parts(degrees: f64, span: f64) -> f64 {
    (degrees / span + 0.5) * PARTS
}

fn lon_deg(part: u32) -> f64 {
    f64::from(part) / PARTS * 360.0 - 180.0
}

fn lat_deg(part: u32) -> f64 {
    f64::from(part) / PARTS * 180.0 - 90.0
}
