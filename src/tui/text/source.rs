//! Where shown text came from: its stretches, each with the bytes of the source it shows.

use std::ops::Range;

/// A stretch of text and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    /// First byte in the text, and how many.
    at: u32,
    len: u32,
    /// First byte in the source, and one past the last.
    from: u32,
    to: u32,
    /// The text is the source, byte for byte.
    is_exact: bool,
}

/// The stretches of a text, in order; what stands between them (markers, bars, addresses) has no source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origins(Vec<Origin>);

impl Origins {
    /// Adds a stretch behind all others: `len` bytes from `at` on show `range` of the source.
    pub(super) fn push(&mut self, at: usize, len: usize, range: Range<usize>, is_exact: bool) {
        let next = Origin {
            at: short(at),
            len: short(len),
            from: short(range.start),
            to: short(range.end),
            is_exact,
        };
        if let Some(last) = self.0.last_mut()
            && last.at + last.len == next.at
            && last.is_exact == is_exact
        {
            let is_same = !is_exact && (last.from, last.to) == (next.from, next.to);
            let goes_on = is_exact && last.to == next.from && last.to - last.from == last.len;
            if is_same || goes_on {
                last.len += next.len;
                last.to = next.to;
                return;
            }
        }
        self.0.push(next);
    }

    /// The stretches of a part of the text, which begins at `at` from then on.
    pub(super) fn part(&self, range: Range<usize>, at: usize) -> Origins {
        let mut part = Origins::default();
        part.add_part(self, range, at);
        part
    }

    /// Adds the stretches of a part of another text, which begins at `at` in this one.
    pub(super) fn add_part(&mut self, other: &Origins, range: Range<usize>, at: usize) {
        let first = other
            .0
            .partition_point(|o| (o.at + o.len) as usize <= range.start);
        for origin in &other.0[first..] {
            let (start, end) = (origin.at as usize, (origin.at + origin.len) as usize);
            if start >= range.end {
                break;
            }
            let (from, to) = (start.max(range.start), end.min(range.end));
            if from < to {
                let source = origin.of(from, to);
                self.push(at + from - range.start, to - from, source, origin.is_exact);
            }
        }
    }

    /// Forgets what lies behind the first `len` bytes of the text.
    pub(super) fn truncate(&mut self, len: usize) {
        let len = short(len);
        self.0.retain_mut(|origin| {
            let left = len.saturating_sub(origin.at).min(origin.len);
            if origin.is_exact {
                origin.to = origin.to.min(origin.from + left);
            }
            origin.len = left;
            left > 0
        });
    }

    /// The source from the first stretch to the last.
    pub(super) fn span(&self) -> Option<Range<usize>> {
        let (first, last) = self.0.first().zip(self.0.last())?;
        Some(first.from as usize..last.to.max(first.from) as usize)
    }

    /// The source of a part of the text that is not empty; `None` when none of it has one.
    pub(super) fn of(&self, range: Range<usize>) -> Option<Range<usize>> {
        let part = self.part(range, 0);
        part.span()
    }

    /// The source byte of a place in the text, if the text equals the source around it.
    pub(super) fn exact(&self, at: usize) -> Option<usize> {
        let next = self.0.partition_point(|o| o.at as usize <= at);
        let origin = self.0.get(next.checked_sub(1)?)?;
        (origin.is_exact && at <= (origin.at + origin.len) as usize)
            .then(|| origin.from as usize + at - origin.at as usize)
    }
}

impl Origin {
    /// The source of bytes `from..to` of the text, which lie in this stretch.
    fn of(&self, from: usize, to: usize) -> Range<usize> {
        let (start, end) = (self.from as usize, self.to as usize);
        if !self.is_exact {
            return start..end;
        }
        let at = self.at as usize;
        start + from - at..(start + to - at).min(end)
    }
}

/// Offsets are kept in 32 bits; longer texts than 4 GiB never reach a screen.
pub(super) fn short(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_joined_cut_and_found() {
        let mut all = Origins::default();
        all.push(0, 3, 10..13, true);
        all.push(3, 2, 13..15, true);
        all.push(5, 1, 15..17, false);
        all.push(8, 4, 20..24, true);
        assert_eq!(all.0.len(), 3);
        assert_eq!(all.span(), Some(10..24));
        assert_eq!(all.of(1..4), Some(11..14));
        assert_eq!(all.of(5..6), Some(15..17));
        assert_eq!(all.of(6..8), None);
        assert_eq!(
            (all.exact(9), all.exact(5), all.exact(7)),
            (Some(21), None, None)
        );
        let part = all.part(4..10, 2);
        assert_eq!((part.of(2..3), part.of(6..8)), (Some(14..15), Some(20..22)));
        all.truncate(9);
        assert_eq!(all.span(), Some(10..21));
    }
}
