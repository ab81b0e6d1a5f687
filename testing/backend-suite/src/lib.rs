//! The tests that every backend has to pass, over real sockets: written once, generic over the
//! backend, and run by each backend's own `cargo test` through [`suite!`].
//!
//! * [`conformance()`], [`conformance_http2`], [`conformance_websocket`]: the protocols, byte for byte.
//! * [`serving`]: many connections, bounds, work, panics, time.
//! * [`statistics`]: what a running server says of itself.
//! * [`files`]: uploads and downloads, also when they go wrong.
//! * [`stopping`]: the order to stop, under every condition.
//! * [`http2`]: many requests at once on a connection.
//! * [`tls`]: the same over TLS, as far as it may differ.
//! * [`websocket`]: what takes over after an upgrade.
//! * [`process`]: the binary: its command line, signals, memory.
//! * [`operation`]: the binary as it is run in earnest: logs, supervisors, deployments, limits.
//! * [`mod@attacks`]: the binary under attack; run through [`attacks!`](crate::attacks!).
//!
//! That all say the same to the same requests is for `tests/across` of this crate to see.

#![allow(missing_docs, reason = "the names of the tests say what they test")]
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    reason = "these are tests"
)]

#[cfg(target_os = "linux")]
pub mod attacks;
#[cfg(unix)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "attacks need /proc"))]
mod child;
pub mod client;
pub mod files;
pub mod http2;
#[cfg(target_os = "linux")]
pub mod operation;
#[cfg(unix)]
pub mod process;
pub mod serving;
pub mod statistics;
pub mod stopping;
pub mod tls;
pub mod websocket;

use ::conformance::{Filter, Protocol};
use app::App;
use app::store::Store;
use backend_common::{Backend, Handle, Server};

/// Whether this system has what the backend needs. If not, its tests say so and pass; where all
/// backends have to be tested, `TEST_ALL_BACKENDS` makes that a failure.
pub fn is_possible<B: Backend>(_: B) -> bool {
    let Err(missing) = B::check_system() else { return true };
    assert!(std::env::var_os("TEST_ALL_BACKENDS").is_none(), "{missing}");
    // Not by a macro, whose output would be kept from view.
    let _ =
        std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("NOT TESTED: {missing}\n"));
    false
}

/// A server that suits tests, on a port of its own.
pub fn server<B: Backend>(model: B) -> Server<B> {
    Server::bind("127.0.0.1:0").unwrap().model(model).threads(4).workers(4)
}

/// The binary of a backend, for [`mod@attacks`].
#[cfg(target_os = "linux")]
pub fn stage<B: Backend>(_: B, path: &'static str) -> attacks::Stage {
    attacks::Stage { backend: B::NAME, path }
}

/// The demo application over a fresh data directory.
pub fn app<B: Backend>(model: B) -> (Handle, tempfile::TempDir) {
    // The pool has a thread for each connection that tests keep open at once.
    app_with(model, |server| server.threads(64))
}

/// As [`app()`], on a server that is set up further.
pub fn app_with<B: Backend>(
    model: B,
    set_up: impl FnOnce(Server<B>) -> Server<B>,
) -> (Handle, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let server = set_up(server(model));
    let app = App::new(B::NAME, "test").files(Store::open(dir.path()).unwrap());
    let app = app.statistics(server.statistics());
    (server.spawn(app).unwrap(), dir)
}

/// HTTP/1.1, as the conformance suite has it.
pub fn conformance<B: Backend>(model: B) {
    conform(model, Protocol::Http1);
}

/// HTTP/2 with prior knowledge, on the same port.
pub fn conformance_http2<B: Backend>(model: B) {
    conform(model, Protocol::Http2);
}

/// WebSocket, after an upgrade.
pub fn conformance_websocket<B: Backend>(model: B) {
    conform(model, Protocol::WebSocket);
}

fn conform<B: Backend>(model: B, protocol: Protocol) {
    let (server, _dir) = app(model);
    let filter = Filter { protocols: vec![protocol], ..Filter::default() };
    ::conformance::run(server.address(), &filter).assert_all_passed();
    server.shutdown(std::time::Duration::from_secs(5)).unwrap();
}

