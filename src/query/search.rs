//! Words over one layer, answered by ids, or with what shows where each is: for those who put together
//! what several layers have.

use super::words::Fit;
use super::{FeatureId, FeatureQuery, box_of, one, plan};
use crate::base::{BBox, Value};
use crate::package::{OpenPackage, PackageError};

/// A feature that fits a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub id: FeatureId,
    /// The row's place in this revision of the package.
    pub place: i64,
    pub fit: Fit,
    /// How well it fits among those of its [`Fit`]; more is better. Comparable within one package.
    pub score: f64,
}

/// The features that fit best, as many as the query's limit. Nothing where the query does not ask for
/// ranked words, or the package keeps none.
pub fn search(package: &OpenPackage, query: &FeatureQuery) -> Result<Vec<Hit>, PackageError> {
    let plan = plan::plan(package, query)?;
    if !plan.is_ranked() {
        return Ok(Vec::new());
    }
    let (rest, parameters) = plan.page(package, query, (query.start, query.limit))?;
    let columns = ["t.feature_id", "t.fid", "causeway_tier", "causeway_score"].map(str::to_owned);
    let mut hits = package.select_values(&columns, &rest, &parameters.values(), hit)?;
    // A page asks for one row more than it has.
    hits.truncate(query.limit as usize);
    Ok(hits.into_iter().flatten().collect())
}

/// A hit with its values and its box.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    pub hit: Hit,
    /// In the order of the schema.
    pub values: Vec<Value>,
    pub extent: BBox,
}

/// As [`search`], each hit as it stands in the package; one without a place is left out.
pub fn locate(package: &OpenPackage, query: &FeatureQuery) -> Result<Vec<Located>, PackageError> {
    let mut located = Vec::new();
    for hit in search(package, query)? {
        let mut found = None;
        one(package, hit.id, |row| {
            found = box_of(package, row)?.map(|extent| (row.values(), extent));
            Ok(())
        })?;
        located.extend(found.map(|(values, extent)| Located { hit, values, extent }));
    }
    Ok(located)
}

fn hit(values: &[Value]) -> Option<Hit> {
    let [Value::Integer(id), Value::Integer(place), Value::Integer(fit), Value::Real(score)] = values else {
        return None;
    };
    let fit = Fit::ALL.into_iter().find(|known| i64::from(*known as u8) == *fit)?;
    // The index gives what fits best the least number.
    Some(Hit { id: FeatureId::from_hash(id.unsigned_abs()), place: *place, fit, score: -score })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::{Field, FieldKind, GeometryKind, LayerId, RevisionId, Schema};
    use crate::package::build::PackageHead;
    use crate::package::{PackageBuilder, SearchedField, WORD_FILE, WordFileBuilder};
    use crate::query::WordSearch;

    #[test]
    fn ids_come_with_how_well_they_fit() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["Central Library", "Library of Central Kowloon", "Ferry Pier", "Library"];
        let field = Field::untitled("name", FieldKind::Text);
        let schema = Schema { geometry: GeometryKind::None, has_z: false, has_m: false, fields: vec![field] };
        let layer: LayerId = "test-names".parse().unwrap();
        let last_change = jiff::Timestamp::UNIX_EPOCH;
        let head = PackageHead { layer: &layer, title: "", description: "", last_change, schema: &schema };
        let mut builder = PackageBuilder::create(&folder.path().join("layer.gpkg"), &head).unwrap();
        let fields = [SearchedField { place: 0, is_name: true }];
        let mut words = WordFileBuilder::create(&folder.path().join(WORD_FILE), &fields).unwrap();
        for (place, name) in names.iter().enumerate() {
            let values = [Value::Text((*name).to_owned())];
            builder.insert(FeatureId::from_hash(100 + place as u64), None, &values).unwrap();
            words.adding().unwrap().insert(place as i64 + 1, &values).unwrap();
        }
        words.finish().unwrap();
        let revision: RevisionId = "20261124T153000123Z-1a2b3c4d5e6f".parse().unwrap();
        let package = OpenPackage::open_built(&builder.finish().unwrap(), &layer, revision, Arc::new(schema)).unwrap();
        let found = |text: &str, limit| {
            let words = WordSearch::read(None, Some(text)).unwrap();
            search(&package, &FeatureQuery { words, ..FeatureQuery::first(limit) }).unwrap()
        };
        let hits = found("library", 10);
        let ids: Vec<u64> = hits.iter().map(|hit| hit.id.get()).collect();
        assert_eq!(ids, [103, 100, 101]);
        assert_eq!(hits.iter().map(|hit| hit.fit).collect::<Vec<_>>(), [Fit::Name, Fit::Terms, Fit::Terms]);
        assert!(hits[1].score >= hits[2].score, "{hits:?}");
        assert_eq!(found("library", 2).len(), 2);
        assert!(search(&package, &FeatureQuery::first(10)).unwrap().is_empty(), "no words, no hits");
    }

    /// All texts that name nothing share a column of the index.
    #[test]
    fn a_phrase_stands_in_one_text_and_not_across_two() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(WORD_FILE);
        let field = |place| SearchedField { place, is_name: false };
        let mut words = WordFileBuilder::create(&path, &[field(0), field(1), field(2)]).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        words.adding().unwrap().insert(1, &[text("green beach"), Value::Null, text("house number")]).unwrap();
        words.finish().unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        for (phrase, found) in [("green beach", 1), ("house number", 1), ("beach house", 0)] {
            let sql = "SELECT count(*) FROM features WHERE features MATCH ?";
            let count: i64 = connection.query_row(sql, [format!("\"{phrase}\"")], |row| row.get(0)).unwrap();
            assert_eq!(count, found, "{phrase}");
        }
    }
}
