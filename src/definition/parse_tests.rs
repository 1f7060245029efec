use super::*;

const GOOD: &str = r#"
class = "open"
title = { en = "Libraries", zh-Hant = "圖書館" }
abstract = { en = "Every public library.", zh-Hant = "全港公共圖書館。" }
keywords = { en = ["library"], zh-Hant = ["圖書館"] }
[catalogue]
theme = "recreation-and-culture"
licence = "data.gov.hk"
frequency = "as-needed"
[source]
files = ["layer.toml"]
"#;

fn parse_text(text: &str) -> Result<LayerDefinition, DefinitionFault> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("layer.toml"), text).unwrap();
    parse(text, "layers/lcsd/libraries/layer.toml", folder.path(), "lcsd", "libraries")
}

#[test]
fn a_definition_is_read_and_its_simplified_texts_are_derived() {
    let definition = parse_text(GOOD).unwrap();
    assert_eq!(definition.id.as_str(), "lcsd-libraries");
    assert_eq!(definition.title.zh_hans, "图书馆");
    assert!(definition.title.zh_hans_derived);
    assert_eq!(definition.department.name.en, "Leisure and Cultural Services Department");
}

#[test]
fn each_fault_names_file_line_and_what_would_be_accepted() {
    let cases = [
        ("class = \"open\"", "clas = \"open\"", 2, "unknown field"),
        ("class = \"open\"", "class = \"secret\"", 2, "open, registered, restricted"),
        ("zh-Hant = \"圖書館\" }", "zh-Hant = \"\" }", 3, "no text in zh-Hant"),
        ("recreation-and-culture", "fun", 7, "is not one of"),
        ("\"data.gov.hk\"", "\"mine\"", 8, "odbl-1.0"),
        ("as-needed", "sometimes", 9, "as-needed"),
        ("[\"layer.toml\"]", "[\"../x\"]", 11, "leaves the folder"),
        ("[\"layer.toml\"]", "[\"gone.csv\"]", 11, "no file"),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\ncrs = \"HK80\"", 12, "EPSG:2326"),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\neasting = \"E\"", 12, "northing"),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\n[tiles]\ngrids = [\"HK80\"]", 13, "HongKong1980Grid"),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\n[tiles]\nfirst = \"lowest\"", 13, "needs priority"),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\n[tiles]\nkeep = \" \"", 13, "a CQL2 filter such as"),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\n[tiles]\nlow_zoom = 9", 13, "needs low_zoom_fields"),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\n[tiles]\nlow_zoom_fields = [\"A\"]", 13, "needs low_zoom beside"),
        (
            "[\"layer.toml\"]",
            "[\"layer.toml\"]\n[tiles]\nlow_zoom = 23\nlow_zoom_fields = [\"A\"]",
            13,
            "a zoom from 0 to 22",
        ),
        (
            "[\"layer.toml\"]",
            "[\"layer.toml\"]\n[display]\ncategory = { en = \"B\" }\n[tiles]\nlow_zoom = 9\nlow_zoom_fields = [\"A\"]",
            16,
            "lacks \"B\"",
        ),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\nformat = \"Parquet\"", 12, "FlatGeobuf"),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\ngeometry = \"flat\"", 12, "split, mixed, none"),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\noperation = \"magic\"", 12, "ballpark"),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\n[display]\nicon = \"books\"", 13, "accepted are airport"),
        ("[\"layer.toml\"]", "[\"https://u:p@a.hk/x.csv\"]", 11, "no password"),
        ("[\"layer.toml\"]", "[\"ftp://a.hk/x.csv\"]", 11, "not an https address"),
        (
            "[\"layer.toml\"]",
            "[\"layer.toml\"]\n[[control_points]]\nfeature = { A = \"1\" }\neasting = 832591.3",
            12,
            "either easting and northing",
        ),
        (
            "[\"layer.toml\"]",
            "[\"layer.toml\"]\n[[control_points]]\nfeature = {}\neasting = 832591.3\nnorthing = 820351.4",
            12,
            "names no field",
        ),
        (
            "[\"layer.toml\"]",
            "[\"layer.toml\"]\n[[control_points]]\nfeature = { A = \"1\" }\nlongitude = 22.3\nlatitude = 114.1",
            12,
            "not in or near Hong Kong",
        ),
        ("[\"layer.toml\"]", "[\"layer.toml\"]\n[gates]\nrejected_percent = 100.0", 13, "under 100"),
    ];
    for (from, to, line, part) in cases {
        let fault = parse_text(&GOOD.replacen(from, to, 1)).expect_err(to);
        assert_eq!(fault.line, line, "{fault}");
        assert!(fault.to_string().contains(part), "{fault}");
        assert!(fault.to_string().starts_with("layers/lcsd/libraries/layer.toml:"), "{fault}");
    }
}

