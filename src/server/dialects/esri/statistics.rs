//! `outStatistics` with `groupByFieldsForStatistics`, and `returnDistinctValues`: groups of features,
//! which are asked for as every aggregate is.
//! <https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/>

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::super::field_by_name;
use super::request::{Form, flag, order_words, place, unquoted};
use crate::base::ids::cut;
use crate::base::{FieldKind, Language, Schema, Value, limits};
use crate::catalogue::LayerRecord;
use crate::formats::esri_json::{attribute, field_type};
use crate::query::{
    AggregateQuery, Direction, FeatureQuery, GROUPS_MAX, Group, GroupRow, METRICS_MAX, Metric, Statistic,
};
use crate::server::problem::Problem;
use crate::server::request::Parameters;

/// Groups that are asked for, and how they are told.
#[derive(Clone, Debug)]
pub struct Statistics {
    groups: Vec<usize>,
    columns: Vec<Column>,
    /// Places among the columns of the answer, groups first.
    order: Vec<(usize, Direction)>,
}

/// A statistic under the name that the client gave it.
#[derive(Clone, Debug)]
struct Column {
    name: String,
    metric: Metric,
    kind: FieldKind,
}

/// An entry of `outStatistics`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    statistic_type: String,
    on_statistic_field: String,
    out_statistic_field_name: Option<String>,
}

impl Statistics {
    /// Takes what asks for groups; none where single features are asked for.
    pub fn take(parameters: &mut Parameters, schema: &Schema, object_id: &str) -> Result<Option<Self>, Problem> {
        let asked = parameters.take_any_case("outStatistics");
        let grouped = parameters.take_any_case("groupByFieldsForStatistics");
        let is_distinct = flag(parameters, "returnDistinctValues")? == Some(true);
        let (columns, names) = match (asked, is_distinct) {
            (Some(text), false) => (columns(&text, schema, object_id)?, grouped.unwrap_or_default()),
            (None, true) => (Vec::new(), parameters.take_any_case("outFields").unwrap_or_default()),
            (Some(_), true) => {
                return Err(Problem::bad_request("outStatistics and returnDistinctValues exclude each other"));
            }
            (None, false) if grouped.is_some() => {
                return Err(Problem::bad_request("groupByFieldsForStatistics needs outStatistics beside it"));
            }
            (None, false) => return Ok(None),
        };
        let names = names.split(',').map(unquoted).filter(|name| !name.is_empty());
        let what = if is_distinct { "outFields" } else { "groupByFieldsForStatistics" };
        let groups: Vec<usize> = names.map(|name| place(what, name, schema)).collect::<Result<_, _>>()?;
        if groups.len() > GROUPS_MAX || (is_distinct && groups.is_empty()) {
            let most = format!("{what} names {} fields; accepted are 1 to {GROUPS_MAX}", groups.len());
            return Err(Problem::bad_request(most));
        }
        let mut statistics = Statistics { groups, columns, order: Vec::new() };
        statistics.order = statistics.take_order(parameters, schema)?;
        Ok(Some(statistics))
    }

    /// `orderByFields`, of the names that the answer has.
    fn take_order(&self, parameters: &mut Parameters, schema: &Schema) -> Result<Vec<(usize, Direction)>, Problem> {
        let Some(text) = parameters.take_any_case("orderByFields") else { return Ok(Vec::new()) };
        let by_name = |name: &str| {
            let of_column = self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
            let of_group = || {
                let field = field_by_name(schema, name)?;
                self.groups.iter().position(|group| *group == field)
            };
            of_column.map(|place| self.groups.len() + place).or_else(of_group)
        };
        let parts = text.split(',').map(order_words);
        parts
            .map(|(name, direction)| {
                let place = by_name(name).ok_or_else(|| {
                    let detail = format!("orderByFields: the statistics have no field \"{}\"", cut(name));
                    Problem::bad_request(detail)
                })?;
                Ok((place, direction))
            })
            .collect()
    }

    pub fn query(&self, of: FeatureQuery) -> AggregateQuery {
        AggregateQuery {
            of,
            groups: self.groups.iter().map(|field| Group::Field(*field)).collect(),
            areas: None,
            metrics: self.columns.iter().map(|column| column.metric).collect(),
            limit: limits::PAGE_FEATURES_MAX,
        }
    }

    /// The page of the groups that `skipped` and `limit` say.
    pub fn document(
        &self,
        (mut rows, has_more): (Vec<GroupRow>, bool),
        (skipped, limit): (u64, u32),
        form: Form,
        (record, language): (&LayerRecord, Language),
    ) -> Result<Json, Problem> {
        if has_more && !(self.order.is_empty() && skipped == 0) {
            return Err(Problem::bad_request(format!(
                "there are more than {} groups, which are not sorted or paged; narrow them by where",
                limits::PAGE_FEATURES_MAX
            )));
        }
        rows.sort_by(|one, other| self.compare(one, other));
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let left = rows.len().saturating_sub(skipped);
        let is_cut = has_more || left > limit as usize;
        let shown = rows.iter().skip(skipped).take(limit as usize);
        let attributes = shown.map(|row| self.attributes(row, &record.schema));
        if form == Form::GeoJson {
            let features: Vec<Json> = attributes
                .map(|attributes| json!({ "type": "Feature", "geometry": null, "properties": attributes }))
                .collect();
            return Ok(json!({ "type": "FeatureCollection", "features": features, "exceededTransferLimit": is_cut }));
        }
        let features: Vec<Json> = attributes.map(|attributes| json!({ "attributes": attributes })).collect();
        Ok(json!({
            "displayFieldName": "",
            "fields": self.fields(record, language),
            "features": features,
            "exceededTransferLimit": is_cut,
        }))
    }

