//! A filter as SQL. Every name is a column of the package, every value a parameter, and unknown is
//! null, so that SQL's own logic of three values is that of CQL2.

use super::parameters::Parameters;
use crate::base::BBox;
use crate::filter::{
    ArrayTerm, CalendarPart, Choice, Comparison, Condition, Edge, End, Granularity, InstantTerm, Moment, Number,
    NumberTerm, Operand, Pair, Period, Rule, SpatialLiteral, SpatialOperator, TemporalOperator, TextTerm, spatial,
};
use crate::package::functions::{DIMENSION, INTERSECTS, LENGTH, LIKE, arithmetic_name, function_name};
use crate::package::{OpenPackage, PackageError};

/// The geometry's column.
const GEOMETRY: &str = "geom";
/// Sorts before every stored date and time, and behind: they begin with a digit.
const BEFORE_ALL: &str = "";
const BEHIND_ALL: &str = "~";

/// Writes conditions over the columns of one package.
pub struct SqlWriter<'a> {
    pub package: &'a OpenPackage,
    pub parameters: &'a mut Parameters,
}

/// Whether null must stay null. Where a condition only chooses rows and stands under no NOT, null
/// may become false, which lets the R-tree in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    MayBeFalse,
    StaysNull,
}

type Written = Result<String, PackageError>;

