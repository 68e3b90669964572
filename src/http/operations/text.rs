//! The text that Prometheus reads: families of samples, each with a word of explanation.
//!
//! Source: Prometheus, "Exposition formats", text format 0.0.4.

use std::fmt::Display;

/// The media type of the text.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a family's samples are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only goes up, and begins anew with the process.
    Counter,
    /// Buckets, sum and count.
    Histogram,
}

/// The text as it grows.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a family.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
        };
        self.0.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// Adds a sample of the family that was begun last.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (index, (label, value)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            self.0.push_str(&format!("{before}{label}=\"{}\"", escaped(value)));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        self.0.push_str(&format!(" {value}\n"));
    }

    /// A family of one sample without labels.
    pub(super) fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_written_as_prometheus_reads_them() {
        let mut text = Text::default();
        text.family("shop_orders", Kind::Gauge, "Orders by state.");
        text.sample("shop_orders", &[("state", "placed"), ("note", "a \"b\"\\\n")], 3);
        text.single("shop_commits_total", Kind::Counter, "Commits.", 7);
        let expected = "# HELP shop_orders Orders by state.\n# TYPE shop_orders gauge\n\
            shop_orders{state=\"placed\",note=\"a \\\"b\\\"\\\\\\n\"} 3\n\
            # HELP shop_commits_total Commits.\n# TYPE shop_commits_total counter\nshop_commits_total 7\n";
        assert_eq!(text.into_string(), expected);
    }
}
