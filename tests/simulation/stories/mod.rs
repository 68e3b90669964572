//! The forty-eight stories that an order must survive, each with its one right ending and the test
//! that tells it. `told` tells those that need neither a process nor a socket.

mod told;

use std::collections::BTreeSet;
use std::path::Path;

/// The test that tells a story: its file and its name.
struct By(&'static str, &'static str);

const HERE: &str = "tests/simulation/stories/told.rs";

#[rustfmt::skip]
const STORIES: [(u32, &str, By); 48] = [
    (1,  "page opened, answer lost",                          By(HERE, "story_01_a_page_whose_answer_is_lost_is_followed_by_another")),
    (2,  "payer leaves",                                      By("tests/api/payment_declined.rs", "who_does_not_pay_in_time_gets_and_pays_nothing")),
    (3,  "declined, then paid on the same page",              By("tests/api/payment_declined.rs", "case_13_declined_attempts_and_then_a_billed_one_on_the_same_page_pay_the_order")),
    (4,  "paid in two tabs",                                  By("tests/api/paying_twice.rs", "case_16_of_two_payments_one_is_taken_and_one_goes_back")),
    (5,  "authorised after patience",                         By("tests/api/payment_cases/pages.rs", "case_15_money_that_comes_when_page_and_order_are_over_goes_back")),
    (6,  "suspended for days, billed after the ski day",      By("tests/api/payment_cases/suspended.rs", "case_20_a_suspended_payment_that_is_billed_after_the_orders_end_goes_back")),
    (7,  "reserved with another amount",                      By("tests/api/paying_twice.rs", "case_17_another_amount_than_the_orders_goes_back")),
    (8,  "callback before our row is committed",              By("tests/faults/callbacks.rs", "case_10_a_page_that_is_paid_before_its_answer_comes_is_the_orders_and_a_second_payment_goes_back")),
    (9,  "callback five times at once",                       By("tests/api/payment_cases/reports.rs", "case_09_five_callbacks_at_once_are_one_ticket_and_one_email")),
    (10, "callback lost",                                     By("tests/faults/callbacks.rs", "case_08_dropped_callbacks_are_made_up_for")),
    (11, "cancelled while the page is open, then paid",       By("tests/api/cancelling.rs", "case_14_money_that_comes_after_the_cancellation_goes_back")),
    (12, "cancel and callback at once",                       By(HERE, "story_12_cancelled_while_the_payment_is_told_of_it_ends_with_ticket_and_money_or_with_neither")),
    (13, "cancel while issuing",                              By(HERE, "story_13_an_order_whose_tickets_are_being_issued_is_not_cancelled")),
    (14, "automatic clearing",                                By("tests/api/payment_cases/ways_back.rs", "automatic_clearing_bills_at_once_and_what_is_not_issued_goes_back_once")),
    (15, "billed at once, issue refused",                     By(HERE, "story_15_billed_at_once_and_refused_at_the_gate_goes_back")),
    (16, "one of three issued, the operator down",            By(HERE, "story_16_of_three_tickets_two_wait_until_their_operator_is_back")),
    (17, "line refused, keep",                                By("tests/api/lines_refused.rs", "a_refused_line_leaves_the_others_when_that_was_wished")),
    (18, "line refused, undo",                                By("tests/api/lines_refused.rs", "a_refused_line_undoes_the_whole_order_when_that_was_wished")),
    (19, "keep, only the free child's line issued",           By(HERE, "story_19_only_the_free_childs_ticket_is_kept_and_nothing_is_taken")),
    (20, "issued, answer lost",                               By(HERE, "story_20_a_ticket_whose_answer_is_lost_is_found_and_not_issued_again")),
    (21, "not issued, answer lost",                           By(HERE, "story_21_a_ticket_that_was_not_issued_and_of_which_nobody_knows_is_issued")),
    (22, "executed later, after we undid",                    By(HERE, "story_22_a_ticket_that_is_issued_after_all_once_we_undo_is_taken_back")),
    (23, "a booking that stays pending for ever",             By(HERE, "story_23_a_booking_that_stays_pending_calls_a_person_and_ends_once_it_is_decided")),
    (24, "the supplier's session expires mid-issue",          By("src/integrations/lift/axess/tests.rs", "a_session_that_ended_is_renewed_and_the_ticket_issued_once")),
    (25, "an unlisted error after issuing",                   By("src/integrations/lift/axess/tests.rs", "refusals_come_through_as_they_are")),
    (26, "find returns two",                                  By("tests/simulation/rows.rs", "whatever_fails_while_authorised_ends_clean")),
    (27, "replica paused between commit and send",            By("tests/faults/fleet/paused.rs", "a_ticket_that_a_stopped_replica_was_about_to_book_is_not_booked_twice")),
    (28, "a thread that should be dead sends again",          By("tests/simulation/twice.rs", "an_order_driven_twice_while_issuing_is_issued_once")),
    (29, "two replicas start at once",                        By("tests/faults/fleet/beginning.rs", "replicas_that_begin_together_on_an_empty_database_are_one_shop")),
    (30, "operator down during undo",                         By("tests/faults/pairs.rs", "an_order_whose_patience_is_over_is_undone_once_its_supplier_is_back")),
    (31, "undo of a used ticket",                             By("tests/api/mended_by_hand.rs", "a_used_ticket_is_kept_and_paid_when_staff_accepts_it")),
    (32, "capture unknown",                                   By(HERE, "story_32_a_capture_of_which_nobody_knows_takes_the_money_once")),
    (33, "payment provider down after issuing",               By(HERE, "story_33_money_is_taken_once_the_payment_provider_is_back")),
    (34, "reservation expired",                               By("tests/api/payment_cases/ways_back.rs", "case_35_a_reservation_that_lapsed_takes_its_tickets_back_and_the_customer_is_told")),
    (35, "total 0",                                           By(HERE, "story_35_an_order_of_which_nothing_is_due_ends_with_its_ticket_and_without_a_payment")),
    (36, "order waits six minutes in our queue",              By("rules/src/model/traces.rs", "waiting_for_a_turn_is_not_asking")),
    (37, "price changes while the payer is at the bank",      By("tests/api/importing.rs", "a_new_price_is_shown_without_a_restart_and_the_shown_one_holds")),
    (38, "same card and day in two orders",                   By("tests/simulation/twice.rs", "of_two_accounts_that_pay_for_one_card_and_day_one_has_the_ticket_and_the_other_its_money")),
    (39, "partial capture, later return of a line",           By("tests/api/returns.rs", "story_39_a_returned_ticket_is_cancelled_and_its_price_goes_back_and_its_day_is_free")),
    (40, "dies between invoice and letter",                   By("tests/faults/crash/mod.rs", "an_order_survives_a_kill_at_every_moment")),
    (41, "document written, transaction rolled back",         By("tests/simulation/many.rs", "twelve_orders_and_three_crashes_leave_one_series_of_invoices_without_gaps")),
    (42, "a booking that we do not know",                     By("tests/api/books/tickets.rs", "every_ticket_that_differs_is_one_case_and_what_was_agreed_makes_both_sides_agree")),
    (43, "backup restored: their world is newer than ours",   By("tests/faults/restored.rs", "a_backup_that_is_restored_books_no_ticket_again_and_gives_out_no_number_twice")),
    (44, "charge-back after months",                          By("tests/api/payment_cases/charge_backs.rs", "a_charge_back_opens_one_case_that_a_person_closes")),
    (45, "price changed between check and issue",             By("src/integrations/lift/dta/tests.rs", "refusals_and_reports_come_through_as_they_are")),
    (46, "supplier back after the mark was set",              By("rules/src/model/traces.rs", "a_late_success_of_a_move_of_money_clears_the_mark")),
    (47, "every end told to the customer",                    By("tests/simulation/lives/controls.rs", "forgetting_letters")),
    (48, "the process is killed between any two of all these", By("tests/faults/crash/mod.rs", "an_order_survives_a_kill_at_every_moment")),
];

