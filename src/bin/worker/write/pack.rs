//! What is more than one file, in one zip.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use causeway::base::Language;
use causeway::formats::csv::push_text;
use causeway::intake::downloads::WriteRequest;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::Stop;

/// Packs all files under a folder.
pub fn pack(folder: &Path, target: &Path) -> Result<(), Stop> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(target)?));
    add_folder(&mut zip, folder, "")?;
    zip.finish().map_err(broken)?.into_inner().map_err(|error| Stop::Broken(error.to_string()))?;
    Ok(())
}

fn add_folder(zip: &mut ZipWriter<BufWriter<File>>, folder: &Path, inside: &str) -> Result<(), Stop> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{inside}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            add_folder(zip, &entry.path(), &format!("{name}/"))?;
            continue;
        }
        let options = SimpleFileOptions::default().large_file(entry.metadata()?.len() > u64::from(u32::MAX));
        zip.start_file(name, options).map_err(broken)?;
        io::copy(&mut File::open(entry.path())?, zip)?;
    }
    Ok(())
}

fn broken(error: zip::result::ZipError) -> Stop {
    Stop::Broken(error.to_string())
}

/// What the short names of a shapefile stand for, and how many values had to be cut.
pub fn table_of_names(path: &Path, request: &WriteRequest, short: &[String], values_cut: &[u64]) -> Result<(), Stop> {
    let fields = request.schema.fields.iter().map(|field| {
        let title = |language| field.title.get(language);
        [field.name.as_str(), title(Language::En), title(Language::ZhHant)]
    });
    let described = std::iter::once(["id", "Feature id", "項目編號"]).chain(fields);
    let mut table = "column,name,title_en,title_zh_hant,values_cut\r\n".as_bytes().to_vec();
    for ((short, described), values_cut) in short.iter().zip(described).zip(values_cut) {
        for cell in std::iter::once(short.as_str()).chain(described) {
            push_text(cell, &mut table);
            table.push(b',');
        }
        table.extend_from_slice(format!("{values_cut}\r\n").as_bytes());
    }
    Ok(std::fs::write(path, table)?)
}
