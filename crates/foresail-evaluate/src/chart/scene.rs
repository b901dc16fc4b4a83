//! A picture as a list of marks: coordinates in CSS pixels from the upper left, colours by meaning.

/// Width and height of a picture in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A place in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// What a colour means; the renderers choose the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// The ground that the picture stands on.
    Surface,
    /// Words and axes.
    Ink,
    /// Less important words.
    Muted,
    /// Grid lines.
    Grid,
    /// The method that is judged.
    Subject,
    /// The strongest baseline.
    Rival,
    /// The next baseline.
    Second,
    /// Every other baseline.
    Other,
    /// A failure, and the limit that leads to it.
    Failure,
    /// An alarm.
    Alarm,
    /// The time while an alarm was open.
    Band,
    /// Ground truth, which only the laboratory has.
    Truth,
}

impl Paint {
    /// Every paint.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Surface,
        Self::Ink,
        Self::Muted,
        Self::Grid,
        Self::Subject,
        Self::Rival,
        Self::Second,
        Self::Other,
        Self::Failure,
        Self::Alarm,
        Self::Band,
        Self::Truth,
    ];

    /// The name of its CSS variable, without the leading dashes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Surface => "surface",
            Self::Ink => "ink",
            Self::Muted => "muted",
            Self::Grid => "grid",
            Self::Subject => "subject",
            Self::Rival => "rival",
            Self::Second => "second",
            Self::Other => "other",
            Self::Failure => "failure",
            Self::Alarm => "alarm",
            Self::Band => "band",
            Self::Truth => "truth",
        }
    }

    /// Its colour on a light ground. Hues after Okabe and Ito (2008), darkened where they carry
    /// words, so that no pair differs by red against green alone.
    pub(crate) const fn light(self) -> [u8; 3] {
        match self {
            Self::Surface => [0xff, 0xff, 0xff],
            Self::Ink => [0x1a, 0x22, 0x2e],
            Self::Muted => [0x5a, 0x65, 0x75],
            Self::Grid => [0xe3, 0xe7, 0xed],
            Self::Subject => [0x0b, 0x62, 0xb8],
            Self::Rival => [0xb8, 0x5c, 0x00],
            Self::Second => [0x00, 0x7f, 0x66],
            Self::Other => [0xa3, 0xac, 0xb9],
            Self::Failure => [0xc2, 0x3b, 0x12],
            Self::Alarm => [0xa8, 0x6a, 0x00],
            Self::Band => [0xf7, 0xb6, 0x2c],
            Self::Truth => [0x8a, 0x3f, 0x9e],
        }
    }

    /// Its colour on a dark ground.
    pub(crate) const fn dark(self) -> [u8; 3] {
        match self {
            Self::Surface => [0x17, 0x1c, 0x24],
            Self::Ink => [0xe8, 0xec, 0xf2],
            Self::Muted => [0x9f, 0xab, 0xbb],
            Self::Grid => [0x2e, 0x36, 0x42],
            Self::Subject => [0x5f, 0xb2, 0xff],
            Self::Rival => [0xf2, 0xa6, 0x4c],
            Self::Second => [0x3f, 0xc9, 0xa6],
            Self::Other => [0x69, 0x75, 0x86],
            Self::Failure => [0xff, 0x7d, 0x57],
            Self::Alarm => [0xf5, 0xc2, 0x4a],
            Self::Band => [0xd1, 0x9a, 0x1f],
            Self::Truth => [0xd3, 0x9a, 0xe3],
        }
    }
}

/// How a line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dash {
    Solid,
    Dashed,
    Dotted,
}

impl Dash {
    /// Lengths of stroke and gap in pixels, if it is broken.
    pub(crate) const fn pattern(self) -> Option<(f64, f64)> {
        match self {
            Self::Solid => None,
            Self::Dashed => Some((6.0, 4.0)),
            Self::Dotted => Some((2.0, 3.0)),
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stroke {
    pub(crate) paint: Paint,
    pub(crate) width: f64,
    pub(crate) dash: Dash,
}

impl Stroke {
    /// An unbroken line.
    pub(crate) const fn solid(paint: Paint, width: f64) -> Self {
        Self { paint, width, dash: Dash::Solid }
    }

    /// A dashed line.
    pub(crate) const fn dashed(paint: Paint, width: f64) -> Self {
        Self { paint, width, dash: Dash::Dashed }
    }

    /// A dotted line.
    pub(crate) const fn dotted(paint: Paint, width: f64) -> Self {
        Self { paint, width, dash: Dash::Dotted }
    }
}

/// A filled surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fill {
    pub(crate) paint: Paint,
    /// From 0, unseen, to 1.
    pub(crate) opacity: f64,
}

/// Which end of a text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TextStyle {
    pub(crate) paint: Paint,
    pub(crate) anchor: Anchor,
    /// Height of an em in pixels.
    pub(crate) em: f64,
    pub(crate) weight: Weight,
}

/// How heavy a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

impl TextStyle {
    /// Plain text of the usual size.
    pub(crate) const fn new(paint: Paint, anchor: Anchor) -> Self {
        Self { paint, anchor, em: 12.0, weight: Weight::Regular }
    }

