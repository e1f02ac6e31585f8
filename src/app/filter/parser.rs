//! From tokens to an expression, and back to text.

use std::fmt;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::error::FilterError;
use super::lexer::{self, Placed, Token};
use super::term::Term;

/// Most parentheses and negations within each other: all walks over an expression are recursive.
const MOST_DEPTH: usize = 32;

/// Terms and how they are joined.
///
/// No conjunction stands directly in a conjunction and no disjunction in a disjunction; each has two parts or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    Term(Term),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Expr {
    pub(super) fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// All of the parts, of which there is at least one.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::All(parts) => parts,
            part => vec![part],
        });
        Self::one_or(flat.collect(), Self::All)
    }

    /// One of the parts, of which there is at least one.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::Any(parts) => parts,
            part => vec![part],
        });
        Self::one_or(flat.collect(), Self::Any)
    }

    fn one_or(mut parts: Vec<Self>, joined: fn(Vec<Self>) -> Self) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                joined(parts)
            }
        }
    }

    /// Writes it so that it can stand where only tighter operators may.
    fn write_within(&self, f: &mut fmt::Formatter<'_>, needs_brackets: bool) -> fmt::Result {
        if needs_brackets {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => write!(f, "{term}"),
            Self::Not(inner) => {
                f.write_str("not ")?;
                inner.write_within(f, matches!(**inner, Self::All(_) | Self::Any(_)))
            }
            Self::All(parts) => parts.iter().enumerate().try_for_each(|(idx, part)| {
                f.write_str(if idx > 0 { " " } else { "" })?;
                part.write_within(f, matches!(part, Self::Any(_)))
            }),
            Self::Any(parts) => parts.iter().enumerate().try_for_each(|(idx, part)| {
                f.write_str(if idx > 0 { " or " } else { "" })?;
                write!(f, "{part}")
            }),
        }
    }
}

/// The expression of a text; `None` where it has no term.
pub(super) fn parse(text: &str) -> Result<Option<Expr>, FilterError> {
    let tokens = lexer::tokens(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser {
        tokens: tokens.into_iter().peekable(),
        end: text.chars().count(),
        depth: 0,
    };
    let expr = parser.either("")?;
    match parser.tokens.next() {
        // Anything else would have gone on with the expression.
        Some(Placed { at, .. }) => Err(FilterError::new(at, "this ) closes nothing", "")),
        None => Ok(Some(expr)),
    }
}

struct Parser {
    tokens: Peekable<IntoIter<Placed>>,
    end: usize,
    depth: usize,
}

impl Parser {
    fn peek(&mut self) -> Option<&Token> {
        self.tokens.peek().map(|placed| &placed.token)
    }

    /// `after` is what stands in front, for the message if nothing follows.
    fn either(&mut self, after: &'static str) -> Result<Expr, FilterError> {
        let mut parts = vec![self.all(after)?];
        while self.tokens.next_if(|placed| placed.token == Token::Or).is_some() {
            parts.push(self.all("or")?);
        }
        Ok(Expr::any(parts))
    }

    fn all(&mut self, after: &'static str) -> Result<Expr, FilterError> {
        let mut parts = vec![self.unary(after)?];
        loop {
            match self.peek() {
                None | Some(Token::Or | Token::Close) => return Ok(Expr::all(parts)),
                Some(Token::And) => {
                    self.tokens.next();
                    parts.push(self.unary("and")?);
                }
                Some(_) => parts.push(self.unary("")?),
            }
        }
    }

    fn unary(&mut self, after: &'static str) -> Result<Expr, FilterError> {
        let Some(Placed { at, token }) = self.tokens.next() else {
            return Err(nothing(self.end, after, "the end"));
        };
        match token {
            Token::Not => {
                self.descend(at)?;
                let inner = self.unary("not")?;
                self.depth -= 1;
                Ok(inner.not())
            }
            Token::Open => {
                self.descend(at)?;
                let inner = self.either("(")?;
                self.depth -= 1;
                match self.tokens.next() {
                    Some(_) => Ok(inner),
                    None => Err(FilterError::new(at, "this ( is not closed", "")),
                }
            }
            Token::And => Err(nothing(at, after, "and")),
            Token::Or => Err(nothing(at, after, "or")),
            Token::Close => Err(nothing(at, after, ")")),
            Token::Compare(op, _) => {
                let problem = format!("nothing to compare before {}", op.sign());
                Err(FilterError::new(at, problem, "write rssi>-70"))
            }
            Token::Quoted(text) => Term::text(&text, at).map(Expr::Term),
            Token::Field(key, value) => Term::field(&key, at, &value).map(Expr::Term),
            Token::Word(word) => {
                let is_compared = |next: &Placed| matches!(next.token, Token::Compare(..));
                match self.tokens.next_if(is_compared).map(|next| next.token) {
                    Some(Token::Compare(op, value)) => Term::compared(&word, at, op, &value).map(Expr::Term),
                    _ => Term::text(&word, at).map(Expr::Term),
                }
            }
        }
    }

    fn descend(&mut self, at: usize) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(FilterError::new(at, format!("more than {MOST_DEPTH} levels deep"), ""));
        }
        Ok(())
    }
}

fn nothing(at: usize, after: &str, before: &str) -> FilterError {
    let problem = match after {
        "" => format!("nothing before {before}"),
        _ => format!("nothing after {after}"),
    };
    FilterError::new(at, problem, "")
}
