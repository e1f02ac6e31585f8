//! A page of HTML that is whole by itself: no script, no request, light and dark, well formed as XML too.

use std::fmt::Write as _;

use super::plot::{Plot, PlotError};
use crate::lab::text::printable;

const STYLE: &str = include_str!("page/style.css");
/// A text from outside that is longer is cut.
const LONGEST: usize = 2_000;
/// So many letters of a name, or of a cell of a table, are shown.
const CELL: usize = 200;
/// A cell with more letters makes its column a wide one.
const LONG: usize = 40;
/// So many rows of a table are shown.
const ROWS: usize = 1_000;

/// The first letters of a text; of one that is longer, with `…` at the end.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Text that means itself in HTML and XML, within elements and attributes; what could steer a reader is replaced, and what
/// is too long is cut.
#[must_use]
pub fn escape(text: &str) -> String {
    escape_of(text, LONGEST)
}

fn escape_of(text: &str, most: usize) -> String {
    let text = cut(&printable(text), most);
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// A table; the first column names the rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table<H = &'static str> {
    /// What it shows.
    pub caption: String,
    /// Heads of the columns, and whether they hold numbers.
    pub columns: Vec<(H, bool)>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

/// A page that is being written.
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    lead: String,
    /// Heads of the sections.
    sections: Vec<&'static str>,
    body: String,
}

impl Page {
    /// With its title, and what it is in a sentence.
    #[must_use]
    pub fn new(title: &str, lead: &str) -> Self {
        Self {
            title: escape(title),
            lead: escape(lead),
            sections: Vec::new(),
            body: String::new(),
        }
    }

    /// Begins a section.
    pub fn section(&mut self, head: &'static str) {
        self.sections.push(head);
        let number = self.sections.len();
        self.put(format_args!("<h2 id=\"s{number}\">{}</h2>\n", escape(head)));
    }

    /// Begins a part of a section.
    pub fn part(&mut self, head: &str) {
        self.put(format_args!("<h3>{}</h3>\n", escape_of(head, CELL)));
    }

    /// A paragraph.
    pub fn text(&mut self, text: &str) {
        self.put(format_args!("<p>{}</p>\n", escape(text)));
    }

    /// A list.
    pub fn list<T: AsRef<str>>(&mut self, items: impl IntoIterator<Item = T>) {
        self.items("<ul>", items);
    }

    /// A list of what is to be heeded.
    pub fn warnings<T: AsRef<str>>(&mut self, items: impl IntoIterator<Item = T>) {
        self.items("<ul class=\"warnings\">", items);
    }

    fn items<T: AsRef<str>>(&mut self, begin: &str, items: impl IntoIterator<Item = T>) {
        let mut items = items.into_iter().peekable();
        // A list of nothing is no list.
        if items.peek().is_none() {
            return;
        }
        self.put(format_args!("{begin}\n"));
        for item in items {
            self.put(format_args!("<li>{}</li>\n", escape(item.as_ref())));
        }
        self.put(format_args!("</ul>\n"));
    }

    /// Terms and what is told of each.
    pub fn facts<T: AsRef<str>>(&mut self, facts: impl IntoIterator<Item = (T, String)>) {
        self.put(format_args!("<dl>\n"));
        for (term, fact) in facts {
            self.put(format_args!(
                "<dt>{}</dt><dd>{}</dd>\n",
                escape_of(term.as_ref(), CELL),
                escape(&fact)
            ));
        }
        self.put(format_args!("</dl>\n"));
    }

    /// Lines for a shell or an editor.
    pub fn code<T: AsRef<str>>(&mut self, lines: impl IntoIterator<Item = T>) {
        let lines: Vec<String> = lines.into_iter().map(|line| escape(line.as_ref())).collect();
        self.put(format_args!("<pre>{}</pre>\n", lines.join("\n")));
    }

