//! Plots as PNG, with a font that comes with the program: no system has to have one.

use std::sync::Once;

use ab_glyph::{Font as _, FontRef, ScaleFont as _};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea as _};
use plotters::prelude::BitMapBackend;
use plotters::style::{FontStyle, register_font};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

/// The name of the font; also what readers of SVG take theirs by.
pub(super) const FONT: &str = "sans-serif";

/// Makes the font known by its name; texts are measured with it.
pub(super) fn provide_font() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        // Without it drawing fails, and says so.
        let _ = register_font(FONT, FontStyle::Normal, notosans::REGULAR_TTF);
    });
}

type Fault = DrawingAreaErrorKind<<Bitmap<'static> as DrawingBackend>::ErrorType>;

/// A PNG of this size with what is drawn.
pub(super) fn png(
    size: (u32, u32),
    draw: impl FnOnce(&DrawingArea<Bitmap<'_>, Shift>) -> Result<(), Fault>,
) -> Result<Vec<u8>, String> {
    let font = FontRef::try_from_slice(notosans::REGULAR_TTF).map_err(|error| error.to_string())?;
    let mut pixels = vec![0xff; size.0 as usize * size.1 as usize * 3];
    {
        let pixels = BitMapBackend::with_buffer(&mut pixels, size);
        let root = Bitmap { pixels, font }.into_drawing_area();
        draw(&root).map_err(|error| error.to_string())?;
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
    writer.write_image_data(&pixels).map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// The bitmap of plotters, but with letters where the font wants them: its own drawing leaves out the space beside each.
pub(super) struct Bitmap<'a> {
    pixels: BitMapBackend<'a>,
    font: FontRef<'static>,
}

type Error = <BitMapBackend<'static> as DrawingBackend>::ErrorType;
type Done = Result<(), DrawingErrorKind<Error>>;

/// A letter of a text: its place from the left, in pixels.
struct Laid {
    glyph: ab_glyph::GlyphId,
    left: f32,
}

impl Bitmap<'_> {
    /// The letters of a text and its width.
    fn lay(&self, size: f32, text: &str) -> (Vec<Laid>, f32) {
        let font = self.font.as_scaled(size);
        let (mut laid, mut left) = (Vec::new(), 0.0);
        let mut before = None;
        for letter in text.chars() {
            let glyph = font.glyph_id(letter);
            left += before.map_or(0.0, |before| font.kern(before, glyph));
            laid.push(Laid { glyph, left });
            left += font.h_advance(glyph);
            before = Some(glyph);
        }
        (laid, left)
    }
}

impl DrawingBackend for Bitmap<'_> {
    type ErrorType = Error;

    fn get_size(&self) -> (u32, u32) {
        self.pixels.get_size()
    }

    fn ensure_prepared(&mut self) -> Done {
        self.pixels.ensure_prepared()
    }

    fn present(&mut self) -> Done {
        self.pixels.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Done {
        self.pixels.draw_pixel(point, color)
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Done {
        self.pixels.draw_rect(from, to, style, fill)
    }

    #[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, at: BackendCoord) -> Done {
        // Plotters measures with the size of the whole line too.
        let size = style.size() as f32;
        let (laid, width) = self.lay(size, text);
        let (ascent, height) = {
            let font = self.font.as_scaled(size);
            (font.ascent(), font.height())
        };
        let left = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -width / 2.0,
            HPos::Right => -width,
        };
        let top = match style.anchor().v_pos {
            VPos::Top => -height * 0.1,
            VPos::Center => -height / 2.0,
            VPos::Bottom => -height * 0.9,
        };
        let mut spots = Vec::new();
        for Laid { glyph, left: shift } in laid {
            let base = ab_glyph::point(left + shift, top + ascent);
            let Some(outline) = self.font.outline_glyph(glyph.with_scale_and_position(size, base)) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, cover| {
                spots.push((
                    corner.x as i32 + x.cast_signed(),
                    corner.y as i32 + y.cast_signed(),
                    cover,
                ));
            });
        }
        let (colour, (width, height)) = (style.color(), self.get_size());
        for (x, y, cover) in spots {
            let (x, y) = style.transform().transform(x, y);
            let (x, y) = (at.0 + x, at.1 + y);
            let is_within = (0..width.cast_signed()).contains(&x) && (0..height.cast_signed()).contains(&y);
            if is_within && cover > 0.0 {
                let alpha = colour.alpha * f64::from(cover.min(1.0));
                self.pixels.draw_pixel((x, y), BackendColor { alpha, ..colour })?;
            }
        }
        Ok(())
    }
}