    /// The same in bold.
    pub(crate) const fn bold(self) -> Self {
        Self { weight: Weight::Bold, ..self }
    }

    /// The same at another size.
    pub(crate) const fn sized(self, em: f64) -> Self {
        Self { em, ..self }
    }
}

/// One thing that is drawn; later marks lie over earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    Line {
        points: Vec<Point>,
        stroke: Stroke,
    },
    Area {
        points: Vec<Point>,
        fill: Fill,
    },
    Dot {
        center: Point,
        radius: f64,
        fill: Fill,
    },
    /// `at` is on the base line.
    Text {
        at: Point,
        text: String,
        style: TextStyle,
    },
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    pub(crate) size: Size,
    pub(crate) marks: Vec<Mark>,
}

impl Scene {
    /// An empty picture.
    pub(crate) const fn new(size: Size) -> Self {
        Self { size, marks: Vec::new() }
    }

    /// Adds a line; fewer than two points draw nothing.
    pub(crate) fn line(&mut self, points: Vec<Point>, stroke: Stroke) {
        if points.len() > 1 {
            self.marks.push(Mark::Line { points, stroke });
        }
    }

    /// Adds a filled polygon; fewer than three points draw nothing.
    pub(crate) fn area(&mut self, points: Vec<Point>, fill: Fill) {
        if points.len() > 2 {
            self.marks.push(Mark::Area { points, fill });
        }
    }

    /// Adds a filled rectangle between two corners.
    pub(crate) fn rect(&mut self, one: Point, other: Point, fill: Fill) {
        let corner = |x, y| Point { x, y };
        self.area(vec![one, corner(other.x, one.y), other, corner(one.x, other.y)], fill);
    }

    /// Adds a filled circle.
    pub(crate) fn dot(&mut self, center: Point, radius: f64, paint: Paint) {
        self.marks.push(Mark::Dot { center, radius, fill: Fill { paint, opacity: 1.0 } });
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, at: Point, text: impl Into<String>, style: TextStyle) {
        self.marks.push(Mark::Text { at, text: crate::untrusted::clean(&text.into()), style });
    }

    /// The same picture under a heading, for a file that stands alone.
    pub(crate) fn with_heading(self, title: &str, reading: &str) -> Self {
        const MARGIN: f64 = 16.0;
        let words = TextStyle::new(Paint::Muted, Anchor::Start);
        let lines = wrap(reading, self.size.width - 2.0 * MARGIN, words.em);
        let top = 44.0 + 17.0 * lines.len() as f64;
        let size = Size { width: self.size.width, height: self.size.height + top };
        let mut headed = Self::new(size);
        let heading = TextStyle::new(Paint::Ink, Anchor::Start).bold().sized(15.0);
        headed.text(Point { x: MARGIN, y: 28.0 }, title, heading);
        for (row, line) in lines.into_iter().enumerate() {
            headed.text(Point { x: MARGIN, y: 48.0 + 17.0 * row as f64 }, line, words);
        }
        headed.marks.extend(self.marks.into_iter().map(|mark| mark.moved_down(top)));
        headed
    }
}

impl Mark {
    fn moved_down(self, dy: f64) -> Self {
        let down = |p: Point| Point { x: p.x, y: p.y + dy };
        let all = |points: Vec<Point>| points.into_iter().map(down).collect();
        match self {
            Self::Line { points, stroke } => Self::Line { points: all(points), stroke },
            Self::Area { points, fill } => Self::Area { points: all(points), fill },
            Self::Dot { center, radius, fill } => Self::Dot { center: down(center), radius, fill },
            Self::Text { at, text, style } => Self::Text { at: down(at), text, style },
        }
    }
}

/// Width of a text in pixels, rather too much than too little: the viewer's font is not known, and
/// 0.6 em is the mean advance of a wide sans-serif.
pub(crate) fn text_width(text: &str, em: f64) -> f64 {
    text.chars().count() as f64 * em * 0.6
}

/// Breaks a text into lines that fit `width`.
fn wrap(text: &str, width: f64, em: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(line, em) + text_width(word, em) + em < width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}