    /// A table; only the first thousand rows, and that is said.
    pub fn table<H: AsRef<str>>(&mut self, table: &Table<H>) {
        // Long texts keep a width at which they can be read; where that is too much, the table can be moved.
        let is_long = |column: usize| {
            let cells = table.rows.iter().take(ROWS).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).any(|letters| letters > LONG)
        };
        let kinds: Vec<&str> = (0..)
            .zip(&table.columns)
            .map(|(column, (_, is_number))| match is_number {
                true => " class=\"number\"",
                false if is_long(column) => " class=\"long\"",
                false => "",
            })
            .collect();
        let kind = |column: usize| kinds.get(column).copied().unwrap_or_default();
        let caption = escape(&table.caption);
        // What can be scrolled can be reached without a mouse.
        self.put(format_args!(
            "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n<table>\n\
             <caption>{caption}</caption>\n<thead><tr>"
        ));
        for (column, (head, _)) in table.columns.iter().enumerate() {
            self.put(format_args!(
                "<th scope=\"col\"{}>{}</th>",
                kind(column),
                escape_of(head.as_ref(), CELL)
            ));
        }
        self.put(format_args!("</tr></thead>\n<tbody>\n"));
        for row in table.rows.iter().take(ROWS) {
            self.put(format_args!("<tr>"));
            for (column, cell) in row.iter().enumerate() {
                let cell = escape_of(cell, CELL);
                if column == 0 {
                    self.put(format_args!("<th scope=\"row\">{cell}</th>"));
                } else {
                    self.put(format_args!("<td{}>{cell}</td>", kind(column)));
                }
            }
            self.put(format_args!("</tr>\n"));
        }
        self.put(format_args!("</tbody>\n</table>\n</div>\n"));
        if let Some(more) = table.rows.len().checked_sub(ROWS).filter(|more| *more > 0) {
            self.text(&format!("{more} more rows are not shown here."));
        }
    }

    /// A plot with what it shows below it.
    ///
    /// # Errors
    /// [`PlotError`] when it cannot be drawn.
    pub fn plot(&mut self, plot: &Plot) -> Result<(), PlotError> {
        self.part(&plot.title);
        let drawn = plot.inline()?;
        let told = escape(&plot.description);
        self.put(format_args!(
            "<figure>\n<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n{drawn}</div>\n<figcaption>{told}</figcaption>\n</figure>\n",
            escape_of(&plot.title, CELL)
        ));
        Ok(())
    }

    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.body.write_fmt(what);
    }

    /// The page.
    #[must_use]
    pub fn finish(self) -> String {
        let Self {
            title,
            lead,
            sections,
            body,
        } = self;
        let mut links = String::new();
        for (number, head) in (1..).zip(&sections) {
            // Writing to a string cannot fail.
            let _ = writeln!(links, "<li><a href=\"#s{number}\">{}</a></li>", escape(head));
        }
        let version = env!("CARGO_PKG_VERSION");
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
             <meta name=\"generator\" content=\"Vicino {version}\"/>\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n<h1>{title}</h1>\n\
             <p class=\"lead\">{lead}</p>\n<nav aria-label=\"Sections\"><ul>\n{links}</ul></nav>\n</header>\n{body}\
             <footer>Made by Vicino {version}. This page needs no network and runs no script.</footer>\n\
             </main>\n</body>\n</html>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::{Axis, Marks, Scale, Series};

    /// The elements of a page that is well formed.
    fn elements(page: &str) -> Vec<String> {
        let options = roxmltree::ParsingOptions {
            allow_dtd: true,
            ..roxmltree::ParsingOptions::default()
        };
        let document = roxmltree::Document::parse_with_options(page, options).expect("well formed");
        document
            .descendants()
            .filter(roxmltree::Node::is_element)
            .map(|node| node.tag_name().name().to_owned())
            .collect()
    }

    #[test]
    fn a_page_of_hostile_texts_is_well_formed_and_has_no_script_and_no_request() {
        for hostile in [
            "</style><script>alert(1)</script>\"'&]]>",
            "\u{1b}]0;x\u{7}\u{202e}\u{0}\u{ffff}",
            &"<b>".repeat(10_000),
        ] {
            let mut page = Page::new(hostile, hostile);
            page.section("Summary");
            page.part(hostile);
            page.text(hostile);
            page.list([hostile]);
            page.warnings([hostile]);
            page.facts([(hostile, hostile.to_owned())]);
            page.code([hostile, hostile]);
            page.table(&Table {
                caption: hostile.to_owned(),
                columns: vec![("phone", false), ("level", true)],
                rows: vec![vec![hostile.to_owned(), hostile.to_owned()]; ROWS + 2],
            });
            let plot = Plot {
                name: "one",
                title: hostile.to_owned(),
                description: hostile.to_owned(),
                x: Axis::over(hostile, [1.0, 2.0], Scale::Linear),
                y: Axis::names(hostile, vec![hostile.to_owned()]),
                series: vec![
                    Series::new(hostile, 0, Marks::Dots(vec![[1.0, 0.0]])),
                    Series::new(hostile, 1, Marks::Dots(vec![[2.0, 0.0]])),
                ],
            };
            page.plot(&plot).unwrap();
            let page = page.finish();
            let found = elements(&page);
            assert!(!found.iter().any(|name| name == "script" || name == "b"));
            assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("));
            assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{0}']));
            assert!(page.contains("2 more rows") && page.len() < 2_000_000);
        }
    }

    #[test]
    fn texts_are_cut_between_letters() {
        assert_eq!(cut("手机手机", 4), "手机手机");
        assert_eq!(cut("手机手机手", 4), "手机手…");
        assert_eq!(escape("<a href='x'>\n"), "&lt;a href=&#39;x&#39;&gt;\u{fffd}");
    }
}
