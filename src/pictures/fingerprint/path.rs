//! Shapes as path data of SVG, as short as can be seen.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;

use super::{CELL, STEPS};
use crate::pictures::frame::Place;

type Node = (i32, i32);

/// A path, and the shapes that are too small to be in it, as places.
#[derive(Default)]
pub struct Thinned {
    pub text: String,
    pub specks: Vec<Place>,
}

/// Lines or, where they are closed, rings on the finest grid on which they stay within the bytes. What does not even
/// fit on the coarsest is left out, the smallest first.
pub fn thinned(shapes: Vec<Vec<Place>>, is_closed: bool, bytes_max: usize) -> Thinned {
    let mut thinned = Thinned::default();
    let (mut large, small): (Vec<_>, Vec<_>) = shapes.into_iter().partition(|shape| size(shape) >= f64::from(CELL));
    thinned.specks = small.iter().filter_map(|shape| shape.first().copied()).collect();
    // The order of tiles decides among equals, so that the same tiles give the same bytes.
    large.sort_by_cached_key(|shape| std::cmp::Reverse((size(shape) * 64.0) as u64));
    for (place, step) in STEPS.into_iter().enumerate() {
        let is_last = place + 1 == STEPS.len();
        if let Some(text) = on_grid(&large, step, is_closed, bytes_max, is_last) {
            thinned.text = text;
            break;
        }
    }
    thinned
}

/// Rings on a grid of `step` pixels, however many there are.
pub fn rings(rings: &[Vec<Place>], step: u16) -> String {
    on_grid(rings, step, true, usize::MAX, false).unwrap_or_default()
}

/// The longer side of a shape's box.
fn size(shape: &[Place]) -> f64 {
    let span = |of: fn(&Place) -> f64| {
        let (low, high) =
            shape.iter().map(of).fold((f64::MAX, f64::MIN), |(low, high), at| (low.min(at), high.max(at)));
        high - low
    };
    span(|place| place.x).max(span(|place| place.y))
}

/// The path on a grid of `step` pixels; `None` where it is longer than it may be, unless it is to be cut there.
fn on_grid(shapes: &[Vec<Place>], step: u16, is_closed: bool, bytes_max: usize, is_cut: bool) -> Option<String> {
    let mut text = String::new();
    let mut seen: HashSet<(Node, Node)> = HashSet::new();
    for shape in shapes {
        let nodes = straightened(snapped(shape, step, is_closed), is_closed);
        let edges = nodes.windows(2).map(|edge| (edge[0].min(edge[1]), edge[0].max(edge[1])));
        // A line that only repeats what is drawn, such as the other carriageway, adds nothing.
        if !edges.fold(false, |is_new, edge| seen.insert(edge) | is_new) {
            continue;
        }
        let before = text.len();
        write(&mut text, &nodes, is_closed);
        if text.len() > bytes_max {
            text.truncate(before);
            return is_cut.then_some(text);
        }
    }
    Some(text)
}

/// The nodes of the grid that a shape runs through, no two the same in a row.
fn snapped(shape: &[Place], step: u16, is_closed: bool) -> Vec<Node> {
    let (step, size) = (f64::from(step), i32::from(step));
    let node = |place: &Place| ((place.x / step).round() as i32 * size, (place.y / step).round() as i32 * size);
    let mut nodes: Vec<Node> = shape.iter().map(node).collect();
    nodes.dedup();
    if is_closed && nodes.len() > 1 && nodes.first() == nodes.last() {
        nodes.pop();
    }
    nodes
}

/// Leaves out the nodes that lie between their neighbours, and shapes of which too little is left.
fn straightened(nodes: Vec<Node>, is_closed: bool) -> Vec<Node> {
    let mut kept: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        while let [.., a, b] = kept[..] {
            let (first, second) = ((b.0 - a.0, b.1 - a.1), (node.0 - b.0, node.1 - b.1));
            let is_between = first.0 * second.1 == first.1 * second.0 && first.0 * second.0 + first.1 * second.1 > 0;
            if !is_between {
                break;
            }
            kept.pop();
        }
        kept.push(node);
    }
    let least = if is_closed { 3 } else { 2 };
    if kept.len() < least { Vec::new() } else { kept }
}

fn write(text: &mut String, nodes: &[Node], is_closed: bool) {
    let Some((first, rest)) = nodes.split_first() else { return };
    // Writing to a string cannot fail.
    let _ = write!(text, "M{}", pair(*first));
    let mut at = *first;
    for (number, node) in rest.iter().enumerate() {
        let step = pair((node.0 - at.0, node.1 - at.1));
        let separator = if number == 0 {
            "l"
        } else if step.starts_with('-') {
            ""
        } else {
            " "
        };
        let _ = write!(text, "{separator}{step}");
        at = *node;
    }
    if is_closed {
        text.push('z');
    }
}

/// Two numbers, with a blank between them only where they need one.
fn pair((x, y): Node) -> String {
    if y < 0 { format!("{x}{y}") } else { format!("{x} {y}") }
}

/// Places as dots in the middle of cells, the smallest cells that stay within the bytes, and how wide a dot is.
pub fn dots(places: &BTreeSet<Node>, bytes_max: usize) -> (String, u16) {
    let mut text = String::new();
    let mut cell = CELL;
    for step in STEPS {
        cell = CELL * step;
        let size = i32::from(cell);
        // By rows, so that steps from one to the next are short.
        let cells: BTreeSet<(i32, i32)> =
            places.iter().map(|(x, y)| (y.div_euclid(size), x.div_euclid(size))).collect();
        text.clear();
        let mut at = (0, 0);
        for (row, column) in cells {
            let centre = (column * size + size / 2, row * size + size / 2);
            let _ = write!(text, "m{}h0", pair((centre.0 - at.0, centre.1 - at.1)));
            at = centre;
        }
        if text.len() <= bytes_max {
            break;
        }
    }
    // A little wider than the cell, so that a full neighbourhood closes; at the finest grid a dot must still be seen.
    (text, cell.max(3))
}
