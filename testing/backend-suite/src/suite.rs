//! The lists of all tests, as macros that make each a `#[test]` of a backend's own.
//!
//! What is `ignore`d here is run by `cargo test -- --include-ignored`: no case less than all, but it
//! takes its time.

/// Makes the tests of one model of a backend: `suite!(main name, Model::Variant)` for its first
/// model, `suite!(name, Model::Variant)` for a further one, which by default shows only in what
/// depends on how it waits.
#[macro_export]
macro_rules! suite {
    (main $name:ident, $model:expr) => {
        $crate::suite!(@module [] $name, $model);
    };
    ($name:ident, $model:expr) => {
        $crate::suite!(@module
            [#[ignore = "exhaustive: cargo test -- --include-ignored"]] $name, $model);
    };
    (@module $unless_main:tt $name:ident, $model:expr) => {
        mod $name {
            use super::*;

            $crate::suite!(@tests [] $model;
                serving::every_request_of_many_connections_is_answered,
                serving::further_connections_wait_for_room,
                serving::a_panic_costs_one_connection,
                serving::work_beyond_the_bound_is_refused,
                serving::futures_are_work_too,
                serving::sleeping_holds_no_one_up,
                serving::an_idle_connection_is_closed,
                serving::a_pipeline_is_answered_in_order,
                statistics::connections_are_seen_waiting,
                files::uploads_come_back_whole,
                stopping::requests_under_way_are_answered,
                stopping::a_peer_that_takes_nothing_holds_nothing_up,
                stopping::nothing_is_left_of_the_handler,
                stopping::no_request_is_lost_under_load,
                stopping::idle_connections_are_closed,
                stopping::time_that_is_up_cuts,
                stopping::work_that_does_not_end_holds_nothing_up,
                stopping::whoever_waits_for_room_is_served,
                websocket::many_sockets_are_served_at_once,
            );
            $crate::suite!(@tests $unless_main $model;
                protocols::http1_is_as_the_cases_have_it,
                protocols::http2_is_as_the_cases_have_it,
                protocols::websocket_is_as_the_cases_have_it,
                serving::a_peer_that_takes_nothing_makes_room,
                serving::whoever_closes_their_side_is_answered_and_goes,
                serving::an_outcome_that_nobody_waits_for_does_no_harm,
                serving::input_that_nobody_wants_is_not_taken,
                serving::a_protocol_that_panics_costs_one_connection,
                serving::none_of_something_is_one_of_it,
                statistics::the_dashboard_tells_once_a_second,
                statistics::the_dashboard_is_for_pages_of_its_own,
                files::an_upload_that_breaks_off_leaves_nothing,
                files::a_file_that_shrinks_while_it_is_sent_ends_the_connection,
                files::links_lead_nowhere_outside,
                files::what_is_no_file_is_not_opened,
                files::of_two_that_would_be_first_one_is,
                files::paths_that_cannot_be_are_said_to_be_none,
                files::a_site_has_indexes_and_types_and_hides_what_is_hidden,
                files::what_a_killed_server_left_is_swept,
                stopping::a_request_that_crosses_the_order_is_answered,
                stopping::a_second_order_shortens_the_time,
                stopping::a_server_can_be_stopped_before_it_runs,
                stopping::a_client_that_never_pauses_holds_nothing_up,
                stopping::a_protocol_that_does_not_obey_is_cut,
                stopping::an_answer_that_is_not_acknowledged_is_not_cut,
                stopping::there_is_no_time_too_long,
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
            );
            $crate::suite!(@tests [#[ignore = "exhaustive: cargo test -- --include-ignored"]] $model;
                protocols::http1_in_pieces_is_as_the_cases_have_it,
                protocols::http2_in_pieces_is_as_the_cases_have_it,
                protocols::websocket_in_pieces_is_as_the_cases_have_it,
            );
        }
    };
    (@tests $ignore:tt $model:expr; $($module:ident :: $test:ident,)*) => {
        $($crate::suite!(@one $ignore $model; $module, $test);)*
    };
    (@one [$($ignore:tt)*] $model:expr; $module:ident, $test:ident) => {
        #[test]
        $($ignore)*
        fn $test() {
            if $crate::fixtures::is_possible($model) {
                $crate::$module::$test($model);
            }
        }
    };
}

/// Makes the tests of the binary of a backend:
/// `binary!(Model::default(), env!("CARGO_BIN_EXE_backend-…"))`.
#[macro_export]
macro_rules! binary {
    ($model:expr, $path:expr) => {
        mod binary {
            use super::*;

            $crate::binary!(@tests $model, $path; unix
                process::says_where_it_listens_and_stops_on_a_signal,
                process::a_second_signal_ends_at_once,
                process::a_taken_port_is_said_in_one_line,
                process::a_wrong_flag_is_a_usage_error,
                process::a_hangup_is_no_end_where_there_are_certificates,
                process::memory_stays_flat_whatever_the_size_of_a_file,
            );
            $crate::binary!(@tests $model, $path; target_os = "linux"
                operation::a_log_that_cannot_be_written_ends_nothing,
                operation::output_that_nobody_takes_holds_nothing_up,
                operation::signals_ignored_at_the_start_stay_ignored,
                operation::requests_that_came_during_a_pause_are_answered,
                operation::a_second_server_leaves_the_uploads_of_the_first_alone,
                operation::without_further_threads_the_server_goes_on,
                operation::a_site_is_served_and_nothing_else,
                operation::a_site_that_is_replaced_is_served_at_once,
                operation::refusals_are_logged_with_the_reason_and_the_address,
                operation::a_panic_is_one_line_of_the_log,
            );
        }
    };
    (@tests $model:expr, $path:expr; unix $($tests:tt)*) => {
        $crate::binary!(@each [#[cfg(unix)]] $model, $path; $($tests)*);
    };
    (@tests $model:expr, $path:expr; target_os = "linux" $($tests:tt)*) => {
        $crate::binary!(@each [#[cfg(target_os = "linux")]] $model, $path; $($tests)*);
    };
    (@each $system:tt $model:expr, $path:expr; $($module:ident :: $test:ident,)*) => {
        $($crate::binary!(@one $system $model, $path; $module, $test);)*
    };
    (@one [$($system:tt)*] $model:expr, $path:expr; $module:ident, $test:ident) => {
        $($system)*
        #[test]
        fn $test() {
            if $crate::fixtures::is_possible($model) {
                $crate::$module::$test($path);
            }
        }
    };
}

/// Makes the attacks on the binary of a backend:
/// `attacks!(Model::default(), env!("CARGO_BIN_EXE_backend-…"))`. Of each kind the first few are
/// carried out by default.
#[macro_export]
macro_rules! attacks {
    ($model:expr, $path:expr) => {
        #[cfg(target_os = "linux")]
        mod attacks {
            use super::*;

            $crate::attacks!(@kind $model, $path; slow
                { slow_heads, }
                { slow_bodies, slow_readers, one_byte_windows, idle_connections, }
            );
            $crate::attacks!(@kind $model, $path; crowds
                { connect_and_leave, a_crowd_that_is_reset, }
                { pipelines_of_ten_thousand, }
            );
            $crate::attacks!(@kind $model, $path; floods
                { header_floods, chunk_extension_floods, }
                { one_byte_chunks, huge_declared_lengths, pipelines_that_are_never_read, }
            );
            $crate::attacks!(@kind $model, $path; resources
                { a_full_disk, a_panicking_handler, }
                {
                    no_descriptors_left,
                    a_file_removed_while_it_is_sent,
                    a_file_truncated_while_it_is_sent,
                    work_that_never_returns,
                }
            );
            $crate::attacks!(@kind $model, $path; http2
                { rapid_reset, settings_floods, ping_floods, }
                {
                    continuation_floods,
                    empty_data_floods,
                    one_byte_window_updates,
                    zero_windows,
                    too_many_streams,
                    half_frames,
                }
            );
            $crate::attacks!(@kind $model, $path; tls
                { half_handshakes, }
                { slow_handshakes, garbage_for_a_handshake, }
            );
            $crate::attacks!(@kind $model, $path; websocket
                { huge_announced_messages, ping_floods, }
                {
                    endless_fragments,
                    empty_fragments,
                    pings_without_ears,
                    echoes_without_ears,
                }
            );
        }
    };
    (@kind $model:expr, $path:expr; $kind:ident
        { $($attack:ident,)* } { $($exhaustive:ident,)* }) => {
        mod $kind {
            use super::*;

            $($crate::attacks!(@one [] $model, $path; $kind, $attack);)*
            $($crate::attacks!(@one [#[ignore = "exhaustive: cargo test -- --include-ignored"]]
                $model, $path; $kind, $exhaustive);)*
        }
    };
    (@one [$($ignore:tt)*] $model:expr, $path:expr; $kind:ident, $attack:ident) => {
        #[test]
        $($ignore)*
        fn $attack() {
            if $crate::fixtures::is_possible($model) {
                $crate::attacks::$kind::$attack($crate::attacks::Stage::of($model, $path));
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// The names of the functions of this source that are tests: public, of one model, one binary
    /// or one stage.
    fn tests(source: &str) -> Vec<&str> {
        let signatures = ["<B: Backend>(model: B) {", "(path: &str) {", "(stage: Stage) {"];
        source
            .lines()
            .filter_map(|line| {
                let rest = line.strip_prefix("pub fn ")?;
                signatures.iter().find_map(|signature| rest.strip_suffix(signature))
            })
            .collect()
    }

    /// What stands between `start` and the next `end`.
    fn part<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
        let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start:?}"));
        rest.split_once(end).unwrap().0
    }

    #[test]
    fn every_test_is_in_a_list() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let lists = part(include_str!("suite.rs"), "macro_rules! suite", "#[cfg(test)]\nmod tests");
        let mut count = 0;
        for folder in [sources.clone(), sources.join("attacks")] {
            let is_attack = folder != sources;
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let module = path.file_stem().unwrap().to_str().unwrap();
                if path.is_dir() || module == "suite" {
                    continue;
                }
                for test in tests(&fs::read_to_string(&path).unwrap()) {
                    let is_listed = if is_attack {
                        let kind = part(lists, &format!("; {module}\n"), ");");
                        kind.split(|it: char| !it.is_alphanumeric() && it != '_')
                            .any(|word| word == test)
                    } else {
                        lists.contains(&format!(" {module}::{test},\n"))
                    };
                    assert!(is_listed, "`{module}::{test}` is never run: no list names it");
                    count += 1;
                }
            }
        }
        assert!(count > 100, "{count} tests: are signatures still as they were?");
    }
}