#[test]
fn every_story_is_told_by_a_test() {
    let numbers: Vec<u32> = STORIES.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=48).collect::<Vec<_>>());
    for (number, story, By(file, test)) in &STORIES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("story {number}: {file}: {error}"));
        assert!(is_run(&text, test), "story {number}, {story}: {file} runs no test {test}");
    }
}

#[test]
fn a_test_that_is_named_after_a_story_tells_it() {
    let own = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(HERE)).unwrap();
    let named: BTreeSet<_> = own
        .match_indices("fn story_")
        .map(|(at, _)| own[at + 3..].split('(').next().unwrap())
        .collect();
    let own = STORIES.iter().filter(|(_, _, By(file, _))| *file == HERE);
    let listed: BTreeSet<_> = own
        .map(|(number, _, By(_, test))| {
            assert!(test.starts_with(&format!("story_{number:02}_")));
            *test
        })
        .collect();
    assert_eq!(named, listed);
}

/// Whether a runner runs the test: an attribute stands above it, or a macro makes a test of it.
fn is_run(text: &str, test: &str) -> bool {
    let attributed = text.match_indices(&format!("fn {test}(")).any(|(at, _)| {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        text[..line].trim_end().ends_with("test]")
    });
    let made = ["both_databases!(", "postgres_alone!(", "on_postgres!(", "rows! {", "rules! {"]
        .into_iter()
        .any(|makes| {
            // a list in braces ends with its file
            let body = text.split_once(makes).map(|(_, rest)| {
                if makes.ends_with('(') { rest.split(';').next().unwrap() } else { rest }
            });
            body.is_some_and(|body| {
                body.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == test)
            })
        });
    attributed || made
}

#[test]
fn a_function_that_no_runner_runs_tells_nothing() {
    assert!(is_run("#[tokio::test]\nasync fn told() {}", "told"));
    assert!(is_run("both_databases!(\n    told,\n    other,\n);", "told"));
    assert!(!is_run("async fn told() {}", "told"));
}
