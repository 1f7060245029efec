//! What SQLite cannot do by itself, as functions that its statements may call. Each gives null for
//! a null, and means exactly what the room `filter` says it means.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;

use super::cell::cell_of;
use super::hexagon::hexagon_of;
use crate::base::BBox;
use crate::base::geometry_kind::Dimension;
use crate::filter::spatial::Prepared;
use crate::filter::{Arithmetic, ArrayOperator, NumberChange, Pattern, SpatialOperator, TextChange, elements};
use crate::geometry::areas::Areas;
use crate::geometry::{Shape, blob, dimension};

/// Tests a geometry against a box exactly: `causeway_intersects(geom, west, south, east, north)` in
/// degrees; false where there is no geometry.
pub const INTERSECTS: &str = "causeway_intersects";
/// `causeway_cell(geom, zoom)`: the cell of WorldCRS84Quad in which a geometry stands.
pub const CELL: &str = "causeway_cell";
/// `causeway_hexagon(geom, resolution)`: the cell of H3 in which a geometry stands.
pub const HEXAGON: &str = "causeway_hexagon";
/// `causeway_area(geom)`: the number of the area in which a geometry stands, of those that
/// [`with_areas`] gave.
pub const AREA: &str = "causeway_area";
/// `causeway_dimension(geom)`: `points`, `lines`, `areas`, `mixed`; empty where there is no geometry.
pub const DIMENSION: &str = "causeway_dimension";
/// `causeway_like(text, pattern)`.
pub const LIKE: &str = "causeway_like";
/// `causeway_length(text)` in characters.
pub const LENGTH: &str = "causeway_length";

/// The function of an operator or function of the filter: `causeway_s_touches(geom, wkb)`,
/// `causeway_a_contains(json, json)`, `causeway_casei(text)`, `causeway_floor(number)`.
pub fn function_name(name: &str) -> String {
    format!("causeway_{name}")
}

/// The function of an arithmetic operator; `None` where SQLite's own, over reals, is the same.
pub fn arithmetic_name(operator: Arithmetic) -> Option<&'static str> {
    match operator {
        Arithmetic::WholeQuotient => Some("causeway_quotient"),
        Arithmetic::Remainder => Some("causeway_remainder"),
        Arithmetic::Power => Some("causeway_power"),
        Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply | Arithmetic::Divide => None,
    }
}

/// Whether a statement has to give up, asked before work that SQLite cannot interrupt.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<OnceLock<Box<dyn Fn() -> bool + Send + Sync>>>);

impl Stop {
    /// The first question is kept: a connection has one for all its life.
    pub(super) fn set(&self, is_over: impl Fn() -> bool + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(is_over));
    }

    fn check(&self) -> rusqlite::Result<()> {
        let interrupted = || rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT);
        match self.0.get().is_some_and(|is_over| is_over()) {
            true => Err(rusqlite::Error::SqliteFailure(interrupted(), None)),
            false => Ok(()),
        }
    }
}

const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC);

pub(super) fn add_functions(connection: &Connection, stop: &Stop) -> rusqlite::Result<()> {
    connection.create_scalar_function(INTERSECTS, 5, FLAGS, |context| {
        let bbox = BBox::new(context.get(1)?, context.get(2)?, context.get(3)?, context.get(4)?);
        let Ok(blob) = context.get_raw(0).as_blob() else {
            return Ok(false);
        };
        Ok(crate::geometry::intersects_box(blob, &bbox).unwrap_or(false))
    })?;
    connection.create_scalar_function(DIMENSION, 1, FLAGS, |context| {
        let dimension = context.get_raw(0).as_blob().ok().and_then(|blob| dimension(blob).ok());
        Ok(dimension.unwrap_or(Dimension::None).as_str())
    })?;
    for operator in SpatialOperator::ALL {
        let stop = stop.clone();
        connection.create_scalar_function(function_name(operator.name()).as_str(), 2, FLAGS, move |context| {
            stop.check()?;
            related(operator, context)
        })?;
    }
    add_ground_functions(connection)?;
    add_text_functions(connection)?;
    add_number_functions(connection)?;
    for operator in ArrayOperator::ALL {
        connection.create_scalar_function(function_name(operator.name()).as_str(), 2, FLAGS, move |context| {
            let (Some(first), Some(second)) = (text(context, 0)?, text(context, 1)?) else { return Ok(None) };
            Ok(elements(first).zip(elements(second)).map(|(first, second)| operator.holds(&first, &second)))
        })?;
    }
    Ok(())
}

