//! Filters over random features: the SQL of a filter chooses what the plain evaluation chooses, a
//! filter that is written reads back as itself, and no bytes make a reader panic.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use causeway::access::{Action, Caller, Policy, Subject};
use causeway::base::{Class, FeatureId, Field, FieldKind, GeometryKind, LayerId, RevisionId, Schema, Value};
use causeway::crs::System;
use causeway::filter::{Feature, Filter, FilterLanguage, json, text};
use causeway::geometry::{Shape, blob};
use causeway::package::build::PackageHead;
use causeway::package::{OpenPackage, PackageBuilder, PackageFile, Pool, ReadError};
use causeway::query::{self, FeatureQuery};
use geo_types::Geometry;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const FIELDS: [(&str, FieldKind); 9] = [
    ("name", FieldKind::Text),
    ("alias", FieldKind::Text),
    ("count", FieldKind::Integer),
    ("size", FieldKind::Real),
    ("flag", FieldKind::Boolean),
    ("day", FieldKind::Date),
    ("from", FieldKind::DateTime),
    ("until", FieldKind::DateTime),
    ("tags", FieldKind::Json),
];

fn schema() -> Schema {
    Schema {
        geometry: GeometryKind::GeometryCollection,
        has_z: false,
        has_m: false,
        fields: FIELDS.map(|(name, kind)| Field::untitled(name, kind)).to_vec(),
    }
}

/// A feature as it is made: values in the order of [`FIELDS`] and a geometry.
#[derive(Clone, Debug)]
struct Made {
    values: Vec<Value>,
    geometry: Option<Geometry<f64>>,
}

fn layer() -> LayerId {
    "test-filters".parse().unwrap()
}

/// A package of the features, whose ids are their places counted from 1.
fn package(folder: &std::path::Path, features: &[Made]) -> (OpenPackage, PackageFile) {
    let schema = schema();
    let path = folder.join("layer.gpkg");
    let head = PackageHead {
        layer: &layer(),
        title: "t",
        description: "d",
        last_change: jiff::Timestamp::UNIX_EPOCH,
        schema: &schema,
    };
    let mut builder = PackageBuilder::create(&path, &head).unwrap();
    for (place, feature) in features.iter().enumerate() {
        let shape = feature.geometry.as_ref().map(Shape::from_simple_features);
        let blob = shape.as_ref().map(|shape| (blob::encode(&shape.to_wkb(), shape.kind, &shape.bbox()), shape.bbox()));
        let id = FeatureId::from_hash(place as u64 + 1);
        builder.insert(id, blob.as_ref().map(|(blob, bbox)| (blob.as_slice(), bbox)), &feature.values).unwrap();
    }
    let built = builder.finish().unwrap();
    let revision: RevisionId = "20261124T153000123Z-1a2b3c4d5e6f".parse().unwrap();
    let schema = Arc::new(schema);
    let file = PackageFile {
        layer: layer(),
        revision: revision.clone(),
        path,
        schema: Arc::clone(&schema),
        features: built.rows,
    };
    (OpenPackage::open_built(&built, &layer(), revision, schema).unwrap(), file)
}

fn chosen_by_sql(package: &OpenPackage, filter: &Filter) -> Vec<u64> {
    let query = FeatureQuery { filter: filter.clone(), ..FeatureQuery::first(1000) };
    let mut ids = Vec::new();
    let facts = query::page(package, &query, |row| {
        ids.push(row.id().get());
        Ok(())
    })
    .unwrap();
    assert_eq!(facts.matched, Some(ids.len() as u64));
    ids
}

fn chosen_by_evaluation(features: &[Made], filter: &Filter) -> Vec<u64> {
    let chooses = |made: &Made| filter.chooses(Feature { values: &made.values, geometry: made.geometry.as_ref() });
    (1..).zip(features).filter(|(_, made)| chooses(made)).map(|(id, _)| id).collect()
}

