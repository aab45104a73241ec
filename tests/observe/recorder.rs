//! Owns what the tests see of spans and log records: everything at INFO and above, in this whole process. Never tells
//! tests apart, so each names its tasks and spans as no other does.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// The fields of a span or a record; the message is the field `message`.
pub(crate) type Fields = BTreeMap<&'static str, String>;

#[derive(Clone, Debug)]
pub(crate) struct SeenSpan {
    pub(crate) meta: &'static Metadata<'static>,
    pub(crate) fields: Fields,
    /// The span above it, by its place in the list.
    pub(crate) parent: Option<usize>,
    pub(crate) entered: usize,
    pub(crate) closed: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenRecord {
    pub(crate) level: Level,
    pub(crate) fields: Fields,
    /// The span it was written in, by its place in the list.
    pub(crate) span: Option<usize>,
}

impl SeenRecord {
    pub(crate) fn message(&self) -> &str {
        &self.fields["message"]
    }

    pub(crate) fn is(&self, field: &str, value: &str) -> bool {
        self.fields.get(field).is_some_and(|is| is == value)
    }
}

#[derive(Default)]
struct Seen {
    spans: Vec<SeenSpan>,
    records: Vec<SeenRecord>,
}

#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Seen>>);

/// Where a span is in the list; the registry uses its own ids again.
struct At(usize);

impl Recorder {
    /// The recorder of this process.
    pub(crate) fn here() -> Self {
        static RECORDER: OnceLock<Recorder> = OnceLock::new();
        let install = || {
            let recorder = Self::default();
            let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(recorder.clone());
            tracing::subscriber::set_global_default(subscriber).unwrap();
            recorder
        };
        RECORDER.get_or_init(install).clone()
    }

    /// A test that fails may do so with the list in its hands.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one span with this value in this field.
    #[track_caller]
    pub(crate) fn span(&self, field: &str, value: &str) -> SeenSpan {
        let at = self.at(field, value);
        self.seen().spans[at].clone()
    }

    /// The span of the one task with this name.
    #[track_caller]
    pub(crate) fn task(&self, name: &str) -> SeenSpan {
        self.span("name", name)
    }

    /// The span at this place in the list.
    pub(crate) fn nth(&self, at: usize) -> SeenSpan {
        self.seen().spans[at].clone()
    }

    /// How many spans are right below this one.
    pub(crate) fn children(&self, of: usize) -> usize {
        self.seen().spans.iter().filter(|span| span.parent == Some(of)).count()
    }

    /// Where that span is in the list.
    #[track_caller]
    pub(crate) fn at(&self, field: &str, value: &str) -> usize {
        let seen = self.seen();
        let is_it = |span: &SeenSpan| span.fields.get(field).is_some_and(|is| is == value);
        let found: Vec<usize> = (0..seen.spans.len()).filter(|&at| is_it(&seen.spans[at])).collect();
        assert_eq!(found.len(), 1, "spans with {field} {value:?}: {found:?}");
        found[0]
    }

    pub(crate) fn records(&self, is_meant: impl Fn(&SeenRecord) -> bool) -> Vec<SeenRecord> {
        self.seen().records.iter().filter(|record| is_meant(record)).cloned().collect()
    }

    /// The one record with this message.
    #[track_caller]
    pub(crate) fn record(&self, message: &str) -> SeenRecord {
        let mut found = self.records(|record| record.message() == message);
        assert_eq!(found.len(), 1, "records {message:?}: {found:?}");
        found.remove(0)
    }

    fn change(
        &self,
        ctx: &Context<'_, impl Subscriber + for<'a> LookupSpan<'a>>,
        id: &Id,
        how: impl Fn(&mut SeenSpan),
    ) {
        let span = ctx.span(id).expect("the span is known");
        let at = span.extensions().get::<At>().map(|at| at.0);
        if let Some(at) = at {
            how(&mut self.seen().spans[at]);
        }
    }
}

struct Taking<'a>(&'a mut Fields);

impl Visit for Taking<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let span = ctx.span(id).expect("the span is known");
        let parent = span.parent().and_then(|parent| parent.extensions().get::<At>().map(|at| at.0));
        let mut fields = Fields::new();
        attributes.record(&mut Taking(&mut fields));
        let mut seen = self.seen();
        span.extensions_mut().insert(At(seen.spans.len()));
        seen.spans.push(SeenSpan { meta: attributes.metadata(), fields, parent, entered: 0, closed: 0 });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        self.change(&ctx, id, |span| values.record(&mut Taking(&mut span.fields)));
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        self.change(&ctx, id, |span| span.entered += 1);
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        self.change(&ctx, &id, |span| span.closed += 1);
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut fields = Fields::new();
        event.record(&mut Taking(&mut fields));
        let span = ctx.event_span(event).and_then(|span| span.extensions().get::<At>().map(|at| at.0));
        self.seen().records.push(SeenRecord { level: *event.metadata().level(), fields, span });
    }
}
