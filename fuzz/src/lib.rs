//! What fuzz targets share.

use std::path::{Path, PathBuf};

use causeway::base::{Field, FieldKind, GeometryKind, Schema};
use causeway::crs::System;
use causeway::filter::{Filter, json, tree::Node};
use causeway::intake::delivery::{DeliveryError, ReadRequest, examine};

/// A layer with a field of every kind, for filters to name.
pub fn schema() -> Schema {
    let field = Field::untitled;
    Schema {
        geometry: GeometryKind::GeometryCollection,
        has_z: false,
        has_m: false,
        fields: vec![
            field("a", FieldKind::Text),
            field("b", FieldKind::Integer),
            field("c", FieldKind::Boolean),
            field("d", FieldKind::Date),
            field("e", FieldKind::DateTime),
            field("g", FieldKind::Json),
            field("h", FieldKind::Real),
        ],
    }
}

/// A filter, whatever it was written in, is written and read again as the same tree, and fits the
/// schema or is refused.
pub fn check_filter(tree: &Node) {
    assert_eq!(json::parse(&json::write(tree).to_string()).as_ref(), Ok(tree));
    let _ = Filter::from_tree(tree, &schema(), System::Crs84);
}

/// A folder for the files of one input, in memory where the system has such.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder can be made")
}

/// Examines files as a delivery, of which the first is handed in. What is unpacked is no more than
/// limits allow and lies within the private copy; what is refused is refused in one line.
pub fn check_delivery(files: &[(&str, &[u8])]) {
    let folder = scratch();
    let (delivery, copy) = (folder.path().join("delivery"), folder.path().join("copy"));
    std::fs::create_dir(&delivery).and_then(|()| std::fs::create_dir(&copy)).expect("folders can be made");
    let mut paths = Vec::new();
    for (name, bytes) in files {
        paths.push(delivery.join(name));
        std::fs::write(delivery.join(name), bytes).expect("a file can be written");
    }
    let request = ReadRequest { files: paths[..1].to_vec(), ..ReadRequest::default() };
    match examine(&request, &copy) {
        Ok(sources) => {
            assert!(!sources.is_empty());
            for source in sources {
                let path = source.path.canonicalize().expect("what is to be read is there");
                assert!(path.starts_with(&copy), "{path:?} lies outside");
            }
        }
        Err(DeliveryError::Refused(message)) => assert!(!message.is_empty()),
        Err(other) => panic!("{other}"),
    }
    assert_eq!(children(folder.path()).len(), 2, "something was written outside the private copy");
    assert_eq!(children(&delivery).len(), files.len(), "something was written beside the delivery");
}

fn children(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("the folder is there").filter_map(|entry| Some(entry.ok()?.path())).collect()
}
