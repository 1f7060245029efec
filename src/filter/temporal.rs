//! Dates and times, and how two of them or two intervals lie to each other: the fifteen relations
//! of OGC 21-065r2 §7.8, which are those of the W3C Time Ontology. Intervals include both ends.
//!
//! Where a date meets a time, the time counts by its day in UTC: the standard leaves that cast to
//! the server, and this one makes `start >= DATE('2022-04-16')` and `T_AFTER` say the same.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::tree::Comparison;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemporalOperator {
    After,
    Before,
    Contains,
    Disjoint,
    During,
    Equals,
    FinishedBy,
    Finishes,
    Intersects,
    Meets,
    MetBy,
    OverlappedBy,
    Overlaps,
    StartedBy,
    Starts,
}

/// A date or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Date(Date),
    Time(Timestamp),
}

/// What a comparison looks at: days as soon as one of its operands is a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    Day,
    Instant,
}

/// An end of the first or of the second operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    FirstStart,
    FirstEnd,
    SecondStart,
    SecondEnd,
}

/// An operator as comparisons of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    All(&'static [(Edge, Comparison, Edge)]),
    Any(&'static [(Edge, Comparison, Edge)]),
}

impl TemporalOperator {
    pub const ALL: [TemporalOperator; 15] = [
        TemporalOperator::After,
        TemporalOperator::Before,
        TemporalOperator::Contains,
        TemporalOperator::Disjoint,
        TemporalOperator::During,
        TemporalOperator::Equals,
        TemporalOperator::FinishedBy,
        TemporalOperator::Finishes,
        TemporalOperator::Intersects,
        TemporalOperator::Meets,
        TemporalOperator::MetBy,
        TemporalOperator::OverlappedBy,
        TemporalOperator::Overlaps,
        TemporalOperator::StartedBy,
        TemporalOperator::Starts,
    ];

    pub fn name(self) -> &'static str {
        match self {
            TemporalOperator::After => "t_after",
            TemporalOperator::Before => "t_before",
            TemporalOperator::Contains => "t_contains",
            TemporalOperator::Disjoint => "t_disjoint",
            TemporalOperator::During => "t_during",
            TemporalOperator::Equals => "t_equals",
            TemporalOperator::FinishedBy => "t_finishedBy",
            TemporalOperator::Finishes => "t_finishes",
            TemporalOperator::Intersects => "t_intersects",
            TemporalOperator::Meets => "t_meets",
            TemporalOperator::MetBy => "t_metBy",
            TemporalOperator::OverlappedBy => "t_overlappedBy",
            TemporalOperator::Overlaps => "t_overlaps",
            TemporalOperator::StartedBy => "t_startedBy",
            TemporalOperator::Starts => "t_starts",
        }
    }

    /// Whether it takes dates and times; the others take intervals alone, and the standard makes
    /// anything else an error of the client.
    pub fn takes_instants(self) -> bool {
        matches!(
            self,
            TemporalOperator::After
                | TemporalOperator::Before
                | TemporalOperator::Disjoint
                | TemporalOperator::Equals
                | TemporalOperator::Intersects
        )
    }

    pub fn rule(self) -> Rule {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        use Edge::{FirstEnd, FirstStart, SecondEnd, SecondStart};
        match self {
            TemporalOperator::After => Rule::All(&[(FirstStart, Greater, SecondEnd)]),
            TemporalOperator::Before => Rule::All(&[(FirstEnd, Less, SecondStart)]),
            TemporalOperator::Contains => Rule::All(&[(FirstStart, Less, SecondStart), (FirstEnd, Greater, SecondEnd)]),
            TemporalOperator::During => Rule::All(&[(FirstStart, Greater, SecondStart), (FirstEnd, Less, SecondEnd)]),
            TemporalOperator::Disjoint => Rule::Any(&[(FirstEnd, Less, SecondStart), (FirstStart, Greater, SecondEnd)]),
            TemporalOperator::Intersects => {
                Rule::All(&[(FirstEnd, GreaterOrEqual, SecondStart), (FirstStart, LessOrEqual, SecondEnd)])
            }
            TemporalOperator::Equals => Rule::All(&[(FirstStart, Equal, SecondStart), (FirstEnd, Equal, SecondEnd)]),
            TemporalOperator::FinishedBy => Rule::All(&[(FirstStart, Less, SecondStart), (FirstEnd, Equal, SecondEnd)]),
            TemporalOperator::Finishes => {
                Rule::All(&[(FirstStart, Greater, SecondStart), (FirstEnd, Equal, SecondEnd)])
            }
            TemporalOperator::Meets => Rule::All(&[(FirstEnd, Equal, SecondStart)]),
            TemporalOperator::MetBy => Rule::All(&[(FirstStart, Equal, SecondEnd)]),
            TemporalOperator::OverlappedBy => Rule::All(&[
                (FirstStart, Greater, SecondStart),
                (FirstStart, Less, SecondEnd),
                (FirstEnd, Greater, SecondEnd),
            ]),
            TemporalOperator::Overlaps => Rule::All(&[
                (FirstStart, Less, SecondStart),
                (FirstEnd, Greater, SecondStart),
                (FirstEnd, Less, SecondEnd),
            ]),
            TemporalOperator::StartedBy => {
                Rule::All(&[(FirstStart, Equal, SecondStart), (FirstEnd, Greater, SecondEnd)])
            }
            TemporalOperator::Starts => Rule::All(&[(FirstStart, Equal, SecondStart), (FirstEnd, Less, SecondEnd)]),
        }
    }
}

