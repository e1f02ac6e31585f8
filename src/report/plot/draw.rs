//! Draws a plot on any backend.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, DashedPathElement, EmptyElement, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{Cartesian2d, DrawingBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, IntoFont as _, RGBColor, ShapeStyle, TRANSPARENT, TextStyle};

use crate::lab::text::printable;
use crate::report::page::cut;

use super::{Axis, ENTRIES, Marks, Plot, Scale, Series, bitmap, shown};

/// Colours. The style of a page turns these very values into those of its dark look.
const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);
const INK: RGBColor = RGBColor(0x1f, 0x24, 0x30);
const GRID: RGBColor = RGBColor(0xd9, 0xdd, 0xe3);
/// Of series: each has a contrast of 3 or more with the paper, in the light look and in the dark one.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x0b, 0x62, 0xa8),
    RGBColor(0xb8, 0x4a, 0x00),
    RGBColor(0x00, 0x70, 0x5a),
    RGBColor(0x8a, 0x3b, 0x82),
    RGBColor(0x8a, 0x6a, 0x00),
    RGBColor(0xa8, 0x20, 0x3a),
    RGBColor(0x2c, 0x7f, 0xa3),
    RGBColor(0x5b, 0x64, 0x70),
];
/// Size of letters, in pixels.
const LETTER: u32 = 15;
/// Width of the legend without its names, and of a letter of these.
const LEGEND: u32 = 50;
const LETTER_WIDTH: u32 = 7;

type Root<B> = DrawingArea<B, Shift>;
type Coord = Cartesian2d<Axis, Axis>;
type Fault<B> = DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>;

/// Sizes in pixels, times the scale of the backend.
#[derive(Clone, Copy)]
struct Sizes(u32);

impl Sizes {
    fn of(self, pixels: u32) -> i32 {
        i32::try_from(pixels * self.0).unwrap_or(i32::MAX)
    }

    fn line(self, colour: RGBColor, tenths: u32) -> ShapeStyle {
        ShapeStyle {
            color: colour.to_rgba(),
            filled: false,
            stroke_width: (tenths * self.0).div_ceil(10),
        }
    }

    fn text(self) -> TextStyle<'static> {
        (bitmap::FONT, self.of(LETTER)).into_font().color(&INK)
    }
}

/// A text that has a line for itself.
fn line(text: &str) -> String {
    cut(&printable(text), 90)
}

/// Draws a plot; lengths are times the scale.
pub(super) fn plot<B: DrawingBackend>(
    plot: &Plot,
    has_title: bool,
    root: &Root<B>,
    scale: u32,
) -> Result<(), Fault<B>> {
    bitmap::provide_font();
    let sizes = Sizes(scale);
    root.fill(&PAPER)?;
    let mut area = root.clone();
    if has_title {
        let (head, rest) = area.split_vertically(sizes.of(28));
        let title = line(&plot.title);
        let style = (bitmap::FONT, sizes.of(LETTER + 4)).into_font().color(&INK);
        head.draw(&Text::new(title, (sizes.of(10), sizes.of(8)), style))?;
        area = rest;
    }
    let named: Vec<&Series> = plot.series.iter().filter(|series| !series.name.is_empty()).collect();
    if named.len() > 1 {
        let (width, _) = area.dim_in_pixel();
        let longest = named.iter().map(|series| shown(&series.name).chars().count()).max();
        let letters = u32::try_from(longest.unwrap_or(0)).unwrap_or(0).max(10);
        let left = i32::try_from(width).unwrap_or(i32::MAX) - sizes.of(LEGEND + letters * LETTER_WIDTH);
        let (chart, right) = area.split_horizontally(left);
        legend(&named, &right, sizes)?;
        area = chart;
    }
    let mut chart = axes(plot, &area, sizes)?;
    for series in &plot.series {
        marks(plot, series, &mut chart, sizes)?;
    }
    root.present()
}

