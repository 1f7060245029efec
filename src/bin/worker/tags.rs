//! The tags of OpenStreetMap that have no column of their own. GDAL gives them as one text in the manner
//! of PostgreSQL's hstore, `"shop"=>"bakery","level"=>"0"`; a layer has them as a JSON object.

/// Columns that GDAL's driver of OSM writes in this manner.
pub const TAG_FIELDS: [&str; 2] = ["other_tags", "all_tags"];

/// The tags as JSON: a string where the text is not written in this manner.
pub fn json_of_tags(text: &str) -> String {
    object_of(text).unwrap_or_else(|| serde_json::Value::from(text).to_string())
}

fn object_of(text: &str) -> Option<String> {
    let mut object = String::with_capacity(text.len() + 2);
    let mut rest = text;
    loop {
        object.push(if object.is_empty() { '{' } else { ',' });
        rest = take_quoted(rest, &mut object)?.strip_prefix("=>")?;
        object.push(':');
        rest = take_quoted(rest, &mut object)?;
        if rest.is_empty() {
            object.push('}');
            return Some(object);
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// Writes the quoted text at the start as JSON; answers what follows it. A quotation mark and a backslash
/// have a backslash before them, as in JSON; all else stands as it is, line ends too.
fn take_quoted<'t>(text: &'t str, json: &mut String) -> Option<&'t str> {
    let mut rest = text.strip_prefix('"')?;
    json.push('"');
    loop {
        let special = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
        json.push_str(&rest[..special]);
        match rest.as_bytes()[special] {
            b'"' => {
                json.push('"');
                return Some(&rest[special + 1..]);
            }
            b'\\' => {
                let escaped = rest.get(special..special + 2).filter(|pair| matches!(*pair, "\\\"" | "\\\\"))?;
                json.push_str(escaped);
                rest = &rest[special + 2..];
            }
            control => {
                json.push_str(&format!("\\u{control:04x}"));
                rest = &rest[special + 1..];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_an_object_of_json() {
        let cases = [
            (r#""shop"=>"bakery""#, Some(r#"{"shop":"bakery"}"#)),
            (r#""name:zh"=>"蓮香樓","level"=>"0""#, Some(r#"{"name:zh":"蓮香樓","level":"0"}"#)),
            (
                r#""note"=>"","inscription"=>"a \"quote\" and a \\""#,
                Some(r#"{"note":"","inscription":"a \"quote\" and a \\"}"#),
            ),
            ("\"description\"=>\"two\nlines\"", Some(r#"{"description":"two\u000alines"}"#)),
            (r#""a,b"=>"c=>d""#, Some(r#"{"a,b":"c=>d"}"#)),
            (r#""shop"=>"bakery","#, None),
            (r#""shop"=>NULL"#, None),
            (r#""shop"=>"bak"#, None),
            (r#""shop"=>"b\"#, None),
            ("", None),
        ];
        for (text, expected) in cases {
            let object = object_of(text);
            assert_eq!(object.as_deref(), expected, "{text}");
            if let Some(object) = object {
                serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&object).unwrap();
            }
        }
    }

    proptest! {
        #[test]
        fn any_tags_come_out_as_they_went_in(tags in proptest::collection::btree_map(any::<String>(), any::<String>(), 1..6)) {
            let quoted = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let written: Vec<String> =
                tags.iter().map(|(key, value)| format!("{}=>{}", quoted(key), quoted(value))).collect();
            let read: BTreeMap<String, String> = serde_json::from_str(&json_of_tags(&written.join(","))).unwrap();
            prop_assert_eq!(read, tags);
        }

        #[test]
        fn any_text_becomes_json(text in any::<String>()) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&json_of_tags(&text)).is_ok());
        }
    }
}
