//! Anchor scrolling over items of any height.
//!
//! A position is an item and a row in it, or "follow the end". A total height is never computed: painting measures
//! forward from the anchor, moving up measures backward, so a paint costs at most the rows of the viewport and one
//! more. `measure` tells the rows of an item, which is at least 1.

/// An item and a row in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Anchor {
    pub item: usize,
    pub row: usize,
}

/// Where the top of the viewport is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The last row stays in view.
    #[default]
    End,
    /// This row is the top one.
    At(Anchor),
}

/// What is scrolled over: items and rows of the viewport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub items: usize,
    pub rows: usize,
}

/// A part of an item that is in view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub item: usize,
    /// The first of its rows that is seen.
    pub from: usize,
    /// How many are seen.
    pub rows: usize,
    /// The line of the viewport where they begin.
    pub y: usize,
}

/// A scroll position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    place: Place,
}

impl Scroll {
    /// The position as it is.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Whether the end stays in view.
    pub fn is_following(&self) -> bool {
        self.place == Place::End
    }

    /// Goes to the first row.
    pub fn to_start(&mut self) {
        self.place = Place::At(Anchor::default());
    }

    /// Goes to the end and stays there.
    pub fn to_end(&mut self) {
        self.place = Place::End;
    }

    /// Puts a row at the top. Near the end it will stand lower.
    pub fn to(&mut self, anchor: Anchor) {
        self.place = Place::At(anchor);
    }

    /// Shows this row with so many rows above it, or as near to that as the ends let it be.
    pub fn to_with_above(
        &mut self,
        anchor: Anchor,
        above: usize,
        mut measure: impl FnMut(usize) -> usize,
    ) {
        self.place = Place::At(back(anchor, above, &mut measure).0);
    }

    /// Items were put before all others.
    pub fn prepended(&mut self, count: usize) {
        if let Place::At(anchor) = &mut self.place {
            anchor.item += count;
        }
    }

    /// The top row of the viewport.
    pub fn top(&self, extent: Extent, mut measure: impl FnMut(usize) -> usize) -> Anchor {
        self.fitted(extent, &mut measure)
    }

    /// What is in view, from the top down.
    pub fn seen(&self, extent: Extent, mut measure: impl FnMut(usize) -> usize) -> Vec<Seen> {
        let mut known = Vec::new();
        let mut remember = |item| {
            if let Some((_, rows)) = known.iter().find(|(i, _)| *i == item) {
                return *rows;
            }
            let rows = measure(item);
            known.push((item, rows));
            rows
        };
        let top = self.fitted(extent, &mut remember);
        let mut seen = Vec::new();
        let mut y = 0;
        let mut from = top.row;
        for item in top.item..extent.items {
            if y >= extent.rows {
                break;
            }
            let rows = remember(item).saturating_sub(from).min(extent.rows - y);
            if rows > 0 {
                seen.push(Seen {
                    item,
                    from,
                    rows,
                    y,
                });
            }
            y += rows;
            from = 0;
        }
        seen
    }

    /// Moves down by rows, or up if negative. Coming to the end means following it.
    pub fn by_rows(
        &mut self,
        rows: isize,
        extent: Extent,
        mut measure: impl FnMut(usize) -> usize,
    ) {
        let measure = &mut measure;
        let top = self.fitted(extent, measure);
        if rows < 0 {
            let up = back(top, rows.unsigned_abs(), measure).0;
            self.place = Place::At(up);
            // Where everything fits there is nowhere to go.
            if up == top && self.is_at_end(extent, measure) {
                self.place = Place::End;
            }
            return;
        }
        let mut left = rows.unsigned_abs();
        let mut at = top;
        while at.item < extent.items {
            let height = measure(at.item);
            if at.row + left < height {
                at.row += left;
                left = 0;
                break;
            }
            left -= height.saturating_sub(at.row);
            at = Anchor {
                item: at.item + 1,
                row: 0,
            };
            if left == 0 {
                break;
            }
        }
        self.place = Place::At(at);
        if left > 0 || self.is_at_end(extent, measure) {
            self.place = Place::End;
        }
    }

    /// Moves by pages that share one row.
    pub fn by_pages(&mut self, pages: isize, extent: Extent, measure: impl FnMut(usize) -> usize) {
        let page = isize::try_from(extent.rows.saturating_sub(1).max(1)).unwrap_or(1);
        self.by_rows(pages.saturating_mul(page), extent, measure);
    }