/// The axes with their numbers.
fn axes<'a, B: DrawingBackend>(
    plot: &Plot,
    area: &'a Root<B>,
    sizes: Sizes,
) -> Result<ChartContext<'a, B, Coord>, Fault<B>> {
    let beside = match &plot.y.scale {
        Scale::Names(names) => {
            let letters = names.iter().map(|name| shown(name).chars().count()).max().unwrap_or(0);
            u32::try_from(letters).unwrap_or(0).max(6) * LETTER_WIDTH + 20
        }
        _ => 62,
    };
    let mut chart = ChartBuilder::on(area)
        .margin(sizes.of(8))
        .margin_right(sizes.of(18))
        .x_label_area_size(sizes.of(48))
        .y_label_area_size(sizes.of(beside))
        .build_cartesian_2d(plot.x.clone(), plot.y.clone())?;
    let x = |value: &f64| plot.x.text(*value);
    let y = |value: &f64| plot.y.text(*value);
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(sizes.line(GRID, 10))
        .axis_style(sizes.line(INK, 10))
        .x_labels(plot.x.ticks().len().max(1))
        .y_labels(plot.y.ticks().len().max(1))
        .x_label_formatter(&x)
        .y_label_formatter(&y)
        .label_style(sizes.text())
        .axis_desc_style(sizes.text())
        .x_desc(line(&plot.x.label))
        .y_desc(line(&plot.y.label))
        .draw()?;
    Ok(chart)
}

const fn colour(series: &Series) -> RGBColor {
    COLOURS[series.look % COLOURS.len()]
}

/// The corners of the shape of a series, around 0: colours alone do not tell series apart. Nothing for a disc.
fn corners(look: usize, radius: i32) -> Option<Vec<(i32, i32)>> {
    let r = radius;
    match (look + look / COLOURS.len()) % 4 {
        0 => None,
        1 => Some(vec![(-r, -r), (r, -r), (r, r), (-r, r)]),
        2 => Some(vec![(0, -r - 1), (r + 1, r), (-r - 1, r)]),
        _ => Some(vec![(0, -r - 1), (r + 1, 0), (0, r + 1), (-r - 1, 0)]),
    }
}

/// Of more dots than these each is smaller.
const MANY: usize = 200;

/// A dot at a place of the area.
fn dot<B: DrawingBackend, C>(
    area: &DrawingArea<B, C>,
    at: C::From,
    series: &Series,
    sizes: Sizes,
) -> Result<(), Fault<B>>
where
    C: plotters::coord::CoordTranslate,
    C::From: Clone,
{
    let style = colour(series).filled();
    let is_small = matches!(&series.marks, Marks::Dots(dots) if dots.len() > MANY);
    let radius = if is_small { 2 } else { 3 };
    match corners(series.look, sizes.of(radius)) {
        None => area.draw(&(EmptyElement::at(at) + Circle::new((0, 0), sizes.of(if is_small { 2 } else { 4 }), style))),
        Some(corners) => area.draw(&(EmptyElement::at(at) + Polygon::new(corners, style))),
    }
}

/// What stands for each series.
fn legend<B: DrawingBackend>(named: &[&Series], area: &Root<B>, sizes: Sizes) -> Result<(), Fault<B>> {
    let style = || sizes.text().pos(Pos::new(HPos::Left, VPos::Center));
    let row = |n: usize| sizes.of(20) + sizes.of(22) * i32::try_from(n).unwrap_or(0);
    for (n, series) in named.iter().take(ENTRIES).enumerate() {
        let (y, middle) = (row(n), sizes.of(16));
        let ends = vec![(sizes.of(6), y), (sizes.of(26), y)];
        match &series.marks {
            Marks::Dots(_) => dot(area, (middle, y), series, sizes)?,
            Marks::Line(_) => area.draw(&PathElement::new(ends, sizes.line(colour(series), 20)))?,
            Marks::Dashes(_) => area.draw(&dashes(ends, series, sizes))?,
            Marks::Spans(_) => {
                let ends = vec![(middle, y - sizes.of(7)), (middle, y + sizes.of(7))];
                area.draw(&PathElement::new(ends, sizes.line(colour(series), 10)))?;
            }
            Marks::Bars(..) | Marks::Boxes(_) | Marks::Bands(_) => {
                let (half, third) = (sizes.of(6), sizes.of(5));
                let corners = [(middle - half, y - third), (middle + half, y + third)];
                let is_box = matches!(series.marks, Marks::Boxes(_));
                let outline = sizes.line(colour(series), 15);
                let style = if is_box { outline } else { colour(series).filled() };
                area.draw(&Rectangle::new(corners, style))?;
            }
        }
        area.draw(&Text::new(shown(&series.name), (sizes.of(34), y), style()))?;
    }
    if let Some(more) = named.len().checked_sub(ENTRIES).filter(|more| *more > 0) {
        area.draw(&Text::new(
            format!("and {more} more"),
            (sizes.of(34), row(ENTRIES)),
            style(),
        ))?;
    }
    Ok(())
}

