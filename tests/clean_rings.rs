//! Rings that cross, touch and turn back: what is called clean is, and what is repaired becomes so.
#![allow(clippy::unwrap_used)]

#[path = "tiles/validator.rs"]
#[allow(dead_code)] // Only its judgement of rings is asked for here.
mod validator;

/// Rings of a few corners on a small grid: they cross, touch, overlap and turn back all the time.
fn messy_rings() -> impl proptest::strategy::Strategy<Value = Vec<Vec<(i32, i32)>>> {
    use proptest::collection::vec;
    vec(vec((0..24i32, 0..24i32), 3..10), 1..4)
}

fn without_repeats(rings: Vec<Vec<(i32, i32)>>) -> Vec<Vec<(i32, i32)>> {
    let tidy = |mut ring: Vec<(i32, i32)>| {
        ring.dedup();
        while ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        ring
    };
    rings.into_iter().map(tidy).filter(|ring| ring.len() >= 3).collect()
}

fn judged(rings: &[Vec<(i32, i32)>]) -> Result<(), String> {
    let wide = |ring: &Vec<(i32, i32)>| ring.iter().map(|(x, y)| (i64::from(*x), i64::from(*y))).collect();
    validator::check_rings(&rings.iter().map(wide).collect::<Vec<_>>())
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_the_touch_test_calls_clean_the_reader_does_too(rings in messy_rings()) {
        let rings = without_repeats(rings);
        if rings.is_empty() {
            return Ok(());
        }
        // As drawn: the first ring is an exterior, the others are its holes.
        let shells: Vec<bool> = (0..rings.len()).map(|place| place == 0).collect();
        let is_clean = causeway::geometry::touching::TouchTest::default().is_clean(&rings, &shells);
        let wound: Vec<Vec<(i32, i32)>> = rings
            .into_iter()
            .enumerate()
            .map(|(place, mut ring)| {
                if (causeway::geometry::clip::twice_area(&ring) > 0) != (place == 0) {
                    ring.reverse();
                }
                ring
            })
            .collect();
        if is_clean {
            proptest::prop_assert_eq!(judged(&wound), Ok(()));
        }
    }

    #[test]
    fn whatever_is_repaired_is_valid(rings in messy_rings()) {
        for polygon in [causeway::geometry::repair::repair(&without_repeats(rings)).concat()] {
            if !polygon.is_empty() {
                proptest::prop_assert_eq!(judged(&polygon), Ok(()));
            }
        }
    }

    #[test]
    fn a_clipped_ring_stays_in_its_frame(ring in proptest::collection::vec((-9_000..13_000i32, -9_000..13_000i32), 3..12)) {
        let frame = causeway::geometry::clip::Frame { low: -64, high: 4160 };
        let mut clipped = Vec::new();
        causeway::geometry::clip::ring(&ring, frame, &mut clipped);
        proptest::prop_assert!(clipped.iter().all(|point| frame.contains(*point)));
        let mut parts = Vec::new();
        causeway::geometry::clip::line(&ring, frame, &mut parts);
        proptest::prop_assert!(parts.iter().flatten().all(|point| frame.contains(*point)));
        proptest::prop_assert!(parts.iter().all(|part| part.len() >= 2));
    }

    #[test]
    fn what_passes_a_frame_on_one_side_may_be_left_out(ring in proptest::collection::vec((-20..60i32, -20..60i32), 3..30)) {
        let frame = causeway::geometry::clip::Frame { low: 0, high: 20 };
        let mut near = Vec::new();
        causeway::geometry::clip::keep_near(ring.iter().copied(), frame, &mut near);
        let as_ring = |points: &[(i32, i32)]| {
            let mut clipped = Vec::new();
            causeway::geometry::clip::ring(points, frame, &mut clipped);
            clipped
        };
        let as_line = |points: &[(i32, i32)]| {
            let mut parts = Vec::new();
            causeway::geometry::clip::line(points, frame, &mut parts);
            parts
        };
        proptest::prop_assert_eq!(as_ring(&ring), as_ring(&near));
        proptest::prop_assert_eq!(as_line(&ring), as_line(&near));
    }
}