/// Functions that say where on the ground a geometry stands, by a point that stands for it.
fn add_ground_functions(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_scalar_function(CELL, 2, FLAGS, |context| {
        let zoom: u8 = context.get(1)?;
        Ok(point(context).map(|(lon_deg, lat_deg)| cell_of(lon_deg, lat_deg, zoom)))
    })?;
    connection.create_scalar_function(HEXAGON, 2, FLAGS, |context| {
        let resolution: u8 = context.get(1)?;
        Ok(point(context).and_then(|(lon_deg, lat_deg)| hexagon_of(lon_deg, lat_deg, resolution)))
    })?;
    connection.create_scalar_function(AREA, 1, FLAGS, |context| {
        let area = AREAS.with_borrow(|areas| {
            let (lon_deg, lat_deg) = point(context)?;
            areas.as_ref()?.at(lon_deg, lat_deg)
        });
        Ok(area.map(|area| area as i64))
    })
}

fn point(context: &Context<'_>) -> Option<(f64, f64)> {
    let blob = context.get_raw(0).as_blob().ok()?;
    let mut shape = Shape::default();
    shape.read_wkb(blob::parse(blob).ok()?.wkb).ok()?;
    shape.representative_point()
}

/// Runs statements of this thread in which [`AREA`] looks into these areas.
pub fn with_areas<T>(areas: Option<&Arc<Areas>>, run: impl FnOnce() -> T) -> T {
    AREAS.set(areas.cloned());
    let result = run();
    AREAS.set(None);
    result
}

fn add_text_functions(connection: &Connection) -> rusqlite::Result<()> {
    for change in TextChange::ALL {
        connection.create_scalar_function(function_name(change.name()).as_str(), 1, FLAGS, move |context| {
            Ok(text(context, 0)?.map(|text| change.apply(text)))
        })?;
    }
    connection.create_scalar_function(LENGTH, 1, FLAGS, |context| {
        Ok(text(context, 0)?.map(|text| text.chars().count() as i64))
    })?;
    connection.create_scalar_function(LIKE, 2, FLAGS, |context| {
        let pattern = context.get_or_create_aux(1, |pattern| pattern.as_str().map(Pattern::new))?;
        Ok(text(context, 0)?.map(|text| pattern.matches(text)))
    })
}

fn add_number_functions(connection: &Connection) -> rusqlite::Result<()> {
    for change in NumberChange::ALL {
        connection.create_scalar_function(function_name(change.name()).as_str(), 1, FLAGS, move |context| {
            Ok(context.get::<Option<f64>>(0)?.map(|number| change.apply(number)))
        })?;
    }
    for operator in Arithmetic::ALL {
        let Some(name) = arithmetic_name(operator) else { continue };
        connection.create_scalar_function(name, 2, FLAGS, move |context| {
            let operands = context.get::<Option<f64>>(0)?.zip(context.get::<Option<f64>>(1)?);
            Ok(operands.and_then(|(a, b)| operator.apply(a, b)))
        })?;
    }
    Ok(())
}

fn text<'c>(context: &'c Context<'_>, argument: usize) -> rusqlite::Result<Option<&'c str>> {
    match context.get_raw(argument) {
        ValueRef::Null => Ok(None),
        value => value.as_str().map(Some).map_err(|error| rusqlite::Error::UserFunctionError(error.into())),
    }
}

/// Literals that one thread keeps ready: more than a filter of people has.
const PREPARED_MAX: usize = 16;

thread_local! {
    /// The areas of the statement that runs: a function takes numbers and bytes only.
    static AREAS: RefCell<Option<Arc<Areas>>> = const { RefCell::new(None) };
    /// Prepared literals with their WKB, the latest used last. They are bound to their thread, so
    /// SQLite's own keeping of such things, which may cross threads, cannot hold them.
    static PREPARED: RefCell<Vec<(Vec<u8>, Rc<Prepared>)>> = const { RefCell::new(Vec::new()) };
}

fn related(operator: SpatialOperator, context: &Context<'_>) -> rusqlite::Result<Option<bool>> {
    let ValueRef::Blob(feature) = context.get_raw(0) else { return Ok(None) };
    let fail = |error: Box<dyn std::error::Error + Send + Sync>| rusqlite::Error::UserFunctionError(error);
    let literal = context.get_raw(1).as_blob().map_err(|error| fail(error.into()))?;
    let prepared = prepared(literal).map_err(|error| fail(error.into()))?;
    prepared.holds(operator, feature).map(Some).map_err(|error| fail(error.into()))
}

fn prepared(wkb: &[u8]) -> Result<Rc<Prepared>, crate::geometry::GeometryFault> {
    PREPARED.with_borrow_mut(|kept| {
        let entry = match kept.iter().position(|(known, _)| known == wkb) {
            Some(place) if place + 1 == kept.len() => return Ok(Rc::clone(&kept[place].1)),
            Some(place) => kept.remove(place),
            None => (wkb.to_vec(), Rc::new(Prepared::from_wkb(wkb)?)),
        };
        let prepared = Rc::clone(&entry.1);
        kept.push(entry);
        if kept.len() > PREPARED_MAX {
            kept.remove(0);
        }
        Ok(prepared)
    })
}
