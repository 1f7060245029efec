//! A strict reader of vector tiles: whatever version 2.1 of the specification forbids is an error,
//! geometry included. It shares no code with the writer that it judges.

use std::collections::HashSet;

pub type Point = (i64, i64);

#[derive(Debug, Default)]
pub struct Tile {
    pub layers: Vec<Layer>,
}

#[derive(Debug, Default)]
pub struct Layer {
    pub version: u64,
    pub name: String,
    pub extent: u64,
    pub keys: Vec<String>,
    pub values: Vec<Value>,
    pub features: Vec<Feature>,
}

#[derive(Debug, Default)]
pub struct Feature {
    pub id: Option<u64>,
    pub kind: u64,
    /// Points one by one, lines, or rings without closing points.
    pub parts: Vec<Vec<Point>>,
    pub tags: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Float(f32),
    Double(f64),
    Int(i64),
    UInt(u64),
    SInt(i64),
    Bool(bool),
}

type Found<T> = Result<T, String>;

enum Wire<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

fn varint(bytes: &[u8], at: &mut usize) -> Found<u64> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let byte = *bytes.get(*at).ok_or("a number ends too soon")?;
        *at += 1;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err("a number has more than ten bytes".to_owned())
}

fn fields(bytes: &[u8]) -> Found<Vec<(u64, Wire<'_>)>> {
    let mut at = 0;
    let mut found = Vec::new();
    while at < bytes.len() {
        let tag = varint(bytes, &mut at)?;
        let mut take = |count: usize| -> Found<&[u8]> {
            let taken = bytes.get(at..at.saturating_add(count)).ok_or("a field ends too soon")?;
            at += count;
            Ok(taken)
        };
        let value = match tag & 7 {
            0 => Wire::Varint(varint(bytes, &mut at)?),
            1 => Wire::Fixed64(take(8)?.try_into().unwrap()),
            5 => Wire::Fixed32(take(4)?.try_into().unwrap()),
            2 => {
                let length = varint(bytes, &mut at)? as usize;
                let taken = bytes.get(at..at.saturating_add(length)).ok_or("a field ends too soon")?;
                at += length;
                Wire::Bytes(taken)
            }
            other => return Err(format!("wire type {other}")),
        };
        found.push((tag >> 3, value));
    }
    Ok(found)
}

fn text(bytes: &[u8]) -> Found<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "text is not UTF-8".to_owned())
}

/// Reads and judges a tile.
pub fn read(bytes: &[u8]) -> Found<Tile> {
    let mut tile = Tile::default();
    for field in fields(bytes)? {
        match field {
            (3, Wire::Bytes(bytes)) => tile.layers.push(layer(bytes)?),
            (number, _) => return Err(format!("a tile has no field {number}")),
        }
    }
    let names: HashSet<&str> = tile.layers.iter().map(|layer| layer.name.as_str()).collect();
    if names.len() < tile.layers.len() {
        return Err("two layers have one name".to_owned());
    }
    Ok(tile)
}

fn layer(bytes: &[u8]) -> Found<Layer> {
    let mut layer = Layer { extent: 4096, ..Layer::default() };
    let (mut version, mut name, mut raw) = (None, None, Vec::new());
    for field in fields(bytes)? {
        match field {
            (15, Wire::Varint(number)) if version.is_none() => version = Some(number),
            (1, Wire::Bytes(bytes)) if name.is_none() => name = Some(text(bytes)?),
            (2, Wire::Bytes(bytes)) => raw.push(bytes),
            (3, Wire::Bytes(bytes)) => layer.keys.push(text(bytes)?),
            (4, Wire::Bytes(bytes)) => layer.values.push(value(bytes)?),
            (5, Wire::Varint(number)) => layer.extent = number,
            (number, _) => return Err(format!("field {number} of a layer is unknown, repeated or of a wrong type")),
        }
    }
    if !matches!(version, Some(1 | 2)) {
        return Err(format!("version {version:?}"));
    }
    layer.version = version.unwrap_or_default();
    layer.name = name.filter(|name| !name.is_empty()).ok_or("a layer without a name")?;
    if layer.extent == 0 {
        return Err("extent 0".to_owned());
    }
    if layer.keys.iter().collect::<HashSet<_>>().len() < layer.keys.len() {
        return Err("a key stands twice".to_owned());
    }
    for bytes in raw {
        layer.features.push(feature(bytes, &layer)?);
    }
    Ok(layer)
}

fn value(bytes: &[u8]) -> Found<Value> {
    let mut found = fields(bytes)?;
    if found.len() != 1 {
        return Err(format!("a value with {} fields", found.len()));
    }
    let zigzag = |number: u64| (number >> 1) as i64 ^ -((number & 1) as i64);
    Ok(match found.remove(0) {
        (1, Wire::Bytes(bytes)) => Value::Text(text(bytes)?),
        (2, Wire::Fixed32(bytes)) => Value::Float(f32::from_le_bytes(bytes)),
        (3, Wire::Fixed64(bytes)) => Value::Double(f64::from_le_bytes(bytes)),
        (4, Wire::Varint(number)) => Value::Int(number as i64),
        (5, Wire::Varint(number)) => Value::UInt(number),
        (6, Wire::Varint(number)) => Value::SInt(zigzag(number)),
        (7, Wire::Varint(number)) if number < 2 => Value::Bool(number == 1),
        (number, _) => return Err(format!("field {number} of a value is unknown or of a wrong type")),
    })
}