const TEXTS: [&str; 10] = ["", "a", "B", "b", "Straße", "STRASSE", "Chișinău", "it's 100%", "København", "香港 Kong"];
const DAYS: [&str; 4] = ["2020-01-01", "2020-01-02", "2020-02-29", "2021-12-31"];
const TIMES: [&str; 6] = [
    "2020-01-01T00:00:00.000Z",
    "2020-01-01T12:30:00.250Z",
    "2020-01-01T12:30:00.251Z",
    "2020-01-02T00:00:00.000Z",
    "2020-02-29T23:59:59.999Z",
    "2021-12-31T08:00:00.000Z",
];
const TAGS: [&str; 6] = [r#"["a","b"]"#, r#"["b","a","a"]"#, "[]", "[1,2.0,true]", r#"{"a":1}"#, r#"["2020-01-01"]"#];

fn value(kind: FieldKind) -> BoxedStrategy<Value> {
    let known = match kind {
        FieldKind::Text => select(&TEXTS[..]).prop_map(|text| Value::Text(text.to_owned())).boxed(),
        FieldKind::Integer => prop_oneof![
            (-3i64..6).prop_map(Value::Integer),
            select(&[i64::MAX, i64::MIN, 9_007_199_254_740_993][..]).prop_map(Value::Integer)
        ]
        .boxed(),
        FieldKind::Real => select(&[-1.5, 0.0, 0.5, 1.0, 2.0, 2.5, 1e300][..]).prop_map(Value::Real).boxed(),
        FieldKind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        FieldKind::Date => select(&DAYS[..]).prop_map(|day| Value::Text(day.to_owned())).boxed(),
        FieldKind::DateTime => select(&TIMES[..]).prop_map(|time| Value::Text(time.to_owned())).boxed(),
        FieldKind::Json => select(&TAGS[..]).prop_map(|json| Value::Text(json.to_owned())).boxed(),
    };
    prop_oneof![4 => known, 1 => Just(Value::Null)].boxed()
}

/// Geometries on a small lattice, so that they often touch.
fn geometry_text() -> BoxedStrategy<String> {
    let point = || (0i8..5, 0i8..5).prop_map(|(x, y)| format!("{x} {y}"));
    let two = (point(), point()).prop_filter("two points", |(a, b)| a != b);
    let rectangle = || (0i8..5, 0i8..5, 1i8..4, 1i8..4);
    let ring = |(x, y, w, h): (i8, i8, i8, i8)| {
        let (e, n) = (x + w, y + h);
        format!("({x} {y},{e} {y},{e} {n},{x} {n},{x} {y})")
    };
    prop_oneof![
        point().prop_map(|point| format!("POINT({point})")),
        two.prop_map(|(a, b)| format!("LINESTRING({a},{b})")),
        rectangle().prop_map(move |sides| format!("POLYGON({})", ring(sides))),
        rectangle().prop_map(|(x, y, w, h)| format!("BBOX({x},{y},{},{})", x + w, y + h)),
        (0i8..5).prop_map(|x| format!("BBOX(179,{x},-179,{})", x + 3)),
        (point(), point()).prop_map(|(a, b)| format!("MULTIPOINT(({a}),({b}))")),
        (point(), rectangle())
            .prop_map(move |(point, sides)| format!("GEOMETRYCOLLECTION(POINT({point}),POLYGON({}))", ring(sides))),
    ]
    .boxed()
}

/// A feature's geometry is whatever a filter may write but boxes over the antimeridian and collections.
fn geometry() -> BoxedStrategy<Option<Geometry<f64>>> {
    let made = geometry_text().prop_filter_map("a single geometry", |written| {
        match text::parse(&format!("S_EQUALS(geometry,{written})")).unwrap().expression {
            causeway::filter::tree::Expression::Operation(_, arguments) => match &arguments[1].expression {
                causeway::filter::tree::Expression::Geometry(Geometry::GeometryCollection(_)) => None,
                causeway::filter::tree::Expression::Geometry(geometry) => Some(geometry.clone()),
                _ => None,
            },
            _ => None,
        }
    });
    prop_oneof![5 => made.prop_map(Some), 1 => Just(None)].boxed()
}

fn feature() -> impl Strategy<Value = Made> {
    let values = FIELDS.map(|(_, kind)| value(kind)).to_vec();
    (values, geometry()).prop_map(|(values, geometry)| Made { values, geometry })
}

fn text_term() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        select(&["name", "alias"][..]).prop_map(str::to_owned),
        select(&TEXTS[..]).prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
    ];
    leaf.prop_recursive(2, 4, 1, |inner| {
        (select(&["CASEI", "ACCENTI", "lower", "upper", "trim"][..]), inner)
            .prop_map(|(name, inner)| format!("{name}({inner})"))
    })
    .boxed()
}

fn instant_term() -> BoxedStrategy<String> {
    prop_oneof![
        select(&["day", "\"from\"", "until"][..]).prop_map(str::to_owned),
        select(&DAYS[..]).prop_map(|day| format!("DATE('{day}')")),
        select(&TIMES[..]).prop_map(|time| format!("TIMESTAMP('{time}')")),
        Just("TIMESTAMP('2020-01-01T12:30:00.2505Z')".to_owned()),
    ]
    .boxed()
}

fn interval() -> BoxedStrategy<String> {
    let end = || {
        prop_oneof![
            select(&["'..'", "\"from\"", "until", "day"][..]).prop_map(str::to_owned),
            select(&DAYS[..]).prop_map(|day| format!("'{day}'")),
            select(&TIMES[..]).prop_map(|time| format!("'{time}'")),
        ]
    };
    (end(), end()).prop_map(|(start, end)| format!("INTERVAL({start},{end})")).boxed()
}

