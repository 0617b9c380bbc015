//! The HTTP thread: what is asked where, and its start and end.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use corelog_engine::runtime::{self, ControlThread};
use futures_util::stream;
use tokio::sync::{Mutex, oneshot};

use super::health::Vitals;
use super::listen::Bound;
use super::page::Page;
use super::rates::Rates;
use super::scrape::Scrape;
use super::state::NodeState;

/// Prometheus' text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A running HTTP thread. It ends when this is dropped.
pub struct HttpThread {
    end: Option<oneshot::Sender<()>>,
    thread: Option<ControlThread>,
}

/// What every request is answered from.
#[derive(Clone)]
struct Shown {
    node: Arc<NodeState>,
    rates: Arc<Rates>,
    /// Held while cores are asked: many pages at once are no more work for them than one.
    turn: Arc<Mutex<()>>,
}

impl HttpThread {
    /// Starts to serve what is known of `node`.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(bound: Bound, node: Arc<NodeState>) -> std::io::Result<HttpThread> {
        let (end, ended) = oneshot::channel();
        let address = bound.address;
        let thread = runtime::start_control("http", move || {
            Box::pin(async move {
                if let Err(error) = serve(bound, node, ended).await {
                    tracing::error!(%error, "metrics and health are not served any more");
                }
            })
        })?;
        tracing::info!(%address, "metrics and health");
        Ok(HttpThread { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for HttpThread {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(Err(error)) = self.thread.take().map(ControlThread::join) {
            tracing::error!(%error, "the thread for HTTP did not end well");
        }
    }
}

async fn serve(
    bound: Bound,
    node: Arc<NodeState>,
    ended: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(bound.listener)?;
    let shown = Shown { node, rates: Arc::default(), turn: Arc::default() };
    let watching = shown.rates.clone();
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(shown);
    let serving = axum::serve(listener, router);
    tokio::select! {
        result = serving.into_future() => result,
        () = watching.watch() => Ok(()),
        // Dropped, which ends it: there is nothing that would be worth waiting for.
        _ = ended => Ok(()),
    }
}

async fn metrics(State(shown): State<Shown>) -> Response {
    let turn = shown.turn.lock().await;
    let scrape = Scrape::take(&shown.node, &shown.rates).await;
    drop(turn);
    let page = Page::new(scrape).map(Ok::<String, Infallible>);
    let body = Body::from_stream(stream::iter(page));
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], body).into_response()
}

async fn healthz(State(shown): State<Shown>) -> Response {
    verdict(Vitals::of(&shown.node).alive())
}

async fn readyz(State(shown): State<Shown>) -> Response {
    verdict(Vitals::of(&shown.node).ready())
}

fn verdict(verdict: Result<(), String>) -> Response {
    match verdict {
        Ok(()) => (StatusCode::OK, "ok\n".to_string()).into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}
