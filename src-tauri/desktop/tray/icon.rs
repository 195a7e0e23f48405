//! The tray's icons: a ring with a needle, and the mark of a state with its own shape and colour.

use tauri::image::Image;

const SIZE: u32 = 32;

/// The state a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Healthy,
    Degraded,
    Unhealthy,
    Unknown,
}

/// Draws the icon with a mark in its lower right corner.
pub(crate) fn draw(mark: Mark) -> Image<'static> {
    let mut pixels = Vec::with_capacity((SIZE * SIZE * 4) as usize);
    for y in 0..SIZE {
        for x in 0..SIZE {
            pixels.extend(pixel(x as f32 + 0.5, y as f32 + 0.5, mark));
        }
    }
    Image::new_owned(pixels, SIZE, SIZE)
}

fn pixel(x: f32, y: f32, mark: Mark) -> [u8; 4] {
    const RING: [u8; 3] = [0x7a, 0xa7, 0xff];
    // Signed distances, negative inside, make soft edges.
    let ring = ((x - 16.0).hypot(y - 16.0) - 12.5).abs() - 1.8;
    let needle = (x - 16.0).abs().max((y - 12.0).abs() - 5.0) - 1.5;
    let (dx, dy) = (x - 24.0, y - 24.0);
    let (distance, colour) = match mark {
        Mark::Healthy => (dx.hypot(dy) - 6.0, [0x43, 0xb9, 0x8f]),
        Mark::Degraded => (dx.abs() + dy.abs() - 7.5, [0xe3, 0xa6, 0x3f]),
        Mark::Unhealthy => ((dx.abs() * 1.7 + dy * 0.85 - 5.0).max(dy - 6.0), [0xea, 0x64, 0x70]),
        Mark::Unknown => ((dx.hypot(dy) - 5.0).abs() - 1.3, [0x7a, 0x84, 0x94]),
    };
    let cover = |distance: f32| (0.5 - distance).clamp(0.0, 1.0);
    let marked = cover(distance);
    // A margin separates the mark from the ring.
    let base = cover(ring.min(needle)) * (1.0 - cover(dx.hypot(dy) - 9.0));
    if marked > 0.0 { shade(colour, marked) } else { shade(RING, base) }
}

fn shade(colour: [u8; 3], cover: f32) -> [u8; 4] {
    [colour[0], colour[1], colour[2], (cover * 255.0) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_own_icon() {
        let icons = [Mark::Healthy, Mark::Degraded, Mark::Unhealthy, Mark::Unknown].map(draw);
        for (index, icon) in icons.iter().enumerate() {
            assert_eq!(icon.rgba().len(), (SIZE * SIZE * 4) as usize);
            assert!(icon.rgba().chunks(4).any(|pixel| pixel[3] > 200));
            for other in &icons[index + 1..] {
                assert_ne!(icon.rgba(), other.rgba());
            }
        }
    }
}
