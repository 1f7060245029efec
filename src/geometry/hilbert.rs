//! The Hilbert curve over the world: neighbours on the ground are neighbours in the file.

/// The place on a Hilbert curve of 32 bits an axis. Coordinates are degrees and are clamped to the world.
pub fn key(lon_deg: f64, lat_deg: f64) -> u64 {
    const SIDE: f64 = 4_294_967_295.0;
    let x = ((lon_deg + 180.0) / 360.0 * SIDE).clamp(0.0, SIDE) as u32;
    let y = ((lat_deg + 90.0) / 180.0 * SIDE).clamp(0.0, SIDE) as u32;
    place(x, y)
}

/// Classic quadrant walk: at each of 32 levels the quadrant adds two bits and turns the frame.
fn place(mut x: u32, mut y: u32) -> u64 {
    let mut distance = 0u64;
    for level in (0..32).rev() {
        let right = (x >> level) & 1;
        let upper = (y >> level) & 1;
        distance = (distance << 2) | u64::from((3 * right) ^ upper);
        if upper == 0 {
            if right == 1 {
                x = !x;
                y = !y;
            }
            std::mem::swap(&mut x, &mut y);
        }
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_along_the_curve_are_steps_on_the_ground() {
        let mut cells: Vec<(u64, i64, i64)> = (0..64i64)
            .map(|cell| {
                let (x, y) = (cell % 8, cell / 8);
                (place((x as u32) << 29, (y as u32) << 29), x, y)
            })
            .collect();
        cells.sort_unstable();
        for pair in cells.windows(2) {
            let step = (pair[0].1 - pair[1].1).abs() + (pair[0].2 - pair[1].2).abs();
            assert_eq!(step, 1, "{pair:?}");
        }
    }
}
