//! The lists of all tests, as macros that make each a `#[test]` of a backend's own.
//!
//! Tests that are `ignore`d here are run by `cargo test -- --include-ignored`.

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
                serving::requests_know_their_peer,
                serving::a_panic_costs_one_connection,
                serving::clients_that_end_a_first_server_do_no_harm,
                serving::work_beyond_the_bound_is_refused,
                serving::futures_are_work_too,
                serving::fifty_sleeping_requests_take_as_long_as_one,
                serving::an_idle_connection_is_closed,
                serving::a_pipeline_is_answered_in_order,
                statistics::connections_are_seen_waiting,
                files::uploads_come_back_whole,
                proxies::requests_come_from_the_client_that_a_proxy_names,
                proxies::connections_of_each_client_are_bounded,
                proxies::requests_of_each_client_are_bounded,
                shutdown::requests_under_way_are_answered,
                shutdown::a_client_that_reads_nothing_is_cut_at_the_deadline,
                shutdown::the_handler_is_dropped_when_the_server_has_ended,
                shutdown::no_request_is_lost_under_load,
                shutdown::idle_connections_are_closed,
                shutdown::requests_under_way_at_the_deadline_are_cut,
                shutdown::work_that_does_not_end_is_abandoned_at_the_deadline,
                shutdown::a_connection_that_waits_for_room_is_served,
                websocket::many_sockets_are_served_at_once,
            );
            $crate::suite!(@tests $unless_main $model;
                protocols::http1_cases_pass_sent_whole,
                protocols::http2_cases_pass_sent_whole,
                protocols::websocket_cases_pass_sent_whole,
                serving::a_client_that_reads_nothing_is_cut_and_makes_room,
                serving::a_client_that_half_closes_is_answered_and_closed,
                serving::an_outcome_for_a_closed_connection_is_dropped,
                serving::input_beyond_a_request_under_way_is_not_read,
                serving::a_protocol_that_panics_costs_one_connection,
                serving::bounds_of_zero_are_taken_as_one,
                statistics::the_dashboard_tells_once_a_second,
                statistics::the_dashboard_is_for_pages_of_its_own,
                files::an_upload_that_breaks_off_leaves_nothing,
                files::a_file_that_shrinks_while_it_is_sent_ends_the_connection,
                files::links_out_of_the_directory_are_not_followed,
                files::pipes_sockets_and_directories_are_not_opened,
                files::the_second_of_two_first_uploads_is_refused,
                files::impossible_paths_are_refused,
                files::a_site_has_indexes_and_types_and_hides_what_is_hidden,
                files::unfinished_uploads_of_a_killed_server_are_removed,
                sites::a_compressed_file_beside_another_is_sent_in_its_place,
                sites::text_is_compressed_for_a_client_that_takes_it,
                sites::compression_that_is_off_leaves_files_as_they_are,
                sites::several_ranges_are_sent_as_parts,
                sites::a_file_that_is_replaced_while_it_is_sent_is_of_one_version,
                sites::pages_are_revalidated_and_files_with_a_hash_are_kept,
                sites::a_directory_is_listed_on_request,
                sites::every_link_of_a_listing_can_be_followed,
                sites::a_page_that_is_not_there_is_the_page_for_that,
                sites::a_route_of_a_single_page_application_is_its_page,
                sites::pages_are_found_without_their_ending,
                sites::redirects_rewrites_and_fields_follow_their_rules,
                sites::each_host_has_its_own_site,
                shutdown::a_request_that_crosses_the_signal_is_answered,
                shutdown::a_second_shutdown_brings_the_deadline_forward,
                shutdown::a_server_can_be_shut_down_before_it_runs,
                shutdown::a_client_that_never_pauses_is_cut_at_the_deadline,
                shutdown::a_protocol_that_ignores_shutdown_is_cut_at_the_deadline,
                shutdown::an_answer_that_is_not_acknowledged_is_not_cut,
                shutdown::a_deadline_without_end_is_taken,
                http2::many_requests_share_a_connection,
                http2::streams_know_their_peer,
                http2::trailers_come_and_go,
                http2::both_versions_are_spoken_at_one_port,
                http2::streams_under_way_are_finished,
                http2::a_client_that_takes_nothing_is_cut,
                http2::a_silent_http2_connection_is_closed,
                proxies::connections_without_a_header_are_closed,
                proxies::a_header_has_to_come_in_time,
                proxies::only_trusted_proxies_are_served,
                proxies::what_trusted_proxies_say_of_the_client_is_believed,
                proxies::tls_and_http2_are_spoken_behind_a_proxy,
                tls::every_effect_works_over_tls,
                tls::shutdown_ends_tls_connections_with_close_notify,
                tls::clients_that_speak_no_tls_are_answered_and_closed,
                tls::websockets_are_spoken_over_tls,
                websocket::messages_come_back_and_the_closing_handshake_is_kept,
                websocket::a_plain_request_is_told_what_to_upgrade_to,
                websocket::an_upgrade_is_answered_although_the_client_closes_its_side_behind_it,
                websocket::frames_that_break_the_protocol_end_the_connection,
                websocket::shutdown_sends_close_1001_to_every_socket,
                websocket::a_client_that_does_not_answer_close_is_cut_at_the_deadline,
                websocket::a_silent_client_is_pinged_and_then_closed,
                websocket::a_client_that_answers_pings_stays_connected,
                websocket::a_client_that_reads_nothing_of_a_flood_is_cut,
                websocket::a_flood_is_produced_as_fast_as_it_is_read,
                websocket::messages_beyond_unread_echoes_are_not_read,
                websocket::timers_and_panics_concern_one_socket,
            );
            $crate::suite!(@unix $unless_main $model;
                listeners::a_path_is_served_like_an_address,
                listeners::all_listeners_are_served_and_end_together,
                listeners::bounds_hold_over_all_listeners,
            );
            $crate::suite!(
                @tests [#[ignore = "exhaustive: cargo test -- --include-ignored"]] $model;
                protocols::http1_cases_pass_sent_in_pieces,
                protocols::http2_cases_pass_sent_in_pieces,
                protocols::websocket_cases_pass_sent_in_pieces,
                sites::ten_thousand_small_files_come_back_whole,
            );
        }
    };
    (@unix [$($ignore:tt)*] $($tests:tt)*) => {
        $crate::suite!(@tests [#[cfg(unix)] $($ignore)*] $($tests)*);
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
                process::the_binary_names_its_address_and_shuts_down_on_a_signal,
                process::a_second_signal_ends_at_once,
                process::a_taken_port_is_said_in_one_line,
                process::a_wrong_flag_is_a_usage_error,
                process::sighup_reloads_certificates_and_ends_a_server_without,
                process::memory_stays_flat_whatever_the_size_of_a_file,
                https::the_server_name_decides_which_certificate_is_sent,
                https::a_replaced_certificate_is_for_new_connections_and_ends_no_old_one,
                https::plain_http_is_redirected_and_hsts_is_said_over_tls,
                configuration::the_command_line_is_over_the_environment_the_file_and_defaults,
                configuration::a_printed_configuration_means_the_same,
                configuration::a_mistake_is_named_with_file_line_and_what_may_be_meant,
                configuration::options_go_together_whatever_their_sources,
                configuration::a_file_has_a_server_serve,
                configuration::sighup_reads_the_file_again_and_loses_no_connection,
                configuration::sighup_takes_other_certificates,
                configuration::a_file_with_a_mistake_leaves_the_old_configuration_in_force,
                sockets::all_addresses_and_paths_are_listened_on,
                sockets::words_behind_an_address_are_for_that_listener_alone,
                sockets::a_path_is_taken_over_from_a_server_that_was_killed_and_from_no_other,
                telemetry::the_access_log_says_who_asked_for_what_and_where_it_waited,
                telemetry::the_access_log_names_the_client_behind_a_trusted_proxy,
                telemetry::a_combined_access_log_goes_to_standard_output,
                telemetry::clients_over_their_limits_are_counted_and_logged,
                telemetry::a_renamed_access_log_is_opened_again_on_a_signal,
                telemetry::administrators_see_metrics_and_are_not_counted_among_the_clients,
                telemetry::a_server_that_drains_is_healthy_and_not_ready,
            );
            $crate::binary!(
                @each [#[cfg(unix)] #[ignore = "exhaustive: cargo test -- --include-ignored"]]
                $model, $path;
                process::memory_stays_flat_while_five_gibibytes_are_sent,
            );
            $crate::binary!(@tests $model, $path; target_os = "linux"
                operation::a_log_that_cannot_be_written_is_no_failure,
                operation::output_that_nobody_reads_blocks_nothing,
                operation::signals_ignored_at_the_start_stay_ignored,
                operation::requests_that_came_during_a_pause_are_answered,
                operation::a_second_server_leaves_the_uploads_of_the_first_alone,
                operation::without_further_threads_the_server_goes_on,
                operation::a_site_is_served_and_nothing_else,
                operation::a_site_that_is_replaced_is_served_at_once,
                operation::refusals_are_logged_with_the_reason_and_the_address,
                operation::a_panic_is_one_line_of_the_log,
                supervised::sockets_of_systemd_are_served_and_it_is_notified,
                supervised::the_user_is_changed_when_the_listeners_are_bound,
                takeover::a_new_binary_takes_over_without_a_lost_request,
                takeover::a_new_binary_that_does_not_begin_leaves_the_old_one_in_place,
            );
            $crate::binary!(@tests $model, $path; exhaustive
                takeover::fifty_restarts_lose_no_request,
            );
        }
    };
    (@tests $model:expr, $path:expr; unix $($tests:tt)*) => {
        $crate::binary!(@each [#[cfg(unix)]] $model, $path; $($tests)*);
    };
    (@tests $model:expr, $path:expr; target_os = "linux" $($tests:tt)*) => {
        $crate::binary!(@each [#[cfg(target_os = "linux")]] $model, $path; $($tests)*);
    };
    (@tests $model:expr, $path:expr; exhaustive $($tests:tt)*) => {
        $crate::binary!(@each [
            #[cfg(target_os = "linux")]
            #[ignore = "exhaustive: cargo test -- --include-ignored"]
        ] $model, $path; $($tests)*);
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
                    many_large_texts_at_once,
                    large_listings_that_are_not_read,
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

    /// The text between `start` and the next `end`.
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
