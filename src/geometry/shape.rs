//! A geometry in flat arrays, made to be filled again and again without new memory.

use crate::base::{BBox, GeometryKind};

/// A geometry as flat arrays. Coordinates are x, y; what stands in `extras` follows `has_z` and
/// `has_m`: z, m, or z and m in turn for each point.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub kind: GeometryKind,
    pub has_z: bool,
    pub has_m: bool,
    pub points: Vec<(f64, f64)>,
    pub extras: Vec<f64>,
    /// For lines the end of each line, for areas the end of each ring, as places in `points`.
    pub ends: Vec<usize>,
    /// For areas the end of each polygon, as places in `ends`.
    pub polygon_ends: Vec<usize>,
    /// The members of a geometry collection; all else is empty then.
    pub members: Vec<Shape>,
}

impl Default for Shape {
    fn default() -> Self {
        Shape::new(GeometryKind::Point)
    }
}

impl Shape {
    pub fn new(kind: GeometryKind) -> Self {
        Shape {
            kind,
            has_z: false,
            has_m: false,
            points: Vec::new(),
            extras: Vec::new(),
            ends: Vec::new(),
            polygon_ends: Vec::new(),
            members: Vec::new(),
        }
    }

    pub fn clear(&mut self, kind: GeometryKind) {
        self.kind = kind;
        self.has_z = false;
        self.has_m = false;
        self.points.clear();
        self.extras.clear();
        self.ends.clear();
        self.polygon_ends.clear();
        self.members.clear();
    }

    /// Extra ordinates of each point: 0, 1 or 2.
    pub fn extras_per_point(&self) -> usize {
        usize::from(self.has_z) + usize::from(self.has_m)
    }

    pub fn is_empty(&self) -> bool {
        self.points.is_empty() && self.members.iter().all(Shape::is_empty)
    }

    pub fn vertices(&self) -> usize {
        self.points.len() + self.members.iter().map(Shape::vertices).sum::<usize>()
    }

    pub fn bbox(&self) -> BBox {
        let mut bbox = BBox::EMPTY;
        for &(x, y) in &self.points {
            bbox.include_point(x, y);
        }
        for member in &self.members {
            bbox.include(&member.bbox());
        }
        bbox
    }

    /// The ranges of `points` that are lines or rings.
    pub fn runs(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        ranges(&self.ends)
    }

    /// The ranges of `ends` that are polygons.
    pub fn polygons(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        ranges(&self.polygon_ends)
    }

    /// The points of a line or ring by its place in `ends`.
    pub fn run(&self, place: usize) -> &[(f64, f64)] {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.points[start..self.ends[place]]
    }

    /// Height of a point; `None` where there is none.
    pub fn z(&self, point: usize) -> Option<f64> {
        self.has_z.then(|| self.extras.get(point * self.extras_per_point()).copied()).flatten()
    }

    /// A collection whose members are all of one dimension as the Multi of it; anything else as it is.
    pub fn unified(self) -> Self {
        use crate::base::geometry_kind::Dimension;
        if self.kind != GeometryKind::GeometryCollection {
            return self;
        }
        let members: Vec<Shape> = self.members.iter().cloned().map(Shape::unified).collect();
        let Some(first) = members.first() else { return self };
        let dimension = first.kind.dimension();
        let is_alike = |member: &Shape| {
            member.kind.dimension() == dimension && (member.has_z, member.has_m) == (first.has_z, first.has_m)
        };
        if dimension == Dimension::Mixed || !members.iter().all(is_alike) {
            return self;
        }
        let mut multi = Shape::new(first.kind.to_multi());
        (multi.has_z, multi.has_m) = (first.has_z, first.has_m);
        for member in members {
            let (points, ends) = (multi.points.len(), multi.ends.len());
            multi.points.extend(member.points);
            multi.extras.extend(member.extras);
            multi.ends.extend(member.ends.into_iter().map(|end| end + points));
            multi.polygon_ends.extend(member.polygon_ends.into_iter().map(|end| end + ends));
        }
        multi
    }

    /// Makes a single geometry the Multi of its dimension.
    pub fn promote(&mut self) {
        self.kind = self.kind.to_multi();
    }

    /// A point that stands for the geometry: the first vertex for points, the middle vertex of the
    /// longest run for lines, and for areas a point inside the largest ring.
    pub fn representative_point(&self) -> Option<(f64, f64)> {
        if let Some(member) = self.members.iter().find(|member| !member.is_empty()) {
            return member.representative_point();
        }
        let longest = self.runs().max_by_key(std::ops::Range::len);
        match (self.kind.dimension(), longest) {
            (crate::base::geometry_kind::Dimension::Lines, Some(run)) => Some(self.points[run.start + run.len() / 2]),
            (crate::base::geometry_kind::Dimension::Areas, Some(run)) => point_inside(&self.points[run]),
            _ => self.points.first().copied(),
        }
    }
}

/// The middle of the widest crossing of the ring with a line through the middle of its box.
fn point_inside(ring: &[(f64, f64)]) -> Option<(f64, f64)> {
    let (low, high) =
        ring.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &(_, y)| (low.min(y), high.max(y)));
    let y = (low + high) / 2.0;
    let mut crossings: Vec<f64> = ring
        .windows(2)
        .filter(|edge| (edge[0].1 > y) != (edge[1].1 > y))
        .map(|edge| {
            let share = (y - edge[0].1) / (edge[1].1 - edge[0].1);
            edge[0].0 + share * (edge[1].0 - edge[0].0)
        })
        .collect();
    crossings.sort_by(f64::total_cmp);
    crossings
        .chunks_exact(2)
        .max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))
        .map(|pair| ((pair[0] + pair[1]) / 2.0, y))
        .or_else(|| ring.first().copied())
}

fn ranges(ends: &[usize]) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    ends.iter().enumerate().map(|(place, &end)| {
        let start = if place == 0 { 0 } else { ends[place - 1] };
        start..end
    })
}
