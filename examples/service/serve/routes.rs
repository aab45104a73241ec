//! Owns which requests there are, and how each is answered. Never waits or computes by itself: a thread that answers has
//! nothing to do that takes time, and so health is prompt.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{Path, State};
use axum::middleware;
use axum::routing::{get, post};
use tokio::time::timeout_at;

use super::app::App;
use super::refusal::Refusal;
use super::requests;

/// All requests, counted.
pub(super) fn router(app: App) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/snapshot", get(snapshot))
        .route("/wait/{ms}", get(wait))
        .route("/digest/{rounds}", get(digest))
        .route("/digest", post(digest_of_body))
        .route("/fetch/{ms}/{rounds}", get(fetch))
        .route("/panic", get(defect))
        .layer(middleware::from_fn_with_state(app.requests.clone(), requests::count))
        .with_state(app)
}

async fn health() -> &'static str {
    "well\n"
}

async fn snapshot(State(app): State<App>) -> String {
    format!("{}\n{}\n", app.requests, app.yard.snapshot())
}

async fn wait(State(app): State<App>, Path(ms): Path<u64>) -> Result<Vec<u8>, Refusal> {
    app.page(Duration::from_millis(ms), app.deadline()).await
}

async fn digest(State(app): State<App>, Path(rounds): Path<u32>) -> Result<String, Refusal> {
    app.digest("", rounds, app.deadline()).await.map(line)
}

async fn digest_of_body(State(app): State<App>, body: Body) -> Result<String, Refusal> {
    let by = app.deadline();
    // What says of itself that it is too long need not come.
    if body.size_hint().lower() > MOST_BODY_BYTES as u64 {
        return Err(Refusal::TooLong);
    }
    let body = timeout_at(by, to_bytes(body, MOST_BODY_BYTES)).await.map_err(|_| Refusal::TooSlow)?;
    app.digest(body.map_err(|_| Refusal::TooLong)?, 1, by).await.map(line)
}

async fn fetch(State(app): State<App>, Path((ms, rounds)): Path<(u64, u32)>) -> Result<String, Refusal> {
    let by = app.deadline();
    let page = app.page(Duration::from_millis(ms), by).await?;
    app.digest(page, rounds, by).await.map(line)
}

async fn defect(State(app): State<App>) -> Result<(), Refusal> {
    app.defect().await
}

fn line(digest: String) -> String {
    digest + "\n"
}

/// What a request may have the service keep.
const MOST_BODY_BYTES: usize = 2 << 20;
