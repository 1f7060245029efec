//! Answers that are a file: written whole into the temporary folder, piece by piece as a thread of
//! the pool is free, then sent from disk. The file has no name once it is complete, so that it is
//! gone when the answer is sent, when the client leaves, and when the process dies.

use std::fs::File;
use std::sync::Arc;

use axum::BoxError;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

use super::answer::{Answer, Encoding};
use super::cut::Cut;
use super::outlet::Outlet;
use super::problem::Problem;
use super::request::Ask;
use super::streams::Source;
use crate::base::limits;
use crate::formats::{Head, Selection};
use crate::package::{OpenPackage, PackageError};
use crate::query;

/// A folder that goes once its file is open.
struct Written {
    // Before its folder, so that the file is closed when that is removed.
    cut: Cut,
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
    let leave = Arc::clone(&source.app.file_answers).try_acquire_owned().map_err(|_| {
        Problem::busy("other files are being written; try again in a moment, or take a format that streams")
    })?;
    let file = Written::begin(head, selection, source.layer.record.published)?;
    let (file, bytes) = match is_whole {
        true => source.fill(file).await?,
        false => source.fill_page(file).await?,
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

impl Written {
    fn begin(head: &Head<'_>, selection: Selection, last_change: jiff::Timestamp) -> Result<Self, Problem> {
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "a file cannot be written into the temporary folder");
            Problem::internal("the file could not be written; the operator's log says why")
        };
        let folder = TempDir::new().map_err(|error| failed(&error))?;
        let path = folder.path().join("features.gpkg");
        let cut = Cut::begin(&path, head, selection, last_change).map_err(|error| failed(&error))?;
        Ok(Written { cut, folder })
    }

    /// The finished file without its name, and its length.
    fn finish(self) -> Result<(File, u64), PackageError> {
        let built = self.cut.finish()?;
        let unsound =
            |error: std::io::Error| PackageError::Unsound { path: built.path.clone(), message: error.to_string() };
        let file = File::open(&built.path).map_err(unsound)?;
        let bytes = file.metadata().map_err(unsound)?.len();
        drop(self.folder);
        Ok((file, bytes))
    }
}

impl Source {
    /// All matches.
    async fn fill(&self, Written { mut cut, folder }: Written) -> Result<(File, u64), Problem> {
        let mut after = 0;
        loop {
            let (written, next) = self.cut(&cut.wait(), after).await?;
            if !written.is_within(limits::FILE_ANSWER_FEATURES_MAX, limits::FILE_ANSWER_BYTES_MAX) {
                return Err(Problem::bad_request(format!(
                    "more than {} features or {} bytes match, which is more than a file is written for; \
                     narrow the request, take f=flatgeobuf or f=geojsonseq, which have no end, or POST to \
                     /collections/{}/extracts, which makes larger files in its own time",
                    limits::FILE_ANSWER_FEATURES_MAX,
                    limits::FILE_ANSWER_BYTES_MAX,
                    self.layer.record.id
                )));
            }
            cut = written;
            let Some(place) = next else { break };
            after = place;
        }
        let finish = move |_: &OpenPackage| Written { cut, folder }.finish();
        Ok(self.app.pool.read(&self.permit, &self.layer.package, limits::QUERY_TIME, finish).await?)
    }

    async fn fill_page(&self, mut file: Written) -> Result<(File, u64), Problem> {
        let query = self.query.clone();
        let write = move |package: &OpenPackage| {
            query::page(package, &query, |row| file.cut.write(package, row))?;
            file.finish()
        };
        Ok(self.app.pool.read(&self.permit, &self.layer.package, limits::QUERY_TIME, write).await?)
    }
}
