//! Plots of a few series over two axes, as SVG or PNG. The same data give the same bytes.

mod axis;
mod bitmap;
mod draw;

pub use axis::{Axis, Scale};

use plotters::prelude::{IntoDrawingArea as _, SVGBackend};
use thiserror::Error;

use super::page::{cut, escape};
use crate::lab::text::printable;

/// Size of the drawing, in pixels; rows of a [`Scale::Names`] axis may make it higher.
const WIDTH: u32 = 760;
const HEIGHT: u32 = 400;
/// Height of a row with a name.
const ROW: u32 = 26;
/// Space for what stands above and below the rows.
const AROUND_ROWS: u32 = 90;
/// A PNG has so many pixels for each of the SVG.
const SCALE: u32 = 2;
/// So many letters of a name are shown.
const LETTERS: usize = 32;
/// So many entries of a legend are shown.
const ENTRIES: usize = 14;

/// A plot that could not be drawn; nothing in the data can cause it.
#[derive(Debug, Error)]
#[error("the plot {0} could not be drawn: {1}")]
pub struct PlotError(&'static str, String);

/// How the points of a series are drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Marks {
    /// A dot each: x, y.
    Dots(Vec<[f64; 2]>),
    /// A line from each to the next.
    Line(Vec<[f64; 2]>),
    /// The same, broken: what is expected, not what was found.
    Dashes(Vec<[f64; 2]>),
    /// A vertical line each: x, lower end, upper end.
    Spans(Vec<[f64; 3]>),
    /// A bar from 0 each, of this width: middle, height.
    Bars(f64, Vec<[f64; 2]>),
    /// A band along x each: from, to, lower edge, upper edge. However short, each can be seen.
    Bands(Vec<[f64; 4]>),
    /// A box along x each: row, and smallest, lower quartile, median, upper quartile, largest.
    Boxes(Vec<(f64, [f64; 5])>),
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend; without one it has no entry there. Neutralised where it is drawn.
    pub name: String,
    /// Number of its colour and shape. Series of one thing share it.
    pub look: usize,
    /// What is drawn.
    pub marks: Marks,
}

impl Series {
    /// A series with a name.
    pub fn new(name: impl Into<String>, look: usize, marks: Marks) -> Self {
        let name = name.into();
        Self { name, look, marks }
    }
}

/// A plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// Its name in files and links: letters and hyphens.
    pub name: &'static str,
    /// What it shows, in a line.
    pub title: String,
    /// What can be seen in it, for who cannot see it, and below it for all.
    pub description: String,
    /// From left to right.
    pub x: Axis,
    /// From below to above.
    pub y: Axis,
    /// What is drawn, the first at the bottom.
    pub series: Vec<Series>,
}

/// A text as it stands in a plot.
fn shown(text: &str) -> String {
    cut(&printable(text), LETTERS)
}

