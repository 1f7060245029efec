//! Cells of a workbook that are merged over several rows: the file gives their value to the first of
//! the rows alone, though who looks at the sheet sees it beside all of them. Nothing is guessed; it is said.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use causeway::base::xml::{Element, XmlLimits};

/// What a part of a workbook may have to be looked into. A longer sheet is no sheet that people merge cells in.
const PART_BYTES_MAX: u64 = 64 * 1024 * 1024;
const LIMITS: XmlLimits = XmlLimits { bytes: 1024 * 1024, elements: 10_000 };

type Workbook = zip::ZipArchive<BufReader<File>>;

/// What is to be said of a sheet whose columns are named in this row, which counts from 1.
pub fn note(path: &Path, sheet: &str, row_of_names: usize) -> Option<String> {
    let mut workbook = zip::ZipArchive::new(BufReader::new(File::open(path).ok()?)).ok()?;
    let part = part_of(&mut workbook, sheet)?;
    let text = text_of(&mut workbook, &part)?;
    let merged: Vec<&str> = text
        .split("<mergeCell ")
        .skip(1)
        .filter_map(|element| element.split_once("ref=\"")?.1.split('"').next())
        .filter(|range| rows_of(range).is_some_and(|(first, last)| last > first && last > row_of_names))
        .collect();
    let first = merged.first()?;
    Some(format!(
        "cells are merged over several rows, {} in all, the first {first}; only the first row of each has their value",
        merged.len()
    ))
}

/// The name of the part that holds a sheet.
fn part_of(workbook: &mut Workbook, sheet: &str) -> Option<String> {
    let read = |text: String| Element::read_within(text.as_bytes(), LIMITS).ok();
    let sheets = read(text_of(workbook, "xl/workbook.xml")?)?;
    let relations = read(text_of(workbook, "xl/_rels/workbook.xml.rels")?)?;
    let sheets = sheets.descendants("sheet");
    let found = sheets.iter().find(|element| element.attribute("name") == Some(sheet))?;
    // "sheetId" is another number.
    let id = found.attributes.iter().find(|(name, _)| name == "id").map(|(_, id)| id.as_str())?;
    let relation = relations.children.iter().find(|relation| relation.attribute("Id") == Some(id))?;
    let target = relation.attribute("Target")?;
    Some(target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned))
}

fn text_of(workbook: &mut Workbook, part: &str) -> Option<String> {
    let mut text = String::new();
    let read = workbook.by_name(part).ok()?.take(PART_BYTES_MAX).read_to_string(&mut text).ok()?;
    ((read as u64) < PART_BYTES_MAX).then_some(text)
}

/// First and last row of a range such as `A2:B3`.
fn rows_of(range: &str) -> Option<(usize, usize)> {
    let row = |cell: &str| cell.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().ok();
    let (first, last) = range.split_once(':')?;
    Some((row(first)?, row(last)?))
}