impl SqlWriter<'_> {
    pub fn condition(&mut self, condition: &Condition, unknown: Unknown) -> Written {
        Ok(match condition {
            Condition::Constant(truth) => if *truth { "1" } else { "0" }.to_owned(),
            Condition::Field(field) => self.package.column(*field),
            Condition::Not(inner) => format!("(NOT {})", self.condition(inner, Unknown::StaysNull)?),
            Condition::All(parts) => balanced(&self.conditions(parts, unknown)?, " AND "),
            Condition::Any(parts) => balanced(&self.conditions(parts, unknown)?, " OR "),
            Condition::Compare(comparison, pair) => self.compare(*comparison, pair)?,
            Condition::In(choice) => self.choice(choice)?,
            Condition::Like(value, pattern) => {
                let value = self.text(value);
                format!("{LIKE}({value}, {})", self.parameters.bind(pattern.clone()))
            }
            Condition::IsNull(operand) => self.is_null(operand)?,
            Condition::Spatial(operator, literal) => self.spatial(*operator, literal, unknown)?,
            Condition::SpatialWithItself(truth) => {
                format!("(CASE WHEN {GEOMETRY} IS NULL THEN NULL ELSE {} END)", i32::from(*truth))
            }
            Condition::MadeOf(dimension) => {
                format!("({DIMENSION}({GEOMETRY}) = {})", self.parameters.bind(dimension.as_str().to_owned()))
            }
            Condition::Temporal(operator, granularity, periods) => {
                let [first, second] = periods.as_ref();
                self.temporal(*operator, *granularity, first, second)
            }
            Condition::Array(operator, first, second) => {
                let (first, second) = (self.array(first), self.array(second));
                format!("{}({first}, {second})", function_name(operator.name()))
            }
        })
    }

    fn conditions(&mut self, parts: &[Condition], unknown: Unknown) -> Result<Vec<String>, PackageError> {
        parts.iter().map(|part| self.condition(part, unknown)).collect()
    }

    /// A condition as a value: 1, 0 or null.
    fn boolean(&mut self, condition: &Condition) -> Written {
        self.condition(condition, Unknown::StaysNull)
    }

    fn compare(&mut self, comparison: Comparison, pair: &Pair) -> Written {
        let (left, right) = match pair {
            Pair::Texts(left, right) => (self.text(left), self.text(right)),
            Pair::Numbers(left, right) => (self.number(left), self.number(right)),
            Pair::Booleans(left, right) => (self.boolean(left)?, self.boolean(right)?),
            Pair::Instants(granularity, left, right) => {
                (self.instant(left, *granularity), self.instant(right, *granularity))
            }
        };
        Ok(format!("({left} {} {right})", comparison.sign()))
    }

    fn choice(&mut self, choice: &Choice) -> Written {
        let (value, list) = match choice {
            Choice::Texts(value, list) => (self.text(value), list.iter().map(|one| self.text(one)).collect::<Vec<_>>()),
            Choice::Numbers(value, list) => (self.number(value), list.iter().map(|one| self.number(one)).collect()),
            Choice::Booleans(value, list) => {
                (self.boolean(value)?, list.iter().map(|one| self.boolean(one)).collect::<Result<_, _>>()?)
            }
            Choice::Instants(granularity, value, list) => {
                (self.instant(value, *granularity), list.iter().map(|one| self.instant(one, *granularity)).collect())
            }
        };
        Ok(format!("({value} IN ({}))", list.join(", ")))
    }

    fn is_null(&mut self, operand: &Operand) -> Written {
        let value = match operand {
            Operand::Text(text) => self.text(text),
            Operand::Number(number) => self.number(number),
            Operand::Boolean(condition) => self.boolean(condition)?,
            Operand::Instant(instant) => self.instant(instant, Granularity::Instant),
            Operand::Period(period) => {
                let ends: Vec<String> = [&period.start, &period.end]
                    .into_iter()
                    .filter_map(End::instant)
                    .map(|instant| format!("{} IS NULL", self.instant(instant, Granularity::Instant)))
                    .collect();
                return Ok(if ends.is_empty() { "0".to_owned() } else { format!("({})", ends.join(" OR ")) });
            }
            Operand::Json(field) => self.package.column(*field),
            Operand::Geometry => GEOMETRY.to_owned(),
            Operand::Never => return Ok("0".to_owned()),
        };
        Ok(format!("({value} IS NULL)"))
    }

    fn text(&mut self, term: &TextTerm) -> String {
        match term {
            TextTerm::Literal(text) => self.parameters.bind(text.clone()),
            TextTerm::Field(field) => self.package.column(*field),
            TextTerm::Changed(change, inner) => format!("{}({})", function_name(change.name()), self.text(inner)),
        }
    }

    fn number(&mut self, term: &NumberTerm) -> String {
        match term {
            NumberTerm::Literal(Number::Integer(number)) => self.parameters.bind(*number),
            NumberTerm::Literal(Number::Real(number)) => self.parameters.bind(*number),
            NumberTerm::Field(field) => self.package.column(*field),
            NumberTerm::Arithmetic(operator, left, right) => {
                let (left, right) = (self.real(left), self.real(right));
                match arithmetic_name(*operator) {
                    Some(name) => format!("{name}({left}, {right})"),
                    None => format!("({left} {} {right})", operator.sign()),
                }
            }
            NumberTerm::Changed(change, inner) => format!("{}({})", function_name(change.name()), self.real(inner)),
            NumberTerm::Length(text) => format!("{LENGTH}({})", self.text(text)),
            NumberTerm::Calendar(part, instant) => {
                let day = self.instant(instant, Granularity::Day);
                let (from, digits) = match part {
                    CalendarPart::Year => (1, 4),
                    CalendarPart::Month => (6, 2),
                    CalendarPart::Day => (9, 2),
                };
                format!("CAST(substr({day}, {from}, {digits}) AS INTEGER)")
            }
        }
    }

    /// Arithmetic is of reals: SQLite would divide whole numbers without a fraction.
    fn real(&mut self, term: &NumberTerm) -> String {
        match term {
            NumberTerm::Literal(number) => self.parameters.bind(number.as_real()),
            NumberTerm::Arithmetic(..) | NumberTerm::Changed(..) => self.number(term),
            other => format!("CAST({} AS REAL)", self.number(other)),
        }
    }

    fn instant(&mut self, term: &InstantTerm, granularity: Granularity) -> String {
        match (term, granularity) {
            (InstantTerm::Literal(moment), _) => self.moment(*moment, granularity),
            (InstantTerm::TimeField(field), Granularity::Day) => {
                // A stored time is in UTC and begins with its day.
                format!("substr({}, 1, 10)", self.package.column(*field))
            }
            (InstantTerm::DateField(field) | InstantTerm::TimeField(field), _) => self.package.column(*field),
        }
    }

    fn moment(&mut self, moment: Moment, granularity: Granularity) -> String {
        self.parameters.bind(moment.sortable(granularity))
    }

    fn end(&mut self, end: &End, granularity: Granularity) -> String {
        match end {
            End::OpenStart => self.parameters.bind(BEFORE_ALL.to_owned()),
            End::OpenEnd => self.parameters.bind(BEHIND_ALL.to_owned()),
            End::At(instant) => self.instant(instant, granularity),
        }
    }

    fn temporal(
        &mut self,
        operator: TemporalOperator,
        granularity: Granularity,
        first: &Period,
        second: &Period,
    ) -> String {
        let mut end = |edge: &Edge| {
            let end = match edge {
                Edge::FirstStart => &first.start,
                Edge::FirstEnd => &first.end,
                Edge::SecondStart => &second.start,
                Edge::SecondEnd => &second.end,
            };
            self.end(end, granularity)
        };
        let (parts, word) = match operator.rule() {
            Rule::All(parts) => (parts, " AND "),
            Rule::Any(parts) => (parts, " OR "),
        };
        let parts: Vec<String> =
            parts.iter().map(|(a, comparison, b)| format!("{} {} {}", end(a), comparison.sign(), end(b))).collect();
        format!("({})", parts.join(word))
    }

    fn array(&mut self, term: &ArrayTerm) -> String {
        match term {
            ArrayTerm::Literal(elements) => {
                self.parameters.bind(serde_json::Value::Array(elements.clone()).to_string())
            }
            ArrayTerm::Field(field) => self.package.column(*field),
        }
    }

    /// The R-tree finds candidates where it helps, the geometry itself decides.
    fn spatial(&mut self, operator: SpatialOperator, literal: &SpatialLiteral, unknown: Unknown) -> Written {
        let may_use_tree = unknown == Unknown::MayBeFalse && !operator.holds_apart();
        if let (SpatialOperator::Intersects, Some((first, second)), true) = (operator, literal.boxes, may_use_tree) {
            let mut parts = Vec::new();
            for part in [Some(first), second].into_iter().flatten() {
                let tree = self.uses_tree(&part)?;
                parts.push(self.touches_box(&part, tree));
            }
            return Ok(format!("({})", parts.join(" OR ")));
        }
        let wkb = self.parameters.bind(spatial::wkb(&literal.geometry));
        let exact = format!("{}({GEOMETRY}, {wkb})", function_name(operator.name()));
        Ok(match may_use_tree && self.uses_tree(&literal.envelope)? {
            true => {
                let edges = self.edges(&literal.envelope);
                format!("({} AND {exact})", self.in_tree(&edges))
            }
            false => exact,
        })
    }

    /// Whether the tree spares reading most rows.
    fn uses_tree(&self, bbox: &BBox) -> Result<bool, PackageError> {
        Ok(!self.package.box_exceeds(bbox, self.package.package().features / 2)?)
    }

    /// The geometry and the box, which does not cross the antimeridian, share a point.
    pub fn touches_box(&mut self, bbox: &BBox, uses_tree: bool) -> String {
        let edges = self.edges(bbox);
        let [w, s, e, n] = &edges;
        let exact = format!("{INTERSECTS}({GEOMETRY}, {w}, {s}, {e}, {n})");
        if uses_tree { format!("({} AND {exact})", self.in_tree(&edges)) } else { exact }
    }

    fn edges(&mut self, bbox: &BBox) -> [String; 4] {
        bbox.to_array().map(|edge| self.parameters.bind(edge))
    }

    fn in_tree(&self, [w, s, e, n]: &[String; 4]) -> String {
        format!(
            "fid IN (SELECT id FROM {rtree} WHERE maxx >= {w} AND minx <= {e} AND maxy >= {s} AND miny <= {n})",
            rtree = self.package.rtree()
        )
    }
}

/// The parts joined in pairs of pairs, because SQLite bounds how deep an expression is and reads a
/// row of ANDs as a stair.
fn balanced(parts: &[String], word: &str) -> String {
    match parts {
        [] => "1".to_owned(),
        [only] => only.clone(),
        several => {
            let (left, right) = several.split_at(several.len() / 2);
            format!("({}{word}{})", balanced(left, word), balanced(right, word))
        }
    }
}
