//! Any text as the small things of an address: what is read is written as it was, so that one
//! thing has one address.
#![no_main]

use causeway::base::{FeatureId, Grid, LayerId, RevisionId};
use causeway::query::Cursor;
use causeway::tiles::TileAddress;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<LayerId>() {
        assert_eq!(id.as_str(), text);
        assert!(!text.contains(['/', '.', '\\']), "{text} climbs");
        assert!(text.starts_with(id.department()));
    }
    if let Ok(id) = text.parse::<RevisionId>() {
        assert_eq!(id.as_str(), text);
        assert!(!text.contains(['/', '.', '\\']), "{text} climbs");
        let _ = id.published();
    }
    if let Ok(id) = text.parse::<FeatureId>() {
        assert_eq!(id.get().to_string(), text);
    }
    if let Ok(cursor) = text.parse::<Cursor>() {
        let again: Cursor = cursor.to_string().parse().expect("what is written is read");
        assert_eq!(again, cursor);
        let _ = cursor.check(text);
    }
    let mut parts = text.split('/');
    let (Some(zoom), Some(x), Some(y), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return;
    };
    for grid in Grid::ALL {
        let Ok(tile) = TileAddress::parse(grid, zoom, x, y) else { continue };
        assert_eq!(format!("{}/{}/{}", tile.zoom(), tile.x(), tile.y()), text);
        assert_eq!(TileAddress::new(grid, tile.zoom(), tile.x(), tile.y()), Some(tile));
        assert!(!tile.bbox_with_buffer().west_deg.is_nan());
        assert_eq!(tile.ancestor(tile.zoom()).zoom(), 0);
    }
});