/// Runs all tests on one model of a backend: `suite!(name, Model::Variant)`.
#[macro_export]
macro_rules! suite {
    ($name:ident, $model:expr) => {
        mod $name {
            use super::*;

            $crate::suite!(@tests $model;
                conformance,
                conformance_http2,
                conformance_websocket,
                serving::every_request_of_many_connections_is_answered,
                serving::further_connections_wait_for_room,
                serving::a_panic_costs_one_connection,
                serving::work_beyond_the_bound_is_refused,
                serving::futures_are_work_too,
                serving::sleeping_holds_no_one_up,
                serving::an_idle_connection_is_closed,
                serving::a_peer_that_takes_nothing_makes_room,
                serving::whoever_closes_their_side_is_answered_and_goes,
                serving::an_outcome_that_nobody_waits_for_does_no_harm,
                serving::input_that_nobody_wants_is_not_taken,
                serving::a_pipeline_is_answered_in_order,
                serving::a_protocol_that_panics_costs_one_connection,
                serving::none_of_something_is_one_of_it,
                statistics::connections_are_seen_waiting,
                statistics::the_dashboard_tells_once_a_second,
                statistics::the_dashboard_is_for_pages_of_its_own,
                files::uploads_come_back_whole,
                files::an_upload_that_breaks_off_leaves_nothing,
                files::a_file_that_shrinks_while_it_is_sent_ends_the_connection,
                files::links_lead_nowhere_outside,
                files::what_is_no_file_is_not_opened,
                files::of_two_that_would_be_first_one_is,
                files::paths_that_cannot_be_are_said_to_be_none,
                files::a_site_has_indexes_and_types_and_hides_what_is_hidden,
                files::what_a_killed_server_left_is_swept,
                stopping::requests_under_way_are_answered,
                stopping::a_peer_that_takes_nothing_holds_nothing_up,
                stopping::nothing_is_left_of_the_handler,
                stopping::no_request_is_lost_under_load,
                stopping::idle_connections_are_closed,
                stopping::a_request_that_crosses_the_order_is_answered,
                stopping::time_that_is_up_cuts,
                stopping::a_second_order_shortens_the_time,
                stopping::work_that_does_not_end_holds_nothing_up,
                stopping::a_server_can_be_stopped_before_it_runs,
                stopping::whoever_waits_for_room_is_served,
                stopping::a_client_that_never_pauses_holds_nothing_up,
                stopping::a_protocol_that_does_not_obey_is_cut,
                stopping::an_answer_that_is_not_acknowledged_is_not_cut,
                stopping::timeouts_may_be_of_any_length,
                http2::many_requests_share_a_connection,
                http2::both_versions_are_spoken_at_one_port,
                http2::streams_under_way_are_finished,
                http2::a_client_that_takes_nothing_is_cut,
                http2::silence_ends_a_connection,
                tls::everything_is_served_over_tls_as_well,
                tls::connections_over_tls_are_closed_in_order,
                tls::what_is_not_tls_is_sent_away,
                tls::websockets_are_spoken_over_tls,
                websocket::messages_come_back_and_the_closing_handshake_is_kept,
                websocket::a_plain_request_is_told_what_to_upgrade_to,
                websocket::an_upgrade_is_answered_although_the_client_closes_its_side_behind_it,
                websocket::what_breaks_the_protocol_ends_the_connection,
                websocket::the_order_to_stop_is_passed_on,
                websocket::whoever_does_not_answer_the_order_is_cut_when_time_is_up,
                websocket::a_silent_peer_is_asked_and_then_left,
                websocket::whoever_answers_is_asked_again,
                websocket::a_peer_that_takes_nothing_of_a_flood_is_cut,
                websocket::a_flood_goes_no_faster_than_it_is_taken,
                websocket::what_is_not_answered_yet_is_not_read,
                websocket::time_and_panics_concern_one_connection,
                websocket::many_sockets_are_served_at_once,
            );
        }
    };
    (@tests $model:expr; $($($path:ident)::+),* $(,)?) => {
        $($crate::suite!(@one $model; $($path)::+);)*
    };
    (@one $model:expr; $module:ident :: $test:ident) => {
        #[test]
        fn $test() {
            if $crate::is_possible($model) {
                $crate::$module::$test($model);
            }
        }
    };
    (@one $model:expr; $test:ident) => {
        #[test]
        fn $test() {
            if $crate::is_possible($model) {
                $crate::$test($model);
            }
        }
    };
}

/// Tests the binary of a backend: `binary!(Model::default(), env!("CARGO_BIN_EXE_backend-…"))`.
#[macro_export]
macro_rules! binary {
    ($model:expr, $path:expr) => {
        mod binary {
            use super::*;

            $crate::binary!(@tests $model, $path;
                says_where_it_listens_and_stops_on_a_signal,
                a_second_signal_ends_at_once,
                a_taken_port_is_said_in_one_line,
                a_wrong_flag_is_a_usage_error,
                a_hangup_is_no_end_where_there_are_certificates,
                memory_stays_flat_whatever_the_size_of_a_file,
            );
            $crate::binary!(@operation $model, $path;
                a_log_that_cannot_be_written_ends_nothing,
                output_that_nobody_takes_holds_nothing_up,
                signals_ignored_at_the_start_stay_ignored,
                requests_that_came_during_a_pause_are_answered,
                a_second_server_leaves_the_uploads_of_the_first_alone,
                without_further_threads_the_server_goes_on,
                a_site_is_served_and_nothing_else,
                a_site_that_is_replaced_is_served_at_once,
                refusals_are_logged_with_the_reason_and_the_address,
                a_panic_is_one_line_of_the_log,
            );
        }
    };
    (@operation $model:expr, $path:expr; $($test:ident),* $(,)?) => {
        $(
            #[cfg(target_os = "linux")]
            #[test]
            fn $test() {
                if $crate::is_possible($model) {
                    $crate::operation::$test($path);
                }
            }
        )*
    };
    (@tests $model:expr, $path:expr; $($test:ident),* $(,)?) => {
        $(
            #[cfg(unix)]
            #[test]
            fn $test() {
                if $crate::is_possible($model) {
                    $crate::process::$test($path);
                }
            }
        )*
    };
}
