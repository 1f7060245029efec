//! A part of a layer as a GeoPackage of its own, cut out a stretch at a time: each has the time of a
//! query on a thread of the pool, which is free between.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::features::geometry_error;
use super::streams::Source;
use crate::base::limits;
use crate::formats::geopackage::{GeoPackageWriter, WriteFault};
use crate::formats::{Head, Selection};
use crate::package::{BuiltPackage, OpenPackage, PackageError, ReadError, Row};
use crate::query;

/// A package that is being written.
pub struct Cut {
    path: PathBuf,
    writer: GeoPackageWriter,
}

/// A package between two stretches. A stretch that is refused for want of a thread has not touched it;
/// one that fails has spoiled it.
#[derive(Clone)]
pub struct Waiting(Arc<Mutex<Option<Cut>>>);

impl Cut {
    pub fn begin(
        path: &Path,
        head: &Head<'_>,
        selection: Selection,
        last_change: jiff::Timestamp,
    ) -> Result<Self, PackageError> {
        let writer = GeoPackageWriter::create(path, head, selection, last_change)?;
        Ok(Cut { path: path.to_owned(), writer })
    }

    pub fn write(&mut self, package: &OpenPackage, row: &Row<'_>) -> Result<(), PackageError> {
        self.writer.feature(row).map_err(|fault| match fault {
            WriteFault::Package(error) => error,
            WriteFault::Geometry(fault) => geometry_error(package)(fault),
        })
    }

    /// Whether neither features nor bytes are more than these.
    pub fn is_within(&self, features: u64, bytes: u64) -> bool {
        let written = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        self.writer.rows() <= features && written <= bytes
    }

    /// Blocks: the whole file is checked.
    pub fn finish(self) -> Result<BuiltPackage, PackageError> {
        self.writer.finish()
    }

    pub fn wait(self) -> Waiting {
        Waiting(Arc::new(Mutex::new(Some(self))))
    }
}

impl Waiting {
    fn take(&self) -> Result<Cut, PackageError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or(PackageError::Interrupted)
    }
}

impl Source {
    /// Adds the matches behind a place; answers where to go on, if there is more.
    pub async fn cut(&self, waiting: &Waiting, after: i64) -> Result<(Cut, Option<i64>), ReadError> {
        let (query, held) = (self.query.clone(), waiting.clone());
        let write = move |package: &OpenPackage| {
            let mut cut = held.take()?;
            let next =
                query::stretch(package, &query, after, |row| cut.write(package, row).map(ControlFlow::Continue))?;
            Ok((cut, next))
        };
        self.app.pool.read(&self.permit, &self.layer.package, limits::QUERY_TIME, write).await
    }
}