impl Plot {
    fn size(&self) -> (u32, u32) {
        let rows = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).min(100) * ROW + AROUND_ROWS;
        let height = match &self.y.scale {
            Scale::Names(names) => rows(names.len()),
            _ => HEIGHT,
        };
        (WIDTH, height)
    }

    /// A picture of its own, with title.
    ///
    /// # Errors
    /// [`PlotError`] when the drawing fails.
    pub fn svg(&self) -> Result<String, PlotError> {
        let drawn = self.drawn(true)?;
        let Some((head, body)) = drawn.split_once(">\n") else {
            return Ok(drawn);
        };
        Ok(format!("{head} role=\"img\">\n{}{body}", self.told("")))
    }

    /// The element within a page: without a name space, with title and description for readers that speak.
    ///
    /// # Errors
    /// [`PlotError`] when the drawing fails.
    pub fn inline(&self) -> Result<String, PlotError> {
        let drawn = self.drawn(false)?;
        let body = drawn.split_once(">\n").map_or("", |(_, body)| body);
        let (width, height) = self.size();
        let name = self.name;
        Ok(format!(
            "<svg class=\"plot\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{name}-title {name}-desc\">\n\
             {}{body}",
            self.told(name)
        ))
    }

    /// Title and description, with names to refer to.
    fn told(&self, id: &str) -> String {
        let of = |kind: &str| {
            if id.is_empty() {
                String::new()
            } else {
                format!(" id=\"{id}-{kind}\"")
            }
        };
        format!(
            "<title{}>{}</title>\n<desc{}>{}</desc>\n",
            of("title"),
            escape(&self.title),
            of("desc"),
            escape(&self.description)
        )
    }

    fn drawn(&self, has_title: bool) -> Result<String, PlotError> {
        let mut text = String::new();
        {
            let root = SVGBackend::with_string(&mut text, self.size()).into_drawing_area();
            draw::plot(self, has_title, &root, 1).map_err(|error| PlotError(self.name, error.to_string()))?;
        }
        Ok(text)
    }

    /// A picture of its own, with title.
    ///
    /// # Errors
    /// [`PlotError`] when the drawing fails.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        let (width, height) = self.size();
        let size = (width * SCALE, height * SCALE);
        bitmap::png(size, |root| draw::plot(self, true, root, SCALE)).map_err(|error| PlotError(self.name, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Plot {
        let hostile = "<script>\u{1b}[2J&\u{202e}".repeat(1000);
        Plot {
            name: "example",
            title: hostile.clone(),
            description: hostile.clone(),
            x: Axis::over("distance in m", [0.5, 8.0, f64::NAN], Scale::Log),
            y: Axis::over("level in dBm", [-90.0, f64::INFINITY, -50.0], Scale::Linear),
            series: vec![
                Series::new(
                    hostile,
                    0,
                    Marks::Dots(vec![[0.5, -50.0], [f64::NAN, 1.0], [8.0, -90.0]]),
                ),
                Series::new("line", 9, Marks::Line(vec![[0.5, -50.0], [8.0, -90.0]])),
                Series::new("", 1, Marks::Dashes(vec![[0.5, -60.0], [8.0, -90.0]])),
                Series::new("spans", 2, Marks::Spans(vec![[1.0, -80.0, -70.0]])),
                Series::new("bars", 3, Marks::Bars(0.1, vec![[2.0, -70.0]])),
                Series::new(
                    "bands",
                    4,
                    Marks::Bands(vec![
                        [1.0, 1.0, -80.0, -70.0],
                        [0.1, 900.0, -99.0, -60.0],
                        [f64::NAN, 2.0, -80.0, -70.0],
                    ]),
                ),
            ],
        }
    }

    #[test]
    fn hostile_names_and_what_is_no_number_are_harmless() {
        let plot = example();
        for text in [plot.svg().unwrap(), plot.inline().unwrap()] {
            let document = roxmltree::Document::parse(&text).expect("well formed");
            let names: Vec<&str> = document
                .descendants()
                .filter(roxmltree::Node::is_element)
                .map(|node| node.tag_name().name())
                .collect();
            assert!(!names.contains(&"script") && names.contains(&"title") && names.contains(&"desc"));
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains("NaN"));
        }
        assert_eq!(plot.svg().unwrap(), example().svg().unwrap());
    }

    #[test]
    fn a_bitmap_has_the_shape_of_the_picture_and_is_not_empty() {
        let bytes = example().png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (WIDTH * SCALE, HEIGHT * SCALE));
        let inked = pixels.chunks(3).filter(|pixel| *pixel != [255; 3]).count();
        assert!(inked > 5_000 && inked < pixels.len() / 6, "{inked}");
    }

    #[test]
    fn boxes_have_a_row_each() {
        let rows = |count: usize| {
            let names = (0..count).map(|n| format!("row {n}")).collect();
            let all = (0..)
                .take(count)
                .map(|n| (f64::from(n), [-9.0, -8.0, -7.0, -6.0, -5.0]));
            Plot {
                name: "rows",
                x: Axis::over("residual in dB", [-9.0, -5.0], Scale::Linear),
                y: Axis::names("", names),
                series: vec![Series::new("", 0, Marks::Boxes(all.collect()))],
                ..example()
            }
        };
        assert!(rows(12).size().1 > rows(2).size().1);
        let text = rows(3).svg().unwrap();
        assert!(text.contains("row 0") && text.contains("row 2"), "{text}");
    }
}
