//! A filter's text, cut into tokens.

use super::error::FilterError;
use super::number::Op;

/// What a key is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) at: usize,
}

/// The smallest parts of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Not,
    And,
    Or,
    /// A word that is not quoted.
    Word(String),
    Quoted(String),
    /// `key:value`
    Field(String, Value),
    /// What follows a word that is compared.
    Compare(Op, Value),
}

/// A token and the character where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) at: usize,
    pub(super) token: Token,
}

/// All tokens of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    let mut lexer = Lexer { chars: &chars, at: 0 };
    let mut all = Vec::new();
    while let Some(placed) = lexer.next()? {
        all.push(placed);
    }
    Ok(all)
}

/// Whether it can be a part of an address or an identifier as the table shows them. Such a word has no key, in spite of
/// its colons: no key is made of these letters.
pub(super) fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
}

const fn is_bracket(found: char) -> bool {
    matches!(found, '(' | ')' | '"')
}

/// Whether a text must be quoted where it stands alone.
pub(super) fn needs_quotes(text: &str) -> bool {
    let is_special = |found: char| matches!(found, '<' | '>' | '=' | '!');
    value_needs_quotes(text)
        || text.starts_with('-')
        || text.contains(is_special)
        || (text.contains(':') && !is_hex(text))
        || keyword(text).is_some()
}

/// Whether a text must be quoted after a key.
pub(super) fn value_needs_quotes(text: &str) -> bool {
    text.is_empty() || text.contains(|found: char| found.is_whitespace() || is_bracket(found))
}

fn keyword(word: &str) -> Option<Token> {
    let words = [("and", Token::And), ("or", Token::Or), ("not", Token::Not)];
    let mut found = words
        .into_iter()
        .filter(|(keyword, _)| keyword.eq_ignore_ascii_case(word));
    found.next().map(|(_, token)| token)
}

struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take_while(&mut self, is_part: impl Fn(char, Option<char>) -> bool) -> String {
        let from = self.at;
        while let Some(found) = self.peek()
            && is_part(found, self.chars.get(self.at + 1).copied())
        {
            self.at += 1;
        }
        self.chars[from..self.at].iter().collect()
    }

    fn next(&mut self) -> Result<Option<Placed>, FilterError> {
        self.take_while(|found, _| found.is_whitespace());
        let at = self.at;
        let Some(first) = self.peek() else { return Ok(None) };
        let single = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '-' => Some(Token::Not),
            '!' if self.chars.get(at + 1) != Some(&'=') => Some(Token::Not),
            _ => None,
        };
        let token = match (single, first) {
            (Some(token), _) => {
                self.at += 1;
                token
            }
            (None, '"') => Token::Quoted(self.quoted()?),
            (None, '<' | '>' | '=' | '!') => self.comparison()?,
            (None, _) => self.word()?,
        };
        Ok(Some(Placed { at, token }))
    }

    fn word(&mut self) -> Result<Token, FilterError> {
        let at = self.at;
        let word = self.take_while(|found, next| match found {
            '<' | '>' | '=' => false,
            '!' => next != Some('='),
            _ => !found.is_whitespace() && !is_bracket(found),
        });
        let key = word.split_once(':').filter(|_| !is_hex(&word)).map(|(key, _)| key);
        let Some(key) = key else {
            return Ok(keyword(&word).unwrap_or(Token::Word(word)));
        };
        // What has a meaning of its own in front of a colon is ordinary text behind it.
        self.at = at + key.chars().count() + 1;
        Ok(Token::Field(key.to_owned(), self.value()?))
    }

    fn comparison(&mut self) -> Result<Token, FilterError> {
        let at = self.at;
        let sign = self.take_while(|found, _| matches!(found, '<' | '>' | '=' | '!'));
        let Some(op) = Op::from_sign(&sign) else {
            return Err(FilterError::new(
                at,
                format!("{} compares nothing", super::error::quote(&sign)),
                "",
            ));
        };
        self.take_while(|found, _| found.is_whitespace());
        Ok(Token::Compare(op, self.value()?))
    }

    fn value(&mut self) -> Result<Value, FilterError> {
        let at = self.at;
        let text = match self.peek() {
            Some('"') => self.quoted()?,
            _ => self.take_while(|found, _| !found.is_whitespace() && !is_bracket(found)),
        };
        Ok(Value { text, at })
    }

    fn quoted(&mut self) -> Result<String, FilterError> {
        let at = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(found) = self.peek() {
            self.at += 1;
            match (found, self.peek()) {
                ('"', _) => return Ok(text),
                ('\\', Some(escaped @ ('"' | '\\'))) => {
                    self.at += 1;
                    text.push(escaped);
                }
                _ => text.push(found),
            }
        }
        Err(FilterError::new(at, "the quote is not closed", ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Token> {
        tokens(text).unwrap().into_iter().map(|placed| placed.token).collect()
    }

    fn value(text: &str, at: usize) -> Value {
        Value {
            text: text.to_owned(),
            at,
        }
    }

    #[test]
    fn signs_divide_words_and_spaces_around_them_mean_nothing() {
        for (text, at) in [("rssi>=-70", 6), ("rssi >= -70", 8), ("rssi>= -70", 7)] {
            let compare = Token::Compare(Op::Ge, value("-70", at));
            assert_eq!(of(text), [Token::Word("rssi".to_owned()), compare], "{text}");
        }
        assert_eq!(of("-a-b!c"), [Token::Not, Token::Word("a-b!c".to_owned())]);
        assert_eq!(of("a!=1").len(), 2);
    }

    #[test]
    fn colons_divide_unless_all_is_hexadecimal() {
        assert_eq!(of("c0:1B:"), [Token::Word("c0:1B:".to_owned())]);
        assert_eq!(of("add:c"), [Token::Word("add:c".to_owned())]);
        assert_eq!(of("addr:c0:1b"), [Token::Field("addr".to_owned(), value("c0:1b", 5))]);
        assert_eq!(of("name:a=b"), [Token::Field("name".to_owned(), value("a=b", 5))]);
        assert_eq!(
            of(r#"name:"a \"b\" \c""#),
            [Token::Field("name".to_owned(), value(r#"a "b" \c"#, 5))]
        );
    }

    #[test]
    fn keywords_are_words_of_any_case_that_are_not_quoted() {
        assert_eq!(
            of(r#"AND Or not "or" android"#),
            [
                Token::And,
                Token::Or,
                Token::Not,
                Token::Quoted("or".to_owned()),
                Token::Word("android".to_owned())
            ]
        );
    }
}