    /// Moves just as far as needed to bring a row into view.
    pub fn reveal(
        &mut self,
        anchor: Anchor,
        extent: Extent,
        mut measure: impl FnMut(usize) -> usize,
    ) {
        let measure = &mut measure;
        let top = self.fitted(extent, measure);
        if anchor < top {
            self.place = Place::At(anchor);
            return;
        }
        let (highest, _) = back(anchor, extent.rows.saturating_sub(1), measure);
        if highest > top {
            self.place = Place::At(highest);
            if self.is_at_end(extent, measure) {
                self.place = Place::End;
            }
        }
    }

    fn is_at_end(&self, extent: Extent, measure: &mut impl FnMut(usize) -> usize) -> bool {
        match self.place {
            Place::End => true,
            Place::At(anchor) => below(anchor, extent, extent.rows + 1, measure) <= extent.rows,
        }
    }

    /// The top row, such that the viewport is full if there are rows enough.
    fn fitted(&self, extent: Extent, measure: &mut impl FnMut(usize) -> usize) -> Anchor {
        let end = Anchor {
            item: extent.items,
            row: 0,
        };
        let Place::At(mut anchor) = self.place else {
            return back(end, extent.rows, measure).0;
        };
        if anchor.item >= extent.items {
            return back(end, extent.rows, measure).0;
        }
        if anchor.row > 0 {
            anchor.row = anchor.row.min(measure(anchor.item).saturating_sub(1));
        }
        let there = below(anchor, extent, extent.rows, measure);
        if there >= extent.rows {
            return anchor;
        }
        back(anchor, extent.rows - there, measure).0
    }
}

/// Rows from the anchor on, counted up to `enough`.
fn below(
    anchor: Anchor,
    extent: Extent,
    enough: usize,
    measure: &mut impl FnMut(usize) -> usize,
) -> usize {
    let mut rows = 0;
    let mut from = anchor.row;
    for item in anchor.item..extent.items {
        rows += measure(item).saturating_sub(from);
        from = 0;
        if rows >= enough {
            break;
        }
    }
    rows
}

