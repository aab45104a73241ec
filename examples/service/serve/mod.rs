//! The service: `run` is its life from the first to the last moment, `routes` what may be asked, `app` what that asks of the
//! yard, `work` what a request does, `refusal` what is said when there is no result; `door` and `connection` let clients in,
//! and `requests` counts what they ask.

mod app;
mod connection;
mod door;
mod refusal;
mod requests;
mod routes;
mod run;
mod signals;
mod work;

pub(crate) use run::start;