fn number_term() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        select(&["\"count\"", "size"][..]).prop_map(str::to_owned),
        (-3i32..6).prop_map(|number| number.to_string()),
        select(&["0.5", "-1.5", ".25E1", "9007199254740993", "1e300"][..]).prop_map(str::to_owned),
        text_term().prop_map(|text| format!("length({text})")),
        (select(&["year", "month", "day"][..]), instant_term()).prop_map(|(name, term)| format!("{name}({term})")),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), select(&["+", "-", "*", "/", "%", "div", "^"][..]), inner.clone())
                .prop_map(|(a, sign, b)| format!("({a} {sign} {b})")),
            (select(&["abs", "floor", "ceiling", "round"][..]), inner).prop_map(|(name, a)| format!("{name}({a})")),
        ]
    })
    .boxed()
}

fn array_term() -> BoxedStrategy<String> {
    prop_oneof![
        2 => Just("tags".to_owned()),
        3 => vec(select(&["'a'", "'b'", "1", "2", "TRUE", "DATE('2020-01-01')"][..]), 0..3)
            .prop_map(|elements| format!("({})", elements.join(","))),
    ]
    .boxed()
}

fn compared(term: fn() -> BoxedStrategy<String>) -> BoxedStrategy<String> {
    let not = || select(&["", "NOT "][..]);
    prop_oneof![
        (term(), select(&["=", "<>", "<", ">", "<=", ">="][..]), term())
            .prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
        (term(), not(), vec(term(), 1..4)).prop_map(|(a, not, list)| format!("{a} {not}IN ({})", list.join(", "))),
        (term(), not(), term(), term()).prop_map(|(a, not, low, high)| format!("{a} {not}BETWEEN {low} AND {high}")),
        (term(), not()).prop_map(|(a, not)| format!("{a} IS {not}NULL")),
    ]
    .boxed()
}

