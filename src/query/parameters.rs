//! The values of a statement, in the order of their places.

use rusqlite::ToSql;

#[derive(Default)]
pub struct Parameters {
    values: Vec<Box<dyn ToSql>>,
}

impl Parameters {
    /// Takes a value and gives its place in the statement: `?1`, `?2` …
    pub fn bind(&mut self, value: impl ToSql + 'static) -> String {
        self.values.push(Box::new(value));
        format!("?{}", self.values.len())
    }

    pub fn values(&self) -> Vec<&dyn ToSql> {
        self.values.iter().map(AsRef::as_ref).collect()
    }
}