fn packed(bytes: &[u8]) -> Found<Vec<u64>> {
    let mut at = 0;
    let mut numbers = Vec::new();
    while at < bytes.len() {
        numbers.push(varint(bytes, &mut at)?);
    }
    Ok(numbers)
}

fn feature(bytes: &[u8], layer: &Layer) -> Found<Feature> {
    let mut feature = Feature::default();
    let (mut geometry, mut tags, mut kind) = (None, None, None);
    for field in fields(bytes)? {
        match field {
            (1, Wire::Varint(id)) if feature.id.is_none() => feature.id = Some(id),
            (2, Wire::Bytes(bytes)) if tags.is_none() => tags = Some(packed(bytes)?),
            (3, Wire::Varint(number)) if kind.is_none() => kind = Some(number),
            (4, Wire::Bytes(bytes)) if geometry.is_none() => geometry = Some(packed(bytes)?),
            (number, _) => return Err(format!("field {number} of a feature is unknown, repeated or of a wrong type")),
        }
    }
    let tags = tags.unwrap_or_default();
    if tags.len() % 2 == 1 {
        return Err("a tag without a value".to_owned());
    }
    for pair in tags.chunks(2) {
        let (key, value) = (pair[0] as usize, pair[1] as usize);
        if key >= layer.keys.len() || value >= layer.values.len() {
            return Err(format!("tag {key} = {value} points nowhere"));
        }
        if feature.tags.iter().any(|(known, _)| *known == key) {
            return Err("a feature has a key twice".to_owned());
        }
        feature.tags.push((key, value));
    }
    let geometry = geometry.filter(|commands| !commands.is_empty()).ok_or("a feature without geometry")?;
    feature.kind = kind.ok_or("a feature without a type")?;
    feature.parts = match feature.kind {
        // The specification lets a type be unknown; ours never are.
        0 => Vec::new(),
        1 => points(&geometry)?,
        2 | 3 => runs(&geometry, feature.kind == 3)?,
        other => return Err(format!("geometry type {other}")),
    };
    if feature.kind == 3 {
        check_rings(&feature.parts)?;
    }
    Ok(feature)
}

struct Cursor<'a> {
    commands: &'a [u64],
    at: usize,
    here: (i32, i32),
}

impl Cursor<'_> {
    fn next(&mut self) -> Option<(u64, u64)> {
        let command = *self.commands.get(self.at)?;
        self.at += 1;
        Some((command & 7, command >> 3))
    }

    fn go(&mut self) -> Found<Point> {
        let mut step = || -> Found<i32> {
            let number = *self.commands.get(self.at).ok_or("a command lacks its parameters")?;
            self.at += 1;
            let number = u32::try_from(number).map_err(|_| "a parameter of more than 32 bits")?;
            Ok((number >> 1) as i32 ^ -((number & 1) as i32))
        };
        let (dx, dy) = (step()?, step()?);
        self.here = (self.here.0.wrapping_add(dx), self.here.1.wrapping_add(dy));
        Ok((i64::from(self.here.0), i64::from(self.here.1)))
    }
}

fn points(commands: &[u64]) -> Found<Vec<Vec<Point>>> {
    let mut cursor = Cursor { commands, at: 0, here: (0, 0) };
    let Some((1, count @ 1..)) = cursor.next() else { return Err("points are not one MoveTo".to_owned()) };
    let mut found = Vec::new();
    for _ in 0..count {
        found.push(vec![cursor.go()?]);
    }
    if cursor.at < commands.len() {
        return Err("something follows the points".to_owned());
    }
    Ok(found)
}

fn runs(commands: &[u64], are_rings: bool) -> Found<Vec<Vec<Point>>> {
    let mut cursor = Cursor { commands, at: 0, here: (0, 0) };
    let mut found = Vec::new();
    while let Some(command) = cursor.next() {
        if command != (1, 1) {
            return Err(format!("a part begins with command {command:?}"));
        }
        let mut run = vec![cursor.go()?];
        let Some((2, count)) = cursor.next() else { return Err("no LineTo after MoveTo".to_owned()) };
        if count < if are_rings { 2 } else { 1 } {
            return Err(format!("a LineTo of {count} points"));
        }
        for _ in 0..count {
            let point = cursor.go()?;
            if run.last() == Some(&point) {
                return Err("a point stands twice in a row".to_owned());
            }
            run.push(point);
        }
        if are_rings {
            if cursor.next() != Some((7, 1)) {
                return Err("a ring is not closed by one ClosePath".to_owned());
            }
            if run.first() == run.last() {
                return Err("a ring repeats its first point".to_owned());
            }
        }
        found.push(run);
    }
    Ok(found)
}

