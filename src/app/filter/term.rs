//! What can be asked of a device.

use std::fmt::{self, Write as _};

use super::error::{FilterError, quote};
use super::hex::{AddressPart, RpiPart, ServiceUuid};
use super::lexer::{Value, needs_quotes, value_needs_quotes};
use super::number::{self, Op, Test};
use super::propose;
use crate::lab::address::AddressKind;
use crate::lab::advert::PduType;
use crate::lab::assigned::{company, company_name};
use crate::lab::beacon::Family;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// Lower-case text that the table shows.
    Text(Box<str>),
    /// Lower-case text in the name.
    Name(Box<str>),
    Choice(Choice),
    Address(AddressPart),
    Rpi(RpiPart),
    Company(Company),
    Service(ServiceUuid),
    Number(Quantity, Test),
}

/// What has one of several words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Kind,
    AddressKind,
    Pdu,
    Flag,
}

/// A word that stands for some of those there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) sort: Sort,
    /// Lower case.
    word: Box<str>,
    /// A bit for each, by its number.
    mask: u64,
}

/// A company, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Company {
    Number(u16),
    /// Lower-case beginning of the name.
    Name(Box<str>),
}

/// What is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    Rssi,
    Age,
    Rate,
    Heard,
    Rotations,
}

/// What a device can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// More than one identifier under this address.
    Rotating,
    /// Address and identifier did not change together.
    OutOfStep,
    /// With any sign that it does not rotate as it should.
    Doubtful,
    /// It tells a name.
    Named,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Choice(Sort),
    Address,
    Rpi,
    Company,
    Service,
    Name,
    Number(Quantity),
}

const _: () = assert!(Family::ALL.len() <= 64, "a bit for each");

const KEYS: [(&str, Key); 15] = [
    ("kind", Key::Choice(Sort::Kind)),
    ("addr", Key::Address),
    ("address", Key::Address),
    ("addrkind", Key::Choice(Sort::AddressKind)),
    ("rpi", Key::Rpi),
    ("company", Key::Company),
    ("service", Key::Service),
    ("name", Key::Name),
    ("pdu", Key::Choice(Sort::Pdu)),
    ("is", Key::Choice(Sort::Flag)),
    ("rssi", Key::Number(Quantity::Rssi)),
    ("age", Key::Number(Quantity::Age)),
    ("rate", Key::Number(Quantity::Rate)),
    ("heard", Key::Number(Quantity::Heard)),
    ("rot", Key::Number(Quantity::Rotations)),
];

/// What completes a term that begins with this: keys with their sign, and after one the words that it takes.
pub(super) fn completions(begun: &str) -> Vec<String> {
    let begun = begun.to_lowercase();
    let keys = KEYS.iter().flat_map(|(name, key)| match key {
        Key::Choice(sort) if begun.starts_with(&format!("{name}:")) => {
            let mut words: Vec<String> = sort
                .words()
                .into_iter()
                .map(|(word, _)| format!("{name}:{word}"))
                .collect();
            words.sort_unstable();
            words.dedup();
            words
        }
        Key::Number(_) => vec![format!("{name}>"), format!("{name}<")],
        // `address` is the same as `addr`.
        _ if *name == "address" => Vec::new(),
        _ => vec![format!("{name}:")],
    });
    keys.filter(|word| word.starts_with(&begun)).collect()
}

impl Quantity {
    const fn word(self) -> &'static str {
        match self {
            Self::Rssi => "rssi",
            Self::Age => "age",
            Self::Rate => "rate",
            Self::Heard => "heard",
            Self::Rotations => "rot",
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Rssi => "rssi>-70",
            Self::Age => "age<30s",
            Self::Rate => "rate>1.5",
            Self::Heard => "heard>100",
            Self::Rotations => "rot>0",
        }
    }

    fn read(self, text: &str) -> Option<i64> {
        match self {
            Self::Age => number::span(text),
            _ => number::decimal(text),
        }
    }

    fn write(self, f: &mut fmt::Formatter<'_>, value: i64) -> fmt::Result {
        match self {
            Self::Age => number::write_span(f, value),
            _ => number::write_decimal(f, value),
        }
    }
}

impl Flag {
    pub(super) const ALL: [Self; 4] = [Self::Rotating, Self::OutOfStep, Self::Doubtful, Self::Named];

    const fn word(self) -> &'static str {
        match self {
            Self::Rotating => "rotating",
            Self::OutOfStep => "outofstep",
            Self::Doubtful => "doubtful",
            Self::Named => "named",
        }
    }
}

