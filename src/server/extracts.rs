//! Answers that are a file: written whole into the temporary folder, piece by piece as a thread of
//! the pool is free, then sent from disk. The file has no name once it is complete, so that it is
//! gone when the answer is sent, when the client leaves, and when the process dies.

use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::BoxError;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

use super::answer::{Answer, Encoding};
use super::features::geometry_error;
use super::outlet::Outlet;
use super::problem::Problem;
use super::request::Ask;
use super::streams::Source;
use crate::base::limits;
use crate::formats::geopackage::{GeoPackageWriter, WriteFault};
use crate::formats::{Head, Selection};
use crate::package::{OpenPackage, PackageError, Row};
use crate::query;

/// A file that is being written, in a folder that goes with it.
struct Extract {
    // Before its folder, so that the file is closed when that is removed.
    writer: GeoPackageWriter,
    folder: TempDir,
}

/// The response that is a GeoPackage: of one page, or of all matches.
pub async fn respond(
    answer: &Answer,
    ask: &Ask,
    source: Source,
    head: &Head<'_>,
    selection: Selection,
    is_whole: bool,
) -> Result<Response, Problem> {
    if let Some(response) = answer.respond_without_body(ask, Encoding::Identity) {
        return Ok(response);
    }
    let leave = Arc::clone(&source.app.extracts).try_acquire_owned().map_err(|_| {
        Problem::busy("other files are being written; try again in a moment, or take a format that streams")
    })?;
    let extract = Extract::begin(head, selection, source.layer.record.published)?;
    let (file, bytes) = match is_whole {
        true => source.fill(extract).await?,
        false => source.fill_page(extract).await?,
    };
    let Some((outlet, body)) = Outlet::open() else { return Err(Problem::internal("the answer could not be begun")) };
    tokio::spawn(async move {
        send(file.into(), outlet).await;
        drop(leave);
    });
    let mut response = answer.respond_with(Encoding::Identity, body);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    Ok(response)
}

/// Reads the file as the client takes it.
async fn send(mut file: tokio::fs::File, mut outlet: Outlet) {
    if let Err(error) = try_send(&mut file, &mut outlet).await {
        outlet.fail(error);
    }
}

async fn try_send(file: &mut tokio::fs::File, outlet: &mut Outlet) -> Result<(), BoxError> {
    const PIECE_BYTES: usize = 64 * 1024;
    loop {
        outlet.room().await?;
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        piece.truncate(read);
        outlet.send(piece).await?;
    }
}

impl Extract {
    fn begin(head: &Head<'_>, selection: Selection, last_change: jiff::Timestamp) -> Result<Self, Problem> {
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "a file cannot be written into the temporary folder");
            Problem::internal("the file could not be written; the operator's log says why")
        };
        let folder = TempDir::new().map_err(|error| failed(&error))?;
        let path = folder.path().join("features.gpkg");
        let writer = GeoPackageWriter::create(&path, head, selection, last_change).map_err(|error| failed(&error))?;
        Ok(Extract { writer, folder })
    }

    fn write(&mut self, package: &OpenPackage, row: &Row<'_>) -> Result<(), PackageError> {
        self.writer.feature(row).map_err(|fault| match fault {
            WriteFault::Package(error) => error,
            WriteFault::Geometry(fault) => geometry_error(package)(fault),
        })
    }

    /// The finished file without its name, and its length.
    fn finish(self) -> Result<(File, u64), PackageError> {
        let built = self.writer.finish()?;
        let unsound =
            |error: std::io::Error| PackageError::Unsound { path: built.path.clone(), message: error.to_string() };
        let file = File::open(&built.path).map_err(unsound)?;
        let bytes = file.metadata().map_err(unsound)?.len();
        drop(self.folder);
        Ok((file, bytes))
    }

    fn is_within_limits(&self) -> bool {
        let bytes = std::fs::metadata(self.folder.path().join("features.gpkg")).map_or(0, |file| file.len());
        self.writer.rows() <= limits::EXTRACT_FEATURES_MAX && bytes <= limits::EXTRACT_BYTES_MAX
    }
}

impl Source {
    /// All matches, a stretch at a time: each has the time of a query, and the thread is free between.
    async fn fill(&self, mut extract: Extract) -> Result<(File, u64), Problem> {
        let mut after = 0;
        loop {
            let query = self.query.clone();
            let write = move |package: &OpenPackage| {
                let next = query::stretch(package, &query, after, |row| {
                    extract.write(package, row).map(ControlFlow::Continue)
                })?;
                Ok((extract, next))
            };
            let (written, next) =
                self.app.pool.read(&self.permit, &self.layer.package, limits::QUERY_TIME, write).await?;
            if !written.is_within_limits() {
                return Err(Problem::bad_request(format!(
                    "more than {} features or {} bytes match, which is more than a file is written for; \
                     narrow the request, or take f=flatgeobuf or f=geojsonseq, which have no end",
                    limits::EXTRACT_FEATURES_MAX,
                    limits::EXTRACT_BYTES_MAX
                )));
            }
            extract = written;
            let Some(place) = next else { break };
            after = place;
        }
        let finish = move |_: &OpenPackage| extract.finish();
        Ok(self.app.pool.read(&self.permit, &self.layer.package, limits::QUERY_TIME, finish).await?)
    }

    async fn fill_page(&self, mut extract: Extract) -> Result<(File, u64), Problem> {
        let query = self.query.clone();
        let write = move |package: &OpenPackage| {
            query::page(package, &query, |row| extract.write(package, row))?;
            extract.finish()
        };
        Ok(self.app.pool.read(&self.permit, &self.layer.package, limits::QUERY_TIME, write).await?)
    }
}