/// The place `rows` above another, and how many rows were missing.
fn back(from: Anchor, rows: usize, measure: &mut impl FnMut(usize) -> usize) -> (Anchor, usize) {
    if rows <= from.row {
        let row = from.row - rows;
        return (Anchor { row, ..from }, 0);
    }
    let mut left = rows - from.row;
    for item in (0..from.item).rev() {
        let height = measure(item);
        if left <= height {
            let row = height - left;
            return (Anchor { item, row }, 0);
        }
        left -= height;
    }
    (Anchor::default(), left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Act {
        Rows(isize),
        Pages(isize),
        Start,
        End,
        To(usize, usize),
        Reveal(usize, usize),
        Prepend(Vec<usize>),
        Append(Vec<usize>),
        Grow(usize, usize),
        Resize(usize),
    }

    fn heights() -> impl Strategy<Value = Vec<usize>> {
        prop::collection::vec(1usize..9, 1..4)
    }

    fn acts() -> impl Strategy<Value = Act> {
        prop_oneof![
            (-30isize..30).prop_map(Act::Rows),
            (-3isize..4).prop_map(Act::Pages),
            Just(Act::Start),
            Just(Act::End),
            (0usize..30, 0usize..9).prop_map(|(i, r)| Act::To(i, r)),
            (0usize..30, 0usize..9).prop_map(|(i, r)| Act::Reveal(i, r)),
            heights().prop_map(Act::Prepend),
            heights().prop_map(Act::Append),
            (0usize..30, 1usize..5).prop_map(|(i, r)| Act::Grow(i, r)),
            (1usize..20).prop_map(Act::Resize),
        ]
    }

    /// Knows all heights and counts from the first row.
    struct Naive {
        heights: Vec<usize>,
        rows: usize,
        /// The top row, or nothing when the end is followed.
        top: Option<usize>,
    }

    impl Naive {
        fn total(&self) -> usize {
            self.heights.iter().sum()
        }
        fn last(&self) -> usize {
            self.total().saturating_sub(self.rows)
        }
        fn shown(&self) -> usize {
            self.top.unwrap_or(usize::MAX).min(self.last())
        }
        fn start(&self, item: usize) -> usize {
            self.heights[..item].iter().sum()
        }
        fn place(&self, item: usize, row: usize) -> (Anchor, usize) {
            let item = item % self.heights.len();
            let row = row % self.heights[item];
            (Anchor { item, row }, self.start(item) + row)
        }
        fn anchor(&self, mut at: usize) -> Anchor {
            for (item, height) in self.heights.iter().enumerate() {
                if at < *height {
                    return Anchor { item, row: at };
                }
                at -= height;
            }
            Anchor {
                item: self.heights.len(),
                row: 0,
            }
        }
        fn set(&mut self, top: usize, may_follow: bool) {
            self.top = (!(may_follow && top >= self.last())).then_some(top);
        }
        fn extent(&self) -> Extent {
            Extent {
                items: self.heights.len(),
                rows: self.rows,
            }
        }
        fn by(&mut self, rows: isize) {
            let from = self.shown();
            let to = from.saturating_add_signed(rows);
            self.set(to, rows >= 0 || to == from);
        }
        /// Does the same to both.
        fn act(&mut self, act: Act, scroll: &mut Scroll) {
            let extent = self.extent();
            let known = self.heights.clone();
            let measure = |item: usize| known[item];
            match act {
                Act::Rows(rows) => {
                    scroll.by_rows(rows, extent, measure);
                    self.by(rows);
                }
                Act::Pages(pages) => {
                    scroll.by_pages(pages, extent, measure);
                    self.by(pages * isize::try_from(self.rows.saturating_sub(1).max(1)).unwrap());
                }
                Act::Start => {
                    scroll.to_start();
                    self.set(0, false);
                }
                Act::End => {
                    scroll.to_end();
                    self.top = None;
                }
                Act::To(item, row) => {
                    let (anchor, at) = self.place(item, row);
                    scroll.to(anchor);
                    self.set(at, false);
                }
                Act::Reveal(item, row) => {
                    let (anchor, at) = self.place(item, row);
                    scroll.reveal(anchor, extent, measure);
                    let top = self.shown();
                    if at < top {
                        self.set(at, false);
                    } else if at + 1 > top + self.rows {
                        self.set(at + 1 - self.rows, true);
                    }
                }
                Act::Prepend(more) => {
                    scroll.prepended(more.len());
                    if let Some(top) = &mut self.top {
                        *top += more.iter().sum::<usize>();
                    }
                    self.heights.splice(0..0, more);
                }
                Act::Append(more) => self.heights.extend(more),
                Act::Grow(item, by) => {
                    let item = item % self.heights.len();
                    // What grows above the anchor does not move what is seen.
                    if let Place::At(anchor) = scroll.place()
                        && item < anchor.item
                        && let Some(top) = &mut self.top
                    {
                        *top += by;
                    }
                    self.heights[item] += by;
                }
                Act::Resize(rows) => self.rows = rows,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn scrolling_agrees_with_a_model_of_all_rows(heights in heights(), acts in prop::collection::vec(acts(), 1..40)) {
            let mut naive = Naive { heights, rows: 7, top: None };
            let mut scroll = Scroll::default();
            for act in acts {
                naive.act(act, &mut scroll);
                let mut measured = std::collections::HashSet::new();
                let mut calls = 0;
                let seen = scroll.seen(naive.extent(), |item| { calls += 1; measured.insert(item); naive.heights[item] });
                prop_assert!(calls <= naive.rows + 1, "{calls} measures for {} rows", naive.rows);
                prop_assert_eq!(calls, measured.len());
                let top = naive.anchor(naive.shown());
                prop_assert_eq!(scroll.is_following(), naive.top.is_none());
                prop_assert_eq!(seen.first().map(|s| Anchor { item: s.item, row: s.from }), Some(top));
                prop_assert_eq!(seen.iter().map(|s| s.rows).sum::<usize>(), naive.rows.min(naive.total()));
                let mut y = 0;
                for part in &seen {
                    prop_assert_eq!(part.y, y);
                    y += part.rows;
                }
            }
        }
    }

    #[test]
    fn nothing_to_scroll_over_is_no_harm() {
        let extent = Extent { items: 0, rows: 5 };
        let mut scroll = Scroll::default();
        scroll.by_rows(3, extent, |_| 1);
        scroll.by_rows(-3, extent, |_| 1);
        assert!(scroll.seen(extent, |_| 1).is_empty());
        assert!(scroll.is_following());
    }
}