    fn compare(&self, one: &GroupRow, other: &GroupRow) -> Ordering {
        let value = |row: &'_ GroupRow, place: usize| match place.checked_sub(self.groups.len()) {
            Some(metric) => row.metrics.get(metric).cloned().unwrap_or(Value::Null),
            None => row.key.get(place).cloned().unwrap_or(Value::Null),
        };
        let in_order = self.order.iter().map(|(place, direction)| {
            let ordering = compare(&value(one, *place), &value(other, *place));
            if *direction == Direction::Descending { ordering.reverse() } else { ordering }
        });
        in_order.fold(Ordering::Equal, Ordering::then)
    }

    fn attributes(&self, row: &GroupRow, schema: &Schema) -> Map<String, Json> {
        let of_groups = self.groups.iter().zip(&row.key).map(|(field, value)| {
            let field = &schema.fields[*field];
            (field.column.clone(), attribute(value, field.kind))
        });
        let of_columns = self.columns.iter().zip(&row.metrics);
        of_groups
            .chain(of_columns.map(|(column, value)| (column.name.clone(), attribute(value, column.kind))))
            .collect()
    }

    fn fields(&self, record: &LayerRecord, language: Language) -> Json {
        let of_groups = self.groups.iter().map(|field| {
            let field = &record.schema.fields[*field];
            let title = field.title.get(language);
            let alias = if title.is_empty() { field.name.as_str() } else { title };
            json!({ "name": field.column, "type": field_type(field.kind, None), "alias": alias })
        });
        let of_columns = self
            .columns
            .iter()
            .map(|column| json!({ "name": column.name, "type": field_type(column.kind, None), "alias": column.name }));
        of_groups.chain(of_columns).collect()
    }
}

/// Numbers by size, texts by code point, nothing before both.
fn compare(one: &Value, other: &Value) -> Ordering {
    let number = |value: &Value| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Real(number) => Some(*number),
        Value::Boolean(truth) => Some(f64::from(u8::from(*truth))),
        Value::Null | Value::Text(_) => None,
    };
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        (Value::Text(_), _) => Ordering::Greater,
        (_, Value::Text(_)) => Ordering::Less,
        _ => number(one).partial_cmp(&number(other)).unwrap_or(Ordering::Equal),
    }
}

fn columns(text: &str, schema: &Schema, object_id: &str) -> Result<Vec<Column>, Problem> {
    let definitions: Vec<Definition> = serde_json::from_str(text).map_err(|error| {
        Problem::bad_request(format!(
            "outStatistics is not a list of objects with statisticType and onStatisticField: {error}"
        ))
    })?;
    if definitions.is_empty() || definitions.len() > METRICS_MAX {
        let detail = format!("outStatistics names {} statistics; accepted are 1 to {METRICS_MAX}", definitions.len());
        return Err(Problem::bad_request(detail));
    }
    definitions.into_iter().map(|definition| column(definition, schema, object_id)).collect()
}

fn column(definition: Definition, schema: &Schema, object_id: &str) -> Result<Column, Problem> {
    let wanted = definition.statistic_type.to_ascii_lowercase();
    let field = unquoted(&definition.on_statistic_field);
    let name = definition.out_statistic_field_name.filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| format!("{wanted}_{field}"));
    if field_by_name(schema, field).is_none() && field.eq_ignore_ascii_case(object_id) && wanted == "count" {
        return Ok(Column { name, metric: Metric::Count, kind: FieldKind::Integer });
    }
    let statistic = match wanted.as_str() {
        "count" => Statistic::Filled,
        "sum" => Statistic::Sum,
        "avg" => Statistic::Mean,
        "min" => Statistic::Smallest,
        "max" => Statistic::Largest,
        other => {
            let detail =
                format!("statisticType \"{}\" is not offered; accepted are count, sum, avg, min, max", cut(other));
            return Err(Problem::bad_request(detail));
        }
    };
    let place = place("outStatistics", field, schema)?;
    let kind = schema.fields[place].kind;
    if !statistic.takes(kind) {
        let (field, kind) = (cut(field), kind.as_str());
        return Err(Problem::bad_request(format!(
            "outStatistics: {wanted} has no meaning for {field}, which is {kind}"
        )));
    }
    let kind = match statistic {
        Statistic::Filled => FieldKind::Integer,
        Statistic::Sum | Statistic::Mean => FieldKind::Real,
        Statistic::Smallest | Statistic::Largest => kind,
    };
    Ok(Column { name, metric: Metric::Of(statistic, place), kind })
}
