//! Well-known binary, ISO 13249-3 and the older forms with flags in the high bits, in both byte
//! orders, from bytes that nobody vouches for.

use super::{GeometryFault, Shape, blob};
use crate::base::geometry_kind::Dimension;
use crate::base::{GeometryKind, limits};

/// Collections inside collections.
const DEPTH_MAX: usize = 32;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    vertices: usize,
}

struct Header {
    little: bool,
    code: u32,
    has_z: bool,
    has_m: bool,
}

impl Header {
    fn kind(&self) -> Result<GeometryKind, GeometryFault> {
        Ok(match self.code {
            1 => GeometryKind::Point,
            2 => GeometryKind::LineString,
            3 => GeometryKind::Polygon,
            4 => GeometryKind::MultiPoint,
            5 => GeometryKind::MultiLineString,
            6 => GeometryKind::MultiPolygon,
            7 => GeometryKind::GeometryCollection,
            code => return Err(GeometryFault::UnknownType { code }),
        })
    }
}

impl Shape {
    /// Fills the shape from WKB; nothing may follow the geometry.
    pub fn read_wkb(&mut self, bytes: &[u8]) -> Result<(), GeometryFault> {
        let mut reader = Reader { bytes, at: 0, vertices: 0 };
        reader.geometry(self, 0)?;
        match bytes.len() - reader.at {
            0 => Ok(()),
            count => Err(GeometryFault::TrailingBytes { count }),
        }
    }

    /// The shape as little-endian ISO WKB.
    pub fn to_wkb(&self) -> Vec<u8> {
        let per_point = 16 + 8 * self.extras_per_point();
        let mut out = Vec::with_capacity(9 + self.points.len() * per_point + self.ends.len() * 13);
        self.write_wkb(&mut out);
        out
    }

    fn write_wkb(&self, out: &mut Vec<u8>) {
        let runs = self.ends.len();
        match self.kind {
            GeometryKind::Point => {
                self.write_header(out, 1);
                if self.points.is_empty() {
                    // ISO has no empty point; GeoPackage writes it as NaN, §2.1.3.1.1.
                    for _ in 0..2 + self.extras_per_point() {
                        out.extend_from_slice(&f64::NAN.to_le_bytes());
                    }
                } else {
                    self.write_points(out, 0..1);
                }
            }
            GeometryKind::MultiPoint => {
                self.write_header(out, 4);
                write_count(out, self.points.len());
                for point in 0..self.points.len() {
                    self.write_header(out, 1);
                    self.write_points(out, point..point + 1);
                }
            }
            GeometryKind::LineString => {
                self.write_header(out, 2);
                write_count(out, self.points.len());
                self.write_points(out, 0..self.points.len());
            }
            GeometryKind::MultiLineString => {
                self.write_header(out, 5);
                write_count(out, runs);
                for run in self.runs() {
                    self.write_header(out, 2);
                    write_count(out, run.len());
                    self.write_points(out, run);
                }
            }
            GeometryKind::Polygon => self.write_polygon(out, 0..runs),
            GeometryKind::MultiPolygon => {
                self.write_header(out, 6);
                write_count(out, self.polygon_ends.len());
                for polygon in self.polygons() {
                    self.write_polygon(out, polygon);
                }
            }
            GeometryKind::GeometryCollection | GeometryKind::None => {
                self.write_header(out, 7);
                write_count(out, self.members.len());
                for member in &self.members {
                    member.write_wkb(out);
                }
            }
        }
    }

    fn write_polygon(&self, out: &mut Vec<u8>, rings: std::ops::Range<usize>) {
        self.write_header(out, 3);
        write_count(out, rings.len());
        for ring in rings {
            let start = if ring == 0 { 0 } else { self.ends[ring - 1] };
            write_count(out, self.ends[ring] - start);
            self.write_points(out, start..self.ends[ring]);
        }
    }

    fn write_header(&self, out: &mut Vec<u8>, code: u32) {
        out.push(1);
        let dimensions = 1000 * u32::from(self.has_z) + 2000 * u32::from(self.has_m);
        out.extend_from_slice(&(code + dimensions).to_le_bytes());
    }