fn dashes<C: Clone>(points: Vec<C>, series: &Series, sizes: Sizes) -> DashedPathElement<std::vec::IntoIter<C>, i32> {
    DashedPathElement::new(points, sizes.of(6), sizes.of(4), sizes.line(colour(series), 15))
}

/// Draws a series; what lies outside of the axes is left out, and intervals end there.
fn marks<B: DrawingBackend>(
    plot: &Plot,
    series: &Series,
    chart: &mut ChartContext<'_, B, Coord>,
    sizes: Sizes,
) -> Result<(), Fault<B>> {
    let area = chart.plotting_area();
    let (x, y) = (&plot.x, &plot.y);
    let line = sizes.line(colour(series), 20);
    let at = |point: &[f64; 2]| (point[0], point[1]);
    let within = |point: &&[f64; 2]| x.holds(point[0]) && y.holds(point[1]);
    let path = |points: &[[f64; 2]]| points.iter().filter(within).map(at).collect::<Vec<_>>();
    match &series.marks {
        Marks::Dots(points) => path(points).into_iter().try_for_each(|at| dot(area, at, series, sizes)),
        Marks::Line(points) => area.draw(&PathElement::new(path(points), line)),
        Marks::Dashes(points) => area.draw(&dashes(path(points), series, sizes)),
        Marks::Spans(spans) => {
            let thin = sizes.line(colour(series), 10);
            let is_there = |[at, low, high]: &&[f64; 3]| x.holds(*at) && *low <= y.high && y.low <= *high;
            spans.iter().filter(is_there).try_for_each(|[at, low, high]| {
                let ends = [low, high].map(|end| (*at, end.clamp(y.low, y.high)));
                area.draw(&PathElement::new(ends.to_vec(), thin))
            })
        }
        Marks::Bars(width, bars) => bars.iter().filter(within).try_for_each(|[middle, height]| {
            let floor = 0f64.clamp(y.low, y.high);
            let side = |half: f64| (middle + half * width).clamp(x.low, x.high);
            // A little apart from each other.
            let corners = [(side(-0.46), floor), (side(0.46), *height)];
            area.draw(&Rectangle::new(corners, colour(series).filled()))
        }),
        Marks::Bands(bands) => {
            let (width, _) = area.dim_in_pixel();
            let pixel = (x.high - x.low) / f64::from(width.max(1)) * f64::from(sizes.0);
            let is_there = |[from, to, low, high]: &&[f64; 4]| {
                *from <= x.high && x.low <= *to && *low <= y.high && y.low <= *high && from <= to
            };
            bands.iter().filter(is_there).try_for_each(|[from, to, low, high]| {
                // The shortest can be seen, and of two that follow each other both.
                let to = if *to - *from > 5.0 * pixel {
                    *to - pixel
                } else {
                    to.max(from + 2.0 * pixel)
                };
                let [from, to] = [*from, to].map(|end| end.clamp(x.low, x.high));
                let [low, high] = [low, high].map(|end| end.clamp(y.low, y.high));
                area.draw(&Rectangle::new([(from, low), (to, high)], colour(series).filled()))
            })
        }
        Marks::Boxes(boxes) => boxes.iter().try_for_each(|(row, five)| {
            let is_there = y.holds(*row) && five.iter().all(|value| x.holds(*value));
            let drawn = || boxed(area, *row, *five, series, sizes);
            if is_there { drawn() } else { Ok(()) }
        }),
    }
}

/// A box with whiskers along x.
fn boxed<B: DrawingBackend>(
    area: &DrawingArea<B, Coord>,
    row: f64,
    [least, lower, middle, upper, most]: [f64; 5],
    series: &Series,
    sizes: Sizes,
) -> Result<(), Fault<B>> {
    let line = sizes.line(colour(series), 15);
    let half = 0.28;
    area.draw(&PathElement::new(vec![(least, row), (lower, row)], line))?;
    area.draw(&PathElement::new(vec![(upper, row), (most, row)], line))?;
    for end in [least, most] {
        area.draw(&PathElement::new(
            vec![(end, row - half / 2.0), (end, row + half / 2.0)],
            line,
        ))?;
    }
    area.draw(&Rectangle::new([(lower, row - half), (upper, row + half)], line))?;
    let bold = sizes.line(colour(series), 30);
    area.draw(&PathElement::new(
        vec![(middle, row - half), (middle, row + half)],
        bold,
    ))
}