pub fn twice_area(ring: &[Point]) -> i128 {
    edges(ring).map(|((ax, ay), (bx, by))| i128::from(ax) * i128::from(by) - i128::from(bx) * i128::from(ay)).sum()
}

fn edges(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    (0..ring.len()).map(|place| (ring[place], ring[(place + 1) % ring.len()]))
}

/// Exteriors positive and first, holes negative and inside their own, nothing crossing, nothing
/// running along anything, no ring meeting itself.
pub fn check_rings(rings: &[Vec<Point>]) -> Found<()> {
    let mut polygons: Vec<Vec<&Vec<Point>>> = Vec::new();
    for ring in rings {
        match twice_area(ring) {
            0 => return Err("a ring without area".to_owned()),
            1.. => polygons.push(vec![ring]),
            _ => polygons.last_mut().ok_or("a hole comes first")?.push(ring),
        }
        check_simple(ring)?;
    }
    let flat: Vec<(usize, usize, &Vec<Point>)> = polygons
        .iter()
        .enumerate()
        .flat_map(|(number, polygon)| polygon.iter().enumerate().map(move |(place, ring)| (number, place, *ring)))
        .collect();
    for (at, a) in flat.iter().enumerate() {
        for b in &flat[at + 1..] {
            check_apart(a.2, b.2)?;
        }
    }
    for (number, place, ring) in &flat {
        for (other, polygon) in polygons.iter().enumerate() {
            let inside_shell = ring.iter().map(|point| side_of(polygon[0], *point)).find(|side| *side != 0);
            if *number == other && *place > 0 && inside_shell == Some(-1) {
                return Err("a hole outside its exterior".to_owned());
            }
            if *number != other && *place == 0 && inside_shell == Some(1) {
                let in_hole = polygon[1..].iter().any(|hole| ring.iter().all(|point| side_of(hole, *point) >= 0));
                if !in_hole {
                    return Err(format!("the exterior {ring:?} inside another, {:?}", polygon));
                }
            }
        }
    }
    Ok(())
}

fn cross(a: Point, b: Point, c: Point) -> i128 {
    i128::from(b.0 - a.0) * i128::from(c.1 - a.1) - i128::from(b.1 - a.1) * i128::from(c.0 - a.0)
}

/// How two segments meet: not at all, in one point, along each other; `true` in the second place
/// when they cross inside both.
fn meeting(a: Point, b: Point, c: Point, d: Point) -> (usize, bool) {
    let within = |p: Point, q: Point, r: Point| {
        r.0 >= p.0.min(q.0) && r.0 <= p.0.max(q.0) && r.1 >= p.1.min(q.1) && r.1 <= p.1.max(q.1)
    };
    let (c1, c2, c3, c4) = (cross(a, b, c), cross(a, b, d), cross(c, d, a), cross(c, d, b));
    if c1 == 0 && c2 == 0 {
        let mut shared: Vec<Point> = Vec::new();
        for (is_on, point) in [(within(a, b, c), c), (within(a, b, d), d), (within(c, d, a), a), (within(c, d, b), b)] {
            if is_on && !shared.contains(&point) {
                shared.push(point);
            }
        }
        return (shared.len(), false);
    }
    let separate = (c1 > 0 && c2 > 0) || (c1 < 0 && c2 < 0) || (c3 > 0 && c4 > 0) || (c3 < 0 && c4 < 0);
    if separate {
        return (0, false);
    }
    (1, c1 != 0 && c2 != 0 && c3 != 0 && c4 != 0)
}

fn check_simple(ring: &[Point]) -> Found<()> {
    let edges: Vec<(Point, Point)> = edges(ring).collect();
    for i in 0..edges.len() {
        for j in i + 1..edges.len() {
            let is_next = j == i + 1 || (i == 0 && j == edges.len() - 1);
            let (points, _) = meeting(edges[i].0, edges[i].1, edges[j].0, edges[j].1);
            if points > usize::from(is_next) {
                return Err(format!("a ring meets itself at {:?} and {:?}", edges[i], edges[j]));
            }
        }
    }
    Ok(())
}

fn check_apart(a: &[Point], b: &[Point]) -> Found<()> {
    for (a1, a2) in edges(a) {
        for (b1, b2) in edges(b) {
            match meeting(a1, a2, b1, b2) {
                (2.., _) => return Err("two rings run along each other".to_owned()),
                (_, true) => return Err("two rings cross".to_owned()),
                _ => {}
            }
        }
    }
    Ok(())
}

/// 1 inside, 0 on the ring, −1 outside.
fn side_of(ring: &[Point], point: Point) -> i32 {
    let mut inside = false;
    for (a, b) in edges(ring) {
        if cross(a, b, point) == 0
            && point.0 >= a.0.min(b.0)
            && point.0 <= a.0.max(b.0)
            && point.1 >= a.1.min(b.1)
            && point.1 <= a.1.max(b.1)
        {
            return 0;
        }
        if (a.1 > point.1) != (b.1 > point.1) {
            let (low, high) = if a.1 < b.1 { (a, b) } else { (b, a) };
            inside ^= cross(low, high, point) > 0;
        }
    }
    if inside { 1 } else { -1 }
}