    fn write_points(&self, out: &mut Vec<u8>, points: std::ops::Range<usize>) {
        let extras = self.extras_per_point();
        if extras == 0 {
            const POINT_BYTES: usize = 16;
            let start = out.len();
            out.resize(start + points.len() * POINT_BYTES, 0);
            let (places, _) = out[start..].as_chunks_mut::<POINT_BYTES>();
            for (place, (x, y)) in places.iter_mut().zip(&self.points[points]) {
                *place = (u128::from(x.to_bits()) | u128::from(y.to_bits()) << 64).to_le_bytes();
            }
            return;
        }
        for point in points {
            let (x, y) = self.points[point];
            out.extend_from_slice(&x.to_le_bytes());
            out.extend_from_slice(&y.to_le_bytes());
            for extra in &self.extras[point * extras..(point + 1) * extras] {
                out.extend_from_slice(&extra.to_le_bytes());
            }
        }
    }
}

fn write_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

/// What the geometry of a GeoPackage blob is made of, by the code of its type alone.
pub fn dimension(blob: &[u8]) -> Result<Dimension, GeometryFault> {
    let mut reader = Reader { bytes: blob::parse(blob)?.wkb, at: 0, vertices: 0 };
    Ok(reader.header()?.kind()?.dimension())
}

impl Reader<'_> {
    fn geometry(&mut self, shape: &mut Shape, depth: usize) -> Result<(), GeometryFault> {
        let header = self.header()?;
        let kind = header.kind()?;
        shape.clear(kind);
        shape.has_z = header.has_z;
        shape.has_m = header.has_m;
        match kind {
            GeometryKind::Point => self.point(shape, &header),
            GeometryKind::LineString => self.run(shape, &header),
            GeometryKind::Polygon => self.polygon(shape, &header),
            GeometryKind::MultiPoint => self.parts(shape, &header, 1, "MultiPoint", Self::point),
            GeometryKind::MultiLineString => self.parts(shape, &header, 2, "MultiLineString", Self::run),
            GeometryKind::MultiPolygon => self.parts(shape, &header, 3, "MultiPolygon", Self::polygon),
            GeometryKind::GeometryCollection | GeometryKind::None => self.collection(shape, &header, depth),
        }
    }

    fn collection(&mut self, shape: &mut Shape, header: &Header, depth: usize) -> Result<(), GeometryFault> {
        if depth >= DEPTH_MAX {
            return Err(GeometryFault::TooDeep { max: DEPTH_MAX });
        }
        let count = self.u32(header.little)?;
        for _ in 0..count {
            let mut member = Shape::default();
            self.geometry(&mut member, depth + 1)?;
            shape.members.push(member);
        }
        Ok(())
    }

    fn parts(
        &mut self,
        shape: &mut Shape,
        header: &Header,
        part_code: u32,
        inside: &'static str,
        read: fn(&mut Self, &mut Shape, &Header) -> Result<(), GeometryFault>,
    ) -> Result<(), GeometryFault> {
        let count = self.u32(header.little)?;
        for _ in 0..count {
            let part = self.header()?;
            if part.code != part_code || part.has_z != header.has_z || part.has_m != header.has_m {
                return Err(GeometryFault::WrongPart { inside, found: part.code });
            }
            read(self, shape, &part)?;
        }
        Ok(())
    }

    fn polygon(&mut self, shape: &mut Shape, header: &Header) -> Result<(), GeometryFault> {
        let start = shape.ends.len();
        for _ in 0..self.u32(header.little)? {
            self.run(shape, header)?;
        }
        // Rings without a point are left out, so a polygon may have none although it announced some.
        if shape.ends.len() > start {
            shape.polygon_ends.push(shape.ends.len());
        }
        Ok(())
    }

    fn run(&mut self, shape: &mut Shape, header: &Header) -> Result<(), GeometryFault> {
        let count = self.u32(header.little)? as usize;
        let point_bytes = 16 + 8 * shape.extras_per_point();
        // Looked at before anything is made, so that a lying count costs nothing.
        if count > (self.bytes.len() - self.at) / point_bytes {
            return Err(GeometryFault::Truncated { at: self.bytes.len(), needed: "run of points" });
        }
        if header.little && shape.extras_per_point() == 0 {
            self.plain_points(shape, count)?;
        } else {
            for _ in 0..count {
                self.vertex(shape, header.little)?;
            }
        }
        if count > 0 {
            shape.ends.push(shape.points.len());
        }
        Ok(())
    }

    /// As many [`Reader::vertex`] at once: nearly all geometry is little-endian and flat.
    fn plain_points(&mut self, shape: &mut Shape, count: usize) -> Result<(), GeometryFault> {
        const POINT_BYTES: usize = 16;
        self.count_vertices(count)?;
        let end = self.at + count * POINT_BYTES;
        let bytes = self.bytes.get(self.at..end);
        let (points, _) = bytes.unwrap_or_default().as_chunks::<POINT_BYTES>();
        shape.points.extend(points.iter().map(|point| {
            let bits = u128::from_le_bytes(*point);
            (f64::from_bits(bits as u64), f64::from_bits((bits >> 64) as u64))
        }));
        self.at = end;
        Ok(())
    }

    fn count_vertices(&mut self, more: usize) -> Result<(), GeometryFault> {
        self.vertices += more;
        match self.vertices > limits::VERTICES_MAX {
            true => Err(GeometryFault::TooManyVertices { max: limits::VERTICES_MAX }),
            false => Ok(()),
        }
    }

    fn point(&mut self, shape: &mut Shape, header: &Header) -> Result<(), GeometryFault> {
        self.vertex(shape, header.little)?;
        if shape.points.last().is_some_and(|(x, y)| x.is_nan() && y.is_nan()) {
            shape.points.pop();
            let kept = shape.points.len() * shape.extras_per_point();
            shape.extras.truncate(kept);
        }
        Ok(())
    }

    fn vertex(&mut self, shape: &mut Shape, little: bool) -> Result<(), GeometryFault> {
        self.count_vertices(1)?;
        let x = self.f64(little)?;
        let y = self.f64(little)?;
        shape.points.push((x, y));
        for _ in 0..shape.extras_per_point() {
            let extra = self.f64(little)?;
            shape.extras.push(extra);
        }
        Ok(())
    }

    fn header(&mut self) -> Result<Header, GeometryFault> {
        const FLAG_Z: u32 = 0x8000_0000;
        const FLAG_M: u32 = 0x4000_0000;
        let little = match self.take::<1>("byte order")?[0] {
            0 => false,
            1 => true,
            _ => return Err(GeometryFault::ByteOrder { at: self.at - 1 }),
        };
        let raw = self.u32(little)?;
        let iso = raw & !(FLAG_Z | FLAG_M);
        let dimensions = iso / 1000;
        if dimensions > 3 {
            return Err(GeometryFault::UnknownType { code: raw });
        }
        Ok(Header {
            little,
            code: iso % 1000,
            has_z: raw & FLAG_Z != 0 || dimensions == 1 || dimensions == 3,
            has_m: raw & FLAG_M != 0 || dimensions >= 2,
        })
    }

    fn u32(&mut self, little: bool) -> Result<u32, GeometryFault> {
        let bytes = self.take("count")?;
        Ok(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn f64(&mut self, little: bool) -> Result<f64, GeometryFault> {
        let bytes = self.take("coordinate")?;
        Ok(if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn take<const N: usize>(&mut self, needed: &'static str) -> Result<[u8; N], GeometryFault> {
        let taken = self
            .bytes
            .get(self.at..self.at + N)
            .and_then(|slice| slice.try_into().ok())
            .ok_or(GeometryFault::Truncated { at: self.bytes.len(), needed })?;
        self.at += N;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polygon_whose_rings_have_no_points_is_left_out() {
        let mut wkb = vec![1, 6, 0, 0, 0, 1, 0, 0, 0];
        // One polygon of one ring of no points.
        wkb.extend_from_slice(&[1, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        let mut shape = Shape::default();
        shape.read_wkb(&wkb).unwrap();
        assert_eq!(shape, Shape::new(GeometryKind::MultiPolygon));
        assert_eq!(shape.polygons().count(), 0);
    }
}