/// 37 and 49 to 54 of the hostile inputs, each with what the sentence must name.
#[test]
fn hostile_definitions_are_refused_by_grammar_and_range() {
    let deep = format!("x = {}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (case, from, to, part) in [
        (37, "class = \"open\"", "", "missing field `class`"),
        (37, "class = \"open\"", "class = \"\"", "open, registered, restricted"),
        (37, "class = \"open\"", "class = \"CONFIDENTIAL\"", "open, registered, restricted"),
        (37, "class = \"open\"", "class = \"Open\"", "open, registered, restricted"),
        (49, "\"layer.toml\"", "\"../layer.toml\"", "leaves the folder"),
        (49, "\"layer.toml\"", "\"a/../../layer.toml\"", "leaves the folder"),
        (49, "\"layer.toml\"", "\"/etc/passwd\"", "leaves the folder"),
        (49, "\"layer.toml\"", "\"${HOME}/layer.toml\"", "leaves the folder"),
        (49, "\"layer.toml\"", "\"..\\\\layer.toml\"", "leaves the folder"),
        (49, "\"layer.toml\"", "\"file:///etc/passwd\"", "not an https address"),
        (49, "\"layer.toml\"", "\"/vsicurl/http://127.0.0.1/\"", "not an address"),
        (50, "[\"layer.toml\"]", "[\"layer.toml\"]\nfilter = \"1=1; DROP TABLE x\"", "unknown field"),
        (50, "[\"layer.toml\"]", "[\"layer.toml\"]\nlayer = [\"SELECT\"]", "expected a string"),
        (51, "class = \"open\"", "class = \"open\"\nclas = 1", "unknown field"),
        (51, "class = \"open\"", &deep, "recursion depth"),
        (53, "[\"layer.toml\"]", "[\"layer.toml\"]\n[tiles]\nzooms = [0, 40]", "unknown field"),
        (53, "[\"layer.toml\"]", "[\"layer.toml\"]\n[gates]\nfeatures = [-1, 5]", "expected u64"),
        (53, "[\"layer.toml\"]", "[\"layer.toml\"]\n[gates]\nfeatures = [5, 1]", "fewest is the smaller"),
        (53, "[\"layer.toml\"]", "[\"layer.toml\"]\n[gates]\nrepaired_percent = 1e9", "under 100"),
        (53, "[\"layer.toml\"]", "[\"layer.toml\"]\n[gates]\nextent = [0, 0, nan, 1]", "degrees"),
        (
            53,
            "[\"layer.toml\"]",
            "[\"layer.toml\"]\n[[control_points]]\nfeature = { A = \"1\" }\neasting = 832591.3\nnorthing = 820351.4\ntolerance_m = -1.0",
            "tolerance_m above 0",
        ),
        (54, "licence = \"data.gov.hk\"", "", "missing field `licence`"),
        (54, "title = { en = \"Libraries\", zh-Hant = \"圖書館\" }", "title = { en = \"Libraries\" }", "zh-Hant"),
        (54, "title = { en = \"Libraries\", zh-Hant = \"圖書館\" }", "title = { zh-Hant = \"圖書館\" }", "in en"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let fault = parse_text(&GOOD.replacen(from, to, 1)).expect_err(to);
        let part = part.replace('`', "\"");
        assert!(fault.message.contains(&part), "{case}: {part}: {fault}");
    }
    let ownerless = parse(GOOD, "layers/nobody/x/layer.toml", std::path::Path::new("."), "nobody", "x").unwrap_err();
    assert!(ownerless.message.contains("code of a department"), "{ownerless}");
}
