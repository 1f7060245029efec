//! Names inside a package. Public field names may be anything; columns must differ regardless of
//! ASCII case and may not be ours.

use std::collections::HashSet;

use crate::base::LayerId;

/// The row's place in Hilbert order; nothing outside the package may rely on it.
pub const ROW_COLUMN: &str = "fid";
pub const GEOMETRY_COLUMN: &str = "geom";
/// The stable public id.
pub const ID_COLUMN: &str = "feature_id";

/// Names that SQLite or this layout claims for itself.
const TAKEN: [&str; 6] = [ROW_COLUMN, GEOMETRY_COLUMN, ID_COLUMN, "rowid", "_rowid_", "oid"];

/// The feature table of a layer: its id with `_` for `-`, which needs no quotes in SQL.
pub fn table_name(layer: &LayerId) -> String {
    layer.as_str().replace('-', "_")
}

pub fn rtree_name(table: &str) -> String {
    format!("rtree_{table}_{GEOMETRY_COLUMN}")
}

/// The name in double quotes, as SQL wants an identifier.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A column for each field name, in order: the name itself where that works, else with a number.
pub fn assign_columns<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken: HashSet<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
    names
        .into_iter()
        .map(|name| {
            let clean: String = name.chars().filter(|c| !c.is_control()).collect();
            let wanted = if clean.is_empty() { "field".to_owned() } else { clean };
            let column = std::iter::once(wanted.clone())
                .chain((2..).map(|number| format!("{wanted}_{number}")))
                .find(|candidate| !taken.contains(&candidate.to_ascii_lowercase()))
                .unwrap_or(wanted);
            taken.insert(column.to_ascii_lowercase());
            column
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_differ_regardless_of_case_and_leave_ours_alone() {
        let names = ["Name", "NAME", "fid", "geom", "rowid", "", "設施名稱", "a\"; DROP TABLE x;--"];
        assert_eq!(
            assign_columns(names),
            ["Name", "NAME_2", "fid_2", "geom_2", "rowid_2", "field", "設施名稱", "a\"; DROP TABLE x;--"]
        );
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