impl Sort {
    const fn key(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::AddressKind => "addrkind",
            Self::Pdu => "pdu",
            Self::Flag => "is",
        }
    }

    /// The words there are, each with the bits of what it stands for. A prefix of a word stands for the same.
    fn words(self) -> Vec<(String, u64)> {
        let mut words = Vec::new();
        match self {
            Self::Kind => {
                for family in Family::ALL {
                    words.push((family.word().to_owned(), 1 << *family as u8));
                    words.push((family.group().word().to_owned(), 1 << *family as u8));
                }
            }
            Self::AddressKind => {
                for kind in AddressKind::ALL {
                    words.push((kind.word().to_owned(), 1 << kind as u8));
                    let short = kind.word().strip_prefix("random-");
                    words.extend(short.map(|word| (word.to_owned(), 1 << kind as u8)));
                }
            }
            Self::Pdu => {
                for pdu in PduType::ALL {
                    let word = pdu.word().to_ascii_lowercase();
                    let short = word.strip_prefix("adv_");
                    words.extend(short.map(|word| (word.to_owned(), 1 << pdu as u8)));
                    words.push((word, 1 << pdu as u8));
                }
            }
            Self::Flag => words.extend(Flag::ALL.map(|flag| (flag.word().to_owned(), 1 << flag as u8))),
        }
        words
    }
}

impl Choice {
    fn read(sort: Sort, value: &Value) -> Result<Self, FilterError> {
        let word = value.text.to_lowercase();
        let mut letters = word.chars();
        let letter = match (sort, letters.next(), letters.next()) {
            (Sort::AddressKind, Some(letter), None) => Some(letter.to_ascii_uppercase()),
            _ => None,
        };
        let of_letter = AddressKind::ALL
            .into_iter()
            .filter(|kind| Some(kind.letter()) == letter);
        let mut mask = of_letter.fold(0, |mask, kind| mask | 1 << kind as u8);
        let words = sort.words();
        if mask == 0 {
            let begun = words.iter().filter(|(known, _)| known.starts_with(&word));
            mask = begun.fold(0, |mask, (_, bits)| mask | bits);
        }
        if mask == 0 {
            let key = sort.key();
            let problem = format!("no {key}:{}", quote(&value.text));
            let known = words.iter().map(|(known, _)| &**known);
            let hint = match (propose(&word, known, |word| format!("{key}:{word}")), sort) {
                (hint, Sort::Flag) if hint.is_empty() => "there are doubtful, outofstep, rotating and named".to_owned(),
                (hint, _) => hint,
            };
            return Err(FilterError::new(value.at, problem, hint));
        }
        Ok(Self {
            sort,
            word: word.into(),
            mask,
        })
    }

    pub(super) const fn has(&self, number: u8) -> bool {
        self.mask >> number & 1 == 1
    }
}

impl Company {
    fn read(value: &Value) -> Result<Self, FilterError> {
        let text = value.text.to_lowercase();
        let fault = |problem: &str, hint: String| Err(FilterError::new(value.at, problem, hint));
        let hex = text.strip_prefix("0x");
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        if hex.is_some() || is_number {
            let digits = hex.unwrap_or(&text);
            let number = u16::from_str_radix(digits, if hex.is_some() { 16 } else { 10 });
            return match number {
                Ok(number) if !digits.starts_with('+') => Ok(Self::Number(number)),
                _ => fault("no company number", "write 0x004c, or 76".to_owned()),
            };
        }
        let mut names = company::ALL.into_iter().filter_map(company_name).map(str::to_lowercase);
        if names.any(|name| name.starts_with(&text)) {
            return Ok(Self::Name(text.into()));
        }
        let hint = if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            format!("write 0x{text}")
        } else {
            let names = company::ALL.into_iter().filter_map(company_name);
            let lower: Vec<String> = names.map(str::to_lowercase).collect();
            propose(&text, lower.iter().map(|name| &**name), |name| {
                format!("company:{name}")
            })
        };
        fault(&format!("no known company {}", quote(&value.text)), hint)
    }
}

impl Term {
    /// A word or a quoted text alone.
    pub(super) fn text(text: &str, at: usize) -> Result<Self, FilterError> {
        if text.is_empty() {
            return Err(FilterError::new(at, "nothing between the quotes", ""));
        }
        Ok(Self::Text(text.to_lowercase().into()))
    }

