//! Where each kind of telemetry goes, as the command line and the variables of OpenTelemetry say.

/// The URLs; `None` where something is not to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub(super) traces: Option<String>,
    pub(super) metrics: Option<String>,
    pub(super) logs: Option<String>,
}

impl Endpoints {
    /// `url` is that of the collector. Without it, `OTEL_EXPORTER_OTLP_ENDPOINT` is, or
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` and so on, which are taken as they are.
    pub(super) fn of(url: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let is = |name: &str, value: &str| {
            variable(name).is_some_and(|it| it.trim().eq_ignore_ascii_case(value))
        };
        let is_disabled = is("OTEL_SDK_DISABLED", "true");
        let of = |signal: &str| {
            let capitals = signal.to_uppercase();
            if is_disabled || is(&format!("OTEL_{capitals}_EXPORTER"), "none") {
                return None;
            }
            let own = variable(&format!("OTEL_EXPORTER_OTLP_{capitals}_ENDPOINT"));
            let own = own.filter(|_| url.is_none());
            let base =
                || url.map(str::to_owned).or_else(|| variable("OTEL_EXPORTER_OTLP_ENDPOINT"));
            own.or_else(|| Some(format!("{}/v1/{signal}", base()?.trim_end_matches('/'))))
        };
        Endpoints { traces: of("traces"), metrics: of("metrics"), logs: of("logs") }
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        [&self.traces, &self.metrics, &self.logs].into_iter().flatten()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Whether certificates are needed.
    pub(super) fn are_secure(&self) -> bool {
        self.all().any(|url| url.starts_with("https:"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: Option<&str>, variables: &[(&str, &str)]) -> [Option<String>; 3] {
        let get = |name: &str| {
            let found = variables.iter().find(|(it, _)| *it == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let Endpoints { traces, metrics, logs } = Endpoints::of(url, get);
        [traces, metrics, logs]
    }

    const GENERAL: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:4318");
    const TRACES: (&str, &str) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces/at");

    #[test]
    fn the_paths_are_those_of_the_collector() {
        let all = ["traces", "metrics", "logs"];
        let expected = all.map(|signal| Some(format!("http://a/b/v1/{signal}")));
        assert_eq!(of(Some("http://a/b"), &[GENERAL, TRACES]), expected);
        assert_eq!(of(Some("http://a/b/"), &[]), expected);
        let expected = all.map(|signal| Some(format!("http://general:4318/v1/{signal}")));
        assert_eq!(of(None, &[GENERAL]), expected);
    }

    #[test]
    fn a_variable_of_one_signal_is_taken_as_it_is() {
        let [traces, metrics, _] = of(None, &[GENERAL, TRACES]);
        assert_eq!(traces.as_deref(), Some("http://traces/at"));
        assert_eq!(metrics.as_deref(), Some("http://general:4318/v1/metrics"));
        assert_eq!(of(None, &[TRACES]), [Some("http://traces/at".to_owned()), None, None]);
    }

    #[test]
    fn nothing_is_sent_unless_it_is_wanted() {
        let none = [None, None, None];
        assert_eq!(of(None, &[]), none);
        assert_eq!(of(None, &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), none);
        assert_eq!(of(Some("http://a"), &[("OTEL_SDK_DISABLED", "True")]), none);
        let [traces, metrics, logs] = of(Some("http://a"), &[("OTEL_METRICS_EXPORTER", "none")]);
        assert!(traces.is_some() && metrics.is_none() && logs.is_some());
    }
}