fn predicate() -> BoxedStrategy<String> {
    let spatial = select(
        &["S_INTERSECTS", "S_EQUALS", "S_DISJOINT", "S_TOUCHES", "S_WITHIN", "S_OVERLAPS", "S_CROSSES", "S_CONTAINS"][..],
    );
    let of_instants = select(&["T_AFTER", "T_BEFORE", "T_DISJOINT", "T_EQUALS", "T_INTERSECTS"][..]);
    let of_intervals = select(
        &[
            "T_CONTAINS",
            "T_DURING",
            "T_FINISHEDBY",
            "T_FINISHES",
            "T_MEETS",
            "T_METBY",
            "T_OVERLAPPEDBY",
            "T_OVERLAPS",
            "T_STARTEDBY",
            "T_STARTS",
            "T_INTERSECTS",
            "T_EQUALS",
        ][..],
    );
    let moment = || prop_oneof![instant_term(), interval()];
    let place = || prop_oneof![2 => Just("geometry".to_owned()), 1 => geometry_text()];
    prop_oneof![
        compared(text_term),
        compared(number_term),
        compared(instant_term),
        (text_term(), select(&["a%", "%s%", "_", "%100\\%", "B", "STR%"][..]))
            .prop_map(|(value, pattern)| format!("{value} LIKE '{pattern}'")),
        (text_term(), select(&["b", "str%E", "chis%"][..]))
            .prop_map(|(value, pattern)| format!("ACCENTI(CASEI({value})) LIKE ACCENTI(CASEI('{pattern}'))")),
        (spatial, place(), place()).prop_map(|(name, a, b)| format!("{name}({a},{b})")),
        (of_instants, moment(), moment()).prop_map(|(name, a, b)| format!("{name}({a},{b})")),
        (of_intervals, interval(), interval()).prop_map(|(name, a, b)| format!("{name}({a},{b})")),
        (select(&["A_EQUALS", "A_CONTAINS", "A_CONTAINEDBY", "A_OVERLAPS"][..]), array_term(), array_term())
            .prop_map(|(name, a, b)| format!("{name}({a},{b})")),
        select(&["flag", "TRUE", "flag = TRUE", "flag <> FALSE", "geometry IS NULL", "tags IS NULL"][..])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

fn filter_text() -> BoxedStrategy<String> {
    predicate()
        .prop_recursive(4, 12, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|a| format!("NOT ({a})")),
                vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(") AND ("))),
                vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(") OR ("))),
                (inner.clone(), select(&["=", "<>"][..]), inner.clone())
                    .prop_map(|(a, sign, b)| format!("({a}) {sign} ({b})")),
                inner.prop_map(|a| format!("({a}) IS NULL")),
            ]
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn sql_chooses_what_the_plain_evaluation_chooses(
        features in vec(feature(), 24),
        filters in vec(filter_text(), 40),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (package, _) = package(folder.path(), &features);
        for written in filters {
            let tree = text::parse(&written).unwrap();
            // Some that are drawn cannot be: a division by zero, an interval that ends before it starts.
            let Ok(filter) = Filter::from_tree(&tree, &schema(), System::Crs84) else { continue };
            let by_sql = chosen_by_sql(&package, &filter);
            prop_assert_eq!(by_sql, chosen_by_evaluation(&features, &filter), "{}", written);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_filter_that_is_written_reads_back_as_itself(written in filter_text()) {
        let tree = text::parse(&written).unwrap();
        prop_assert_eq!(&text::parse(&tree.to_string()).unwrap(), &tree, "{}", tree);
        prop_assert_eq!(&json::parse(&json::write(&tree).to_string()).unwrap(), &tree, "{}", tree);
    }

    #[test]
    fn no_text_makes_a_reader_panic(source in "\\PC{0,60}") {
        for language in FilterLanguage::ALL {
            let _ = language.parse(&source);
        }
    }

    /// Tokens in any order reach further into the readers than characters do.
    #[test]
    fn no_tokens_make_a_reader_panic(words in vec(select(&WORDS[..]), 0..24)) {
        let source = words.join(" ");
        for language in FilterLanguage::ALL {
            if let Ok(tree) = language.parse(&source) {
                prop_assert_eq!(&json::parse(&json::write(&tree).to_string()).unwrap(), &tree);
                let _ = Filter::from_tree(&tree, &schema(), System::Epsg2326);
            }
        }
    }
}

const WORDS: [&str; 44] = [
    "(",
    ")",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "/",
    "^",
    "=",
    "<",
    "<>",
    "'a'",
    "'..'",
    "'2020-01-01'",
    "1",
    "2.5E3",
    "AND",
    "OR",
    "NOT",
    "LIKE",
    "BETWEEN",
    "IN",
    "IS",
    "NULL",
    "TRUE",
    "div",
    "name",
    "\"count\"",
    "geometry",
    "POINT",
    "POLYGON",
    "BBOX",
    "INTERVAL",
    "DATE",
    "T_AFTER",
    "S_INTERSECTS",
    "A_EQUALS",
    "CASEI",
    "lower",
    "{",
    "}",
    "[",
];

#[test]
fn a_filter_that_needs_every_row_of_a_big_layer_ends_with_its_deadline() {
    const ROWS: usize = 60_000;
    let mut feature = Made { values: vec![Value::Null; FIELDS.len()], geometry: None };
    feature.values[0] = Value::Text("Chișinău and all that is around it, at some length".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let (_, file) = package(folder.path(), &vec![feature; ROWS]);
    let tree = text::parse("ACCENTI(CASEI(name)) LIKE '%nowhere%'").unwrap();
    let filter = Filter::from_tree(&tree, &schema(), System::Crs84).unwrap();
    let query = FeatureQuery { filter, ..FeatureQuery::first(10) };

    let id = layer();
    let subject = Subject { layer: &id, class: Class::Open };
    let permit = Policy::default().decide(&Caller::Public, subject, Action::ReadFeatures).unwrap();
    let pool = Pool::start(1).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let started = std::time::Instant::now();
    let answer = runtime.block_on(pool.read(&permit, &Arc::new(file), Duration::from_millis(20), move |package| {
        query::page(package, &query, |_| Ok(()))
    }));
    assert!(matches!(answer, Err(ReadError::OutOfTime)), "{answer:?}");
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
}

#[test]
fn a_count_goes_as_far_as_its_steps_whatever_the_clock_says() {
    const ROWS: usize = 5_000;
    let folder = tempfile::tempdir().unwrap();
    let (_, file) =
        package(folder.path(), &vec![Made { values: vec![Value::Null; FIELDS.len()], geometry: None }; ROWS]);
    let id = layer();
    let subject = Subject { layer: &id, class: Class::Open };
    let permit = Policy::default().decide(&Caller::Public, subject, Action::ReadFeatures).unwrap();
    let pool = Pool::start(1).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let counts = runtime.block_on(pool.read(&permit, &Arc::new(file), Duration::from_secs(60), |package| {
        // The connection is the same each time: a bound must not outlive its count.
        [1, 10_000, 1, 10_000].iter().map(|steps| package.count_within(*steps, "WHERE name IS NULL", &[])).collect()
    }));
    let counts: Vec<Option<u64>> = counts.unwrap();
    assert_eq!(counts, [None, Some(ROWS as u64), None, Some(ROWS as u64)]);
}
