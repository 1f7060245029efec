//! Reading deliveries by the real worker: a sink that keeps everything, and what is asked of it.

use std::path::{Path, PathBuf};

use causeway::base::{FieldKind, Value};
use causeway::intake::delivery::{
    DeliveryError, DeliverySink, ReadRequest, SourceFacts, SourceFeature, SourceField, read,
};

pub const WORKER: &str = env!("CARGO_BIN_EXE_causeway-worker");

/// Everything that was read.
#[derive(Default, Debug)]
pub struct Layer {
    pub fields: Vec<SourceField>,
    pub facts: SourceFacts,
    pub features: Vec<SourceFeature>,
    schemas: usize,
}

impl DeliverySink for Layer {
    fn schema(&mut self, fields: &[SourceField], facts: &SourceFacts) -> Result<(), DeliveryError> {
        assert!(self.features.is_empty(), "the fields come before the first feature");
        self.schemas += 1;
        self.fields = fields.to_vec();
        self.facts = facts.clone();
        Ok(())
    }

    fn feature(&mut self, feature: SourceFeature) -> Result<(), DeliveryError> {
        assert_eq!(feature.values.len(), self.fields.len(), "values fit the announced fields");
        self.features.push(feature);
        Ok(())
    }
}

impl Layer {
    pub fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|field| field.name.as_str()).collect()
    }

    pub fn kind(&self, name: &str) -> FieldKind {
        self.fields[self.place(name)].kind
    }

    pub fn place(&self, name: &str) -> usize {
        let place = self.fields.iter().position(|field| field.name == name);
        place.unwrap_or_else(|| panic!("no field {name} among {:?}", self.names()))
    }

    pub fn value(&self, row: usize, name: &str) -> &Value {
        &self.features[row].values[self.place(name)]
    }

    pub fn text(&self, row: usize, name: &str) -> &str {
        match self.value(row, name) {
            Value::Text(text) => text,
            other => panic!("row {row}, {name}: {other:?} is no text"),
        }
    }

    pub fn column(&self, name: &str) -> Vec<&str> {
        (0..self.features.len()).map(|row| self.text(row, name)).collect()
    }

    pub fn located(&self) -> usize {
        self.features.iter().filter(|feature| feature.wkb.is_some()).count()
    }

    /// The first vertex of a geometry of any kind.
    pub fn start(&self, row: usize) -> (f64, f64) {
        first_vertex(self.features[row].wkb.as_deref().expect("a geometry"))
    }

    /// West, south, east, north of the first vertices: enough to catch a wrong axis or a lost shift.
    pub fn box_of_starts(&self) -> [f64; 4] {
        let mut edges = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        for feature in self.features.iter().filter_map(|feature| feature.wkb.as_deref()) {
            let (x, y) = first_vertex(feature);
            edges = [edges[0].min(x), edges[1].min(y), edges[2].max(x), edges[3].max(y)];
        }
        edges
    }
}

pub fn first_vertex(wkb: &[u8]) -> (f64, f64) {
    let number = |at: usize| u32::from_le_bytes(wkb[at..at + 4].try_into().unwrap());
    let mut at = 0;
    loop {
        assert_eq!(wkb[at], 1, "little-endian");
        let kind = number(at + 1) % 1000;
        at += 5;
        match kind {
            1 => break,
            2 => {
                at += 4;
                break;
            }
            3 => {
                at += 8;
                break;
            }
            4..=7 => at += 4,
            other => panic!("geometry type {other}"),
        }
    }
    let coordinate = |at: usize| f64::from_le_bytes(wkb[at..at + 8].try_into().unwrap());
    (coordinate(at), coordinate(at + 8))
}

pub fn files(paths: &[PathBuf]) -> ReadRequest {
    ReadRequest { files: paths.to_vec(), ..ReadRequest::default() }
}

pub fn file(name: &str) -> ReadRequest {
    files(&[super::made(name)])
}

pub fn try_read(request: &ReadRequest) -> Result<Layer, DeliveryError> {
    let scratch = tempfile::tempdir().unwrap();
    let mut layer = Layer::default();
    read(request, Path::new(WORKER), scratch.path(), &mut layer)?;
    assert_eq!(layer.schemas, 1, "the fields are said once");
    Ok(layer)
}

#[track_caller]
pub fn read_all(request: &ReadRequest) -> Layer {
    try_read(request).unwrap_or_else(|error| panic!("{:?}: {error}", request.files))
}

/// The refusal's sentence; anything that is not a refusal fails the test.
#[track_caller]
pub fn refusal(request: &ReadRequest) -> String {
    match try_read(request) {
        Err(DeliveryError::Refused(message)) => message,
        Err(other) => panic!("{:?} failed instead of being refused: {other}", request.files),
        Ok(layer) => panic!("{:?} was read: {} features", request.files, layer.features.len()),
    }
}

pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && path.extension().is_none_or(|extension| extension != "gdb") {
            found.extend(files_under(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// A file that a test writes, and the folder that lives as long as it.
pub fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, ReadRequest) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let request = files(&[path]);
    (folder, request)
}
