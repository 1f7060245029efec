//! A statement that adds one row after another.

use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection, ToSql};

/// An INSERT that is run for each row. What is bound stays bound from one row to the next, so that a
/// null, which most values of a wide table are, is bound once.
pub struct RowStatement<'c> {
    statement: CachedStatement<'c>,
    /// Of each parameter, whether it holds something.
    is_filled: Vec<bool>,
}

impl<'c> RowStatement<'c> {
    pub fn new(connection: &'c Connection, sql: &str) -> rusqlite::Result<Self> {
        let statement = connection.prepare_cached(sql)?;
        let is_filled = vec![false; statement.parameter_count()];
        Ok(RowStatement { statement, is_filled })
    }

    /// `place` counts from 1.
    pub fn bind(&mut self, place: usize, value: Option<impl ToSql>) -> rusqlite::Result<()> {
        let was_filled = self.is_filled.get_mut(place - 1).is_some_and(|is| std::mem::replace(is, value.is_some()));
        match value {
            Some(value) => self.statement.raw_bind_parameter(place, value),
            None if was_filled => self.statement.raw_bind_parameter(place, Null),
            None => Ok(()),
        }
    }

    pub fn run(&mut self) -> rusqlite::Result<()> {
        self.statement.raw_execute().map(|_| ())
    }
}
