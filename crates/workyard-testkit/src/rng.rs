//! Owns seeded random choices. Never reads a clock, the environment or the system's randomness.

/// A small random generator whose choices depend on nothing but its seed, on every machine and in every version.
///
/// It is splitmix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, OOPSLA 2014, in the form
/// published by Sebastiano Vigna): 64 bits of state, one period of 2⁶⁴. Good for choosing what a test does, and for
/// nothing secret.
///
/// # Examples
/// ```
/// use workyard_testkit::Rng;
///
/// let mut rng = Rng::new(7);
/// let (again, mut order) = (Rng::new(7).next_u64(), [1, 2, 3, 4]);
/// assert_eq!(rng.next_u64(), again);
/// assert!(rng.below(6) < 6);
/// rng.shuffle(&mut order);
/// let _first = rng.pick(&order);
/// if rng.chance(0.1) { /* one time in ten */ }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// Equal seeds make equal choices; any seed is as good as any other.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 random bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `n - 1`, each as likely as the others.
    ///
    /// # Panics
    /// When `n` is 0.
    #[track_caller]
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "there is no number below 0");
        let n = n as u64;
        // The last, incomplete round of 0..n would favour the small numbers: draw again.
        let whole_rounds = u64::MAX - u64::MAX % n;
        loop {
            let drawn = self.next_u64();
            if drawn < whole_rounds {
                #[expect(clippy::cast_possible_truncation, reason = "below n, which was a usize")]
                return (drawn % n) as usize;
            }
        }
    }

    /// `true` with this probability: never for 0 or less, always for 1 or more.
    pub fn chance(&mut self, probability: f64) -> bool {
        // 53 bits are what an f64 between 0 and 1 can hold.
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let drawn = (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        drawn < probability
    }

    /// One of the items.
    ///
    /// # Panics
    /// When there are none.
    #[track_caller]
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        assert!(!items.is_empty(), "there is no item to pick");
        &items[self.below(items.len())]
    }

    /// Puts the items in a random order, each order as likely as the others (as far as 64 bits of state reach).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for unplaced in (2..=items.len()).rev() {
            items.swap(unplaced - 1, self.below(unplaced));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_splitmix64() {
        // The published first numbers for this seed.
        let mut rng = Rng::new(1_234_567);
        let drawn = [rng.next_u64(), rng.next_u64(), rng.next_u64()];
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn below_reaches_each_number_about_equally_often() {
        let mut rng = Rng::new(1);
        let mut seen = [0_u32; 6];
        for _ in 0..60_000 {
            seen[rng.below(6)] += 1;
        }
        assert!(seen.iter().all(|n| (9_500..=10_500).contains(n)), "{seen:?}");
        assert_eq!(rng.below(1), 0);
    }

    #[test]
    fn below_does_not_favour_small_numbers_of_a_large_range() {
        // Of 2/3 of the whole range: without drawing again, the lower half would come up twice as often as the upper.
        let mut rng = Rng::new(2);
        let n = usize::MAX / 3 * 2;
        let low = (0..20_000).filter(|_| rng.below(n) < n / 2).count();
        assert!((9_500..=10_500).contains(&low), "{low}");
    }

    #[test]
    fn chance_keeps_its_probability_and_its_ends() {
        let mut rng = Rng::new(3);
        let hits = (0..100_000).filter(|_| rng.chance(0.2)).count();
        assert!((19_300..=20_700).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| rng.chance(1.0) && !rng.chance(0.0)));
    }

    #[test]
    fn shuffle_reaches_each_order_about_equally_often() {
        let mut rng = Rng::new(4);
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..60_000 {
            let mut order = [1, 2, 3];
            rng.shuffle(&mut order);
            *seen.entry(order).or_insert(0_u32) += 1;
        }
        assert!(seen.len() == 6 && seen.values().all(|n| (9_500..=10_500).contains(n)), "{seen:?}");
        rng.shuffle::<u8>(&mut []);
    }

    #[test]
    fn pick_reaches_each_item() {
        let mut rng = Rng::new(5);
        let mut seen: Vec<u8> = (0..100).map(|_| *rng.pick(&[1, 2, 3])).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [1, 2, 3]);
    }

    #[test]
    #[should_panic(expected = "no item to pick")]
    fn nothing_cannot_be_picked() {
        Rng::new(0).pick::<u8>(&[]);
    }
}
