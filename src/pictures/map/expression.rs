//! The expressions of our styles: numbers that depend on zoom, filters, texts. `docs/dialects.md` says which; a style
//! layer with another one is not drawn, as in MapLibre.

use serde_json::Value;

use crate::tiles::read::{TileFeature, TileLayer, TileShape, TileValue};

/// A number, the same at every zoom or between stops.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    base: f64,
    /// Zooms and values, at least one.
    stops: Vec<(f64, f64)>,
}

impl Number {
    pub fn constant(value: f64) -> Self {
        Number { base: 1.0, stops: vec![(0.0, value)] }
    }

    /// `["interpolate", ["linear"] or ["exponential", base], ["zoom"], zoom, value, …]`, `{"stops": […]}`, or a number.
    pub fn parse(value: &Value) -> Option<Self> {
        if let Some(value) = value.as_f64() {
            return Some(Number::constant(value));
        }
        let (base, stops) = match value {
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(name), curve, zoom, stops @ ..] if name == "interpolate" && zoom[0] == "zoom" => {
                    let base = if curve[0] == "exponential" { curve[1].as_f64()? } else { 1.0 };
                    let pairs = stops.chunks_exact(2).map(|pair| Some((pair[0].as_f64()?, pair[1].as_f64()?)));
                    (base, pairs.collect::<Option<Vec<_>>>()?)
                }
                _ => return None,
            },
            Value::Object(members) => {
                let pairs = members.get("stops")?.as_array()?.iter();
                let stops =
                    pairs.map(|pair| Some((pair[0].as_f64()?, pair[1].as_f64()?))).collect::<Option<Vec<_>>>()?;
                (members.get("base").and_then(Value::as_f64).unwrap_or(1.0), stops)
            }
            _ => return None,
        };
        (!stops.is_empty()).then_some(Number { base, stops })
    }

    pub fn at(&self, zoom: f64) -> f64 {
        let next = self.stops.iter().position(|(stop, _)| *stop > zoom);
        let (low, high) = match next {
            Some(0) => return self.stops[0].1,
            Some(next) => (self.stops[next - 1], self.stops[next]),
            None => return self.stops.last().map_or(0.0, |(_, value)| *value),
        };
        let (along, whole) = (zoom - low.0, high.0 - low.0);
        let share = match self.base {
            1.0 => along / whole,
            base => (base.powf(along) - 1.0) / (base.powf(whole) - 1.0),
        };
        low.1 + share * (high.1 - low.1)
    }
}

/// Which features a style layer draws.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Has(String),
    Is(Operand, Order, Constant),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Field(String),
    Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    Text(String),
    Number(f64),
    Boolean(bool),
}

impl Filter {
    /// A filter of today's form or of the old one, in which a field stands as its bare name.
    pub fn parse(value: &Value) -> Option<Self> {
        let parts = value.as_array()?;
        let (name, rest) = parts.split_first()?;
        let many = |filters: &[Value]| filters.iter().map(Filter::parse).collect::<Option<Vec<_>>>();
        let order = match name.as_str()? {
            "all" => return many(rest).map(Filter::All),
            "any" => return many(rest).map(Filter::Any),
            "none" => return Some(Filter::Not(Box::new(Filter::Any(many(rest)?)))),
            "!" => return Some(Filter::Not(Box::new(Filter::parse(rest.first()?)?))),
            "has" => return Some(Filter::Has(rest.first()?.as_str()?.to_owned())),
            "!has" => return Some(Filter::Not(Box::new(Filter::Has(rest.first()?.as_str()?.to_owned())))),
            "in" | "!in" => return one_of(name.as_str()?, rest),
            "==" => Order::Equal,
            "!=" => Order::Unequal,
            "<" => Order::Less,
            "<=" => Order::AtMost,
            ">" => Order::More,
            ">=" => Order::AtLeast,
            _ => return None,
        };
        match rest {
            [operand, constant] => Some(Filter::Is(Operand::parse(operand)?, order, Constant::parse(constant)?)),
            _ => None,
        }
    }