impl Moment {
    pub fn is_date(self) -> bool {
        matches!(self, Moment::Date(_))
    }

    /// The day in UTC.
    pub fn day(self) -> Date {
        match self {
            Moment::Date(date) => date,
            Moment::Time(time) => TimeZone::UTC.to_datetime(time).date(),
        }
    }

    fn time(self) -> Option<Timestamp> {
        match self {
            Moment::Date(date) => TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok(),
            Moment::Time(time) => Some(time),
        }
    }

    pub fn order(self, other: Moment, granularity: Granularity) -> Ordering {
        match granularity {
            Granularity::Day => self.day().cmp(&other.day()),
            Granularity::Instant => self.time().cmp(&other.time()),
        }
    }

    /// Text that sorts among stored values as the moment does among theirs. Stored times have
    /// milliseconds; a finer one stands after the `Z`, so that it sorts behind its millisecond
    /// and before the next.
    pub fn sortable(self, granularity: Granularity) -> String {
        match (granularity, self.time()) {
            (Granularity::Instant, Some(time)) => {
                let below = time.subsec_nanosecond().rem_euclid(1_000_000);
                let milliseconds = time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
                let finer = format!("{below:06}");
                format!("{milliseconds}{}", finer.trim_end_matches('0'))
            }
            _ => self.day().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finer_times_sort_between_the_milliseconds_that_are_stored() {
        let sortable = |text: &str| Moment::Time(text.parse().unwrap()).sortable(Granularity::Instant);
        let sorted = [
            "2005-01-10T01:01:01Z",
            "2005-01-10T01:01:01.393Z",
            "2005-01-10T01:01:01.3930001Z",
            "2005-01-10T01:01:01.393216Z",
            "2005-01-10T01:01:01.3933Z",
            "2005-01-10T01:01:01.394Z",
            "2005-01-10T01:01:02Z",
        ]
        .map(sortable);
        assert!(sorted.is_sorted(), "{sorted:?}");
        assert_eq!(sortable("2005-01-10T09:01:01.393+08:00"), "2005-01-10T01:01:01.393Z");
    }

    #[test]
    fn a_time_counts_by_its_day_beside_a_date() {
        let date = Moment::Date("2022-04-16".parse().unwrap());
        let time = Moment::Time("2022-04-17T07:59:00+08:00".parse().unwrap());
        assert_eq!(time.order(date, Granularity::Day), Ordering::Equal);
        assert_eq!(time.sortable(Granularity::Day), "2022-04-16");
    }
}