    /// `key:value`
    pub(super) fn field(word: &str, at: usize, value: &Value) -> Result<Self, FilterError> {
        let key = find_key(word, at, ":")?;
        if value.text.is_empty() {
            let hint = match key {
                Key::Number(quantity) => format!("write {}", quantity.example()),
                _ => String::new(),
            };
            return Err(FilterError::new(
                value.at,
                format!("nothing after {}:", quote(word)),
                hint,
            ));
        }
        let fault = |what: &str, hint: &str| FilterError::new(value.at, format!("{} {what}", quote(&value.text)), hint);
        match key {
            Key::Choice(sort) => Choice::read(sort, value).map(Self::Choice),
            Key::Address => AddressPart::read(&value.text)
                .map(Self::Address)
                .ok_or_else(|| fault("is no part of an address", "write addr:5e:1b")),
            Key::Rpi => RpiPart::read(&value.text)
                .map(Self::Rpi)
                .ok_or_else(|| fault("begins no RPI", "write rpi:7e3c")),
            Key::Company => Company::read(value).map(Self::Company),
            Key::Service => ServiceUuid::read(&value.text)
                .map(Self::Service)
                .ok_or_else(|| fault("is no UUID", "write service:fd6f")),
            Key::Name => Ok(Self::Name(value.text.to_lowercase().into())),
            Key::Number(quantity) => Test::range(&value.text, |text| quantity.read(text))
                .map(|test| Self::Number(quantity, test))
                .ok_or_else(|| not_a_number(quantity, value)),
        }
    }

    /// `key op value`
    pub(super) fn compared(word: &str, at: usize, op: Op, value: &Value) -> Result<Self, FilterError> {
        let Key::Number(quantity) = find_key(word, at, op.sign())? else {
            let word = word.to_lowercase();
            let hint = format!("write {word}:");
            return Err(FilterError::new(at, format!("{word} is not compared"), hint));
        };
        quantity
            .read(&value.text)
            .map(|number| Self::Number(quantity, Test::Is(op, number)))
            .ok_or_else(|| not_a_number(quantity, value))
    }
}

fn find_key(word: &str, at: usize, sign: &str) -> Result<Key, FilterError> {
    let lower = word.to_lowercase();
    let found = KEYS.into_iter().find(|(known, _)| *known == lower);
    found.map(|(_, key)| key).ok_or_else(|| {
        let sign_of = |known: &str| match KEYS.into_iter().find(|(word, _)| *word == known) {
            Some((_, Key::Number(_))) => sign.to_owned(),
            _ => ":".to_owned(),
        };
        let known = KEYS.into_iter().map(|(known, _)| known);
        let hint = propose(&lower, known, |known| format!("{known}{}", sign_of(known)));
        FilterError::new(at, format!("no key {}{sign}", quote(word)), hint)
    })
}

fn not_a_number(quantity: Quantity, value: &Value) -> FilterError {
    let what = match quantity {
        Quantity::Age => "time",
        _ => "number",
    };
    let problem = match &*value.text {
        "" => format!("no {what}"),
        text => format!("{} is no {what}", quote(text)),
    };
    FilterError::new(value.at, problem, format!("write {}", quantity.example()))
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write_text(f, text, needs_quotes(text)),
            Self::Name(text) => {
                f.write_str("name:")?;
                write_text(f, text, value_needs_quotes(text))
            }
            Self::Choice(Choice { sort, word, .. }) => write!(f, "{}:{word}", sort.key()),
            Self::Address(part) => write!(f, "addr:{part}"),
            Self::Rpi(part) => write!(f, "rpi:{part}"),
            Self::Company(Company::Number(number)) => write!(f, "company:0x{number:04x}"),
            Self::Company(Company::Name(name)) => {
                f.write_str("company:")?;
                write_text(f, name, value_needs_quotes(name))
            }
            Self::Service(uuid) => write!(f, "service:{uuid}"),
            Self::Number(quantity, Test::Is(op, number)) => {
                write!(f, "{}{}", quantity.word(), op.sign())?;
                quantity.write(f, *number)
            }
            Self::Number(quantity, Test::Within(least, most)) => {
                write!(f, "{}:", quantity.word())?;
                quantity.write(f, *least)?;
                f.write_str("..")?;
                quantity.write(f, *most)
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str, is_quoted: bool) -> fmt::Result {
    if !is_quoted {
        return f.write_str(text);
    }
    f.write_char('"')?;
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(letter)?;
    }
    f.write_char('"')
}
