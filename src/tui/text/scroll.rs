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

    /// Items were put before all others.
    pub fn prepended(&mut self, count: usize) {
        if let Place::At(anchor) = &mut self.place {
            anchor.item += count;
        }
    }

    /// Items were taken from before all others.
    pub fn removed_from_start(&mut self, count: usize) {
        if let Place::At(anchor) = &mut self.place {
            *anchor = match anchor.item.checked_sub(count) {
                Some(item) => Anchor { item, ..*anchor },
                None => Anchor::default(),
            };
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