    pub fn keeps(&self, layer: &TileLayer<'_>, feature: &TileFeature<'_>) -> bool {
        match self {
            Filter::All(filters) => filters.iter().all(|filter| filter.keeps(layer, feature)),
            Filter::Any(filters) => filters.iter().any(|filter| filter.keeps(layer, feature)),
            Filter::Not(filter) => !filter.keeps(layer, feature),
            Filter::Has(field) => layer.value(feature, field).is_some(),
            Filter::Is(operand, order, constant) => order.holds(operand.value(layer, feature), constant),
        }
    }
}

/// `["in", field, value, …]` of the old form and `["in", ["get", field], ["literal", […]]]`.
fn one_of(name: &str, rest: &[Value]) -> Option<Filter> {
    let (operand, values) = rest.split_first()?;
    let operand = Operand::parse(operand)?;
    let values = match values {
        [list] if list[0] == "literal" => list[1].as_array()?.as_slice(),
        values => values,
    };
    let is = |value| Some(Filter::Is(operand.clone(), Order::Equal, Constant::parse(value)?));
    let any = Filter::Any(values.iter().map(is).collect::<Option<Vec<_>>>()?);
    Some(if name == "in" { any } else { Filter::Not(Box::new(any)) })
}

impl Operand {
    fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::String(name) if name == "$type" => Some(Operand::Shape),
            Value::String(name) => Some(Operand::Field(name.clone())),
            _ if value[0] == "geometry-type" => Some(Operand::Shape),
            _ if value[0] == "get" => value[1].as_str().map(|name| Operand::Field(name.to_owned())),
            _ => None,
        }
    }

    fn value<'a>(&self, layer: &TileLayer<'a>, feature: &TileFeature<'a>) -> Option<TileValue<'a>> {
        match self {
            Operand::Field(name) => layer.value(feature, name),
            Operand::Shape => Some(TileValue::Text(match feature.shape {
                TileShape::Points => "Point",
                TileShape::Lines => "LineString",
                TileShape::Areas => "Polygon",
                TileShape::Unknown => "Unknown",
            })),
        }
    }
}

impl Order {
    fn holds(self, value: Option<TileValue<'_>>, constant: &Constant) -> bool {
        let ordering = match (value, constant) {
            (Some(TileValue::Text(text)), Constant::Text(other)) => Some(text.cmp(other.as_str())),
            (Some(TileValue::Number(number)), Constant::Number(other)) => number.partial_cmp(other),
            (Some(TileValue::Boolean(truth)), Constant::Boolean(other)) => Some(truth.cmp(other)),
            _ => None,
        };
        // Values of different kinds are different, and none comes before the other.
        match self {
            Order::Equal => ordering.is_some_and(|ordering| ordering.is_eq()),
            Order::Unequal => ordering.is_none_or(|ordering| ordering.is_ne()),
            Order::Less => ordering.is_some_and(|ordering| ordering.is_lt()),
            Order::AtMost => ordering.is_some_and(|ordering| ordering.is_le()),
            Order::More => ordering.is_some_and(|ordering| ordering.is_gt()),
            Order::AtLeast => ordering.is_some_and(|ordering| ordering.is_ge()),
        }
    }
}

impl Constant {
    fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Constant::Text(text.clone())),
            Value::Number(number) => number.as_f64().map(Constant::Number),
            Value::Bool(truth) => Some(Constant::Boolean(*truth)),
            _ => None,
        }
    }
}

/// What a label says.
#[derive(Clone, Debug, PartialEq)]
pub enum Text {
    Field(String),
    /// The first that is not empty.
    First(Vec<Text>),
    Joined(Vec<Text>),
    Literal(String),
}

