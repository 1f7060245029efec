//! The values of a GDAL feature, and the kinds of its fields.

use std::ffi::CStr;

use causeway::base::{FieldKind, Value};
use gdal::vector::{Feature, LayerAccess};
use gdal_sys::{OGRFieldSubType, OGRFieldType};

use super::tags::json_of_tags;

/// How a field of a GDAL layer is read.
#[derive(Clone, Copy)]
pub struct FieldReader {
    pub index: i32,
    pub kind: OGRFieldType::Type,
    pub is_boolean: bool,
    /// Whether its text holds tags of OpenStreetMap.
    pub is_tags: bool,
    /// The encoding of its text, where GDAL hands out the bytes as they are.
    pub label: Option<&'static str>,
}

/// A text of GDAL's, which is UTF-8 unless a label says otherwise.
pub fn text_of(text: &CStr, label: Option<&str>) -> String {
    match label {
        Some(label) => causeway::intake::delivery::text::decode(text.to_bytes(), label).0,
        None => text.to_string_lossy().into_owned(),
    }
}

pub fn kind_of(layer: &gdal::vector::Layer<'_>, index: i32) -> (FieldKind, bool) {
    // SAFETY: the definition lives as long as the layer; asking for types changes nothing.
    let (kind, subtype) = unsafe {
        let field = gdal_sys::OGR_FD_GetFieldDefn(layer.defn().c_defn(), index);
        (gdal_sys::OGR_Fld_GetType(field), gdal_sys::OGR_Fld_GetSubType(field))
    };
    match kind {
        OGRFieldType::OFTInteger if subtype == OGRFieldSubType::OFSTBoolean => (FieldKind::Boolean, true),
        OGRFieldType::OFTInteger | OGRFieldType::OFTInteger64 => (FieldKind::Integer, false),
        OGRFieldType::OFTReal => (FieldKind::Real, false),
        OGRFieldType::OFTDate => (FieldKind::Date, false),
        OGRFieldType::OFTDateTime => (FieldKind::DateTime, false),
        OGRFieldType::OFTIntegerList
        | OGRFieldType::OFTInteger64List
        | OGRFieldType::OFTRealList
        | OGRFieldType::OFTStringList => (FieldKind::Json, false),
        _ if subtype == OGRFieldSubType::OFSTJSON => (FieldKind::Json, false),
        _ => (FieldKind::Text, false),
    }
}

pub fn value_of(feature: &Feature<'_>, field: &FieldReader) -> Value {
    // SAFETY: the feature is live and has the field; strings are copied before the next call.
    unsafe {
        let handle = feature.c_feature();
        if gdal_sys::OGR_F_IsFieldSetAndNotNull(handle, field.index) == 0 {
            return Value::Null;
        }
        match field.kind {
            OGRFieldType::OFTInteger if field.is_boolean => {
                Value::Boolean(gdal_sys::OGR_F_GetFieldAsInteger(handle, field.index) != 0)
            }
            OGRFieldType::OFTInteger | OGRFieldType::OFTInteger64 => {
                Value::Integer(gdal_sys::OGR_F_GetFieldAsInteger64(handle, field.index))
            }
            OGRFieldType::OFTReal => {
                let number = gdal_sys::OGR_F_GetFieldAsDouble(handle, field.index);
                if number.is_finite() { Value::Real(number) } else { Value::Null }
            }
            OGRFieldType::OFTDate | OGRFieldType::OFTDateTime => date_of(handle, field),
            OGRFieldType::OFTIntegerList
            | OGRFieldType::OFTInteger64List
            | OGRFieldType::OFTRealList
            | OGRFieldType::OFTStringList => list_of(feature, field),
            _ => {
                let text = gdal_sys::OGR_F_GetFieldAsString(handle, field.index);
                let text = text_of(CStr::from_ptr(text), field.label);
                Value::Text(if field.is_tags { json_of_tags(&text) } else { text })
            }
        }
    }
}

/// A list as JSON.
fn list_of(feature: &Feature<'_>, field: &FieldReader) -> Value {
    use gdal::vector::FieldValue;
    let json = match feature.field(field.index as usize) {
        Ok(Some(FieldValue::IntegerListValue(list))) => serde_json::to_string(&list),
        Ok(Some(FieldValue::Integer64ListValue(list))) => serde_json::to_string(&list),
        Ok(Some(FieldValue::RealListValue(list))) => serde_json::to_string(&list),
        Ok(Some(FieldValue::StringListValue(list))) => serde_json::to_string(&list),
        _ => return Value::Null,
    };
    json.map_or(Value::Null, Value::Text)
}

/// `2021-12-17`, or `2021-12-17T08:00:00` with `Z` or an offset where the source has one.
unsafe fn date_of(feature: gdal_sys::OGRFeatureH, field: &FieldReader) -> Value {
    const UTC: i32 = 100;
    let (mut year, mut month, mut day, mut hour, mut minute, mut zone) = (0, 0, 0, 0, 0, 0);
    let mut second = 0f32;
    // SAFETY: every pointer is to a local.
    unsafe {
        gdal_sys::OGR_F_GetFieldAsDateTimeEx(
            feature,
            field.index,
            &mut year,
            &mut month,
            &mut day,
            &mut hour,
            &mut minute,
            &mut second,
            &mut zone,
        );
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if field.kind == OGRFieldType::OFTDate {
        return Value::Text(date);
    }
    let milliseconds = (f64::from(second) * 1000.0).round() as u32;
    let fraction = match milliseconds % 1000 {
        0 => String::new(),
        part => format!(".{part:03}"),
    };
    let zone = match zone {
        UTC => "Z".to_owned(),
        flag if flag > 1 => {
            let minutes = (flag - UTC) * 15;
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        }
        _ => String::new(),
    };
    Value::Text(format!("{date}T{hour:02}:{minute:02}:{:02}{fraction}{zone}", milliseconds / 1000))
}
