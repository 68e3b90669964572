//! An e-mail is a folder with a language in each folder: one line of subject, a text, and the same
//! as HTML.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior, Value};
use serde::{Deserialize, Serialize};

use crate::language::Language;

/// What stands on every e-mail; a section of the configuration, but for `simulated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letterhead {
    /// The shop's name.
    pub shop: String,
    /// Its address on the web, without a slash at the end.
    pub shop_url: String,
    /// Where people write to.
    pub support: String,
    /// What our Message-Ids end with: the domain that we send from.
    pub domain: String,
    /// Whether no real ticket is sold; every e-mail says so.
    #[serde(skip_deserializing)]
    pub simulated: bool,
}

/// An e-mail's three parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rendered {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

macro_rules! emails {
    ($($name:literal),+ $(,)?) => {
        /// Every e-mail there is.
        #[cfg(test)]
        pub(super) const NAMES: &[&str] = &[$($name),+];

        /// Every template and its source.
        pub(super) const TEMPLATES: &[(&str, &str)] = &[
            ("layout/de/text.txt", include_str!("templates/layout/de/text.txt")),
            ("layout/de/body.html", include_str!("templates/layout/de/body.html")),
            ("layout/en/text.txt", include_str!("templates/layout/en/text.txt")),
            ("layout/en/body.html", include_str!("templates/layout/en/body.html")),
            $(
                (concat!($name, "/de/subject.txt"), include_str!(concat!("templates/", $name, "/de/subject.txt"))),
                (concat!($name, "/de/text.txt"), include_str!(concat!("templates/", $name, "/de/text.txt"))),
                (concat!($name, "/de/body.html"), include_str!(concat!("templates/", $name, "/de/body.html"))),
                (concat!($name, "/en/subject.txt"), include_str!(concat!("templates/", $name, "/en/subject.txt"))),
                (concat!($name, "/en/text.txt"), include_str!(concat!("templates/", $name, "/en/text.txt"))),
                (concat!($name, "/en/body.html"), include_str!(concat!("templates/", $name, "/en/body.html"))),
            )+
        ];
    };
}

emails!(
    "account_code",
    "account_exists",
    "password_reset_code",
    "password_changed",
    "address_code",
    "address_taken",
    "address_changed",
    "account_deleted",
    "order_finished",
    "order_rejected",
    "order_undone",
    "money_returned",
    "ticket_return",
);

static STATIONERY: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(stationery);

/// What a template sees: the letterhead as `head`, the e-mail's facts beside it.
#[derive(Serialize)]
struct Context<'a, F: Serialize> {
    head: &'a Letterhead,
    #[serde(flatten)]
    facts: F,
}

/// Renders the e-mail `name` in one language; what people typed is escaped in the HTML and nowhere
/// else.
pub(super) fn render(
    name: &str,
    language: Language,
    head: &Letterhead,
    facts: impl Serialize,
) -> Result<Rendered, String> {
    let environment =
        STATIONERY.as_ref().map_err(|error| format!("the templates cannot be read: {error}"))?;
    let context = Value::from(Serde(Context { head, facts }));
    let part = |part: &str| {
        let template = environment.get_template(&format!("{name}/{}/{part}", language.as_str()));
        template
            .and_then(|template| template.render(context.clone()))
            .map_err(|error| format!("{name}/{part}: {error}"))
    };
    let mark = match language {
        _ if !head.simulated => "",
        Language::De => "[simuliert] ",
        Language::En => "[simulated] ",
    };
    let subject = part("subject.txt")?.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Rendered {
        subject: format!("{mark}{subject}"),
        text: part("text.txt")?,
        html: part("body.html")?,
    })
}

fn stationery() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}