impl Text {
    pub fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
                Some(field) => Some(Text::Field(field.to_owned())),
                None => Some(Text::Literal(text.clone())),
            },
            Value::Array(parts) => {
                let (name, rest) = parts.split_first()?;
                let many = || rest.iter().map(Text::parse).collect::<Option<Vec<_>>>();
                match name.as_str()? {
                    "get" => rest.first()?.as_str().map(|field| Text::Field(field.to_owned())),
                    "coalesce" => many().map(Text::First),
                    "concat" => many().map(Text::Joined),
                    "to-string" => Text::parse(rest.first()?),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub fn of(&self, layer: &TileLayer<'_>, feature: &TileFeature<'_>) -> String {
        match self {
            Text::Literal(text) => text.clone(),
            Text::Field(field) => match layer.value(feature, field) {
                Some(TileValue::Text(text)) => text.to_owned(),
                Some(TileValue::Number(number)) => number.to_string(),
                Some(TileValue::Boolean(truth)) => truth.to_string(),
                None => String::new(),
            },
            Text::First(texts) => {
                texts.iter().map(|text| text.of(layer, feature)).find(|text| !text.is_empty()).unwrap_or_default()
            }
            Text::Joined(texts) => texts.iter().map(|text| text.of(layer, feature)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::FeatureId;
    use crate::package::ValueRef;
    use crate::tiles::mvt::{LayerWriter, Parts};
    use crate::tiles::read;

    #[test]
    fn numbers_lie_between_their_stops() {
        for (number, zoom, wanted) in [
            (json!(2.5), 7.0, 2.5),
            (json!(["interpolate", ["linear"], ["zoom"], 9, 1, 13, 3]), 8.0, 1.0),
            (json!(["interpolate", ["linear"], ["zoom"], 9, 1, 13, 3]), 11.0, 2.0),
            (json!(["interpolate", ["linear"], ["zoom"], 9, 1, 13, 3]), 20.0, 3.0),
            (json!(["interpolate", ["exponential", 2], ["zoom"], 0, 0, 2, 3]), 1.0, 1.0),
            (json!({ "stops": [[9, 1], [13, 3]] }), 12.0, 2.5),
        ] {
            let found = Number::parse(&number).unwrap().at(zoom);
            assert!((found - wanted).abs() < 1e-9, "{number} at {zoom}: {found}");
        }
        for other in [json!(["step", ["zoom"], 1, 5, 2]), json!("2"), json!(["interpolate", ["linear"], ["zoom"]])] {
            assert_eq!(Number::parse(&other), None, "{other}");
        }
    }

    #[test]
    fn filters_keep_what_they_say() {
        let mut writer = LayerWriter::new("layer", 4096, ["kind", "floors", "open"].map(str::to_owned).to_vec());
        let values = [ValueRef::Text("library"), ValueRef::Integer(3), ValueRef::Boolean(true)];
        writer.add(FeatureId::new(1).unwrap(), &Parts::Points(&[(0, 0)]), values.into_iter());
        let tile = writer.finish();
        let layers = read::layers(&tile).unwrap();
        for (filter, is_kept) in [
            (json!(["==", ["get", "kind"], "library"]), true),
            (json!(["==", "kind", "museum"]), false),
            (json!(["!=", ["get", "gone"], "museum"]), true),
            (json!([">=", ["get", "floors"], 3]), true),
            (json!(["<", ["get", "kind"], 3]), false),
            (json!(["==", ["get", "open"], true]), true),
            (json!(["==", ["geometry-type"], "Point"]), true),
            (json!(["in", "kind", "museum", "library"]), true),
            (json!(["!in", "kind", "museum", "library"]), false),
            (json!(["in", ["get", "kind"], ["literal", ["museum"]]]), false),
            (json!(["all", ["has", "kind"], ["!", ["has", "gone"]]]), true),
            (json!(["any", ["==", "kind", "a"], [">", "floors", 2]]), true),
            (json!(["none", ["==", "kind", "a"]]), true),
        ] {
            let kept = Filter::parse(&filter).unwrap().keeps(&layers[0], &layers[0].features[0]);
            assert_eq!(kept, is_kept, "{filter}");
        }
        assert_eq!(Filter::parse(&json!(["within", {}])), None);
    }
}
