//! What the demonstration says once it is ready: addresses, log-ins, and the same purchase in ten
//! lines of shell.

use std::path::Path;

use secrecy::ExposeSecret;
use serde_json::Value;
use starjack_simulator::sample_dta_number;

use super::setting::People;
use crate::clock;

/// The text under `ready`.
pub(super) fn ready(api: &str, endpoints: &Value, people: &People, log: &Path) -> String {
    let log = log.display();
    let control = endpoints["control"].as_str().unwrap_or_default();
    let card = sample_dta_number(clock::now().timestamp_millis().unsigned_abs() + 1);
    let day = clock::now().date_naive() + chrono::Days::new(7);
    let email = &people.skier.email;
    let password = people.skier.password.expose_secret();
    let admin = &people.admin.email;
    let admin_password = people.admin.password.expose_secret();
    format!(
        r#"ready

API        {api}   (description: {api}/api/openapi.json)
simulator  {control}   (SIMULATED suppliers; what really happened: {control}/control/ledger)
skier      {email}  {password}
admin      {admin}  {admin_password}
log        {log}   (one line of JSON an event; nothing of it is printed here)

Buy it yourself, line by line (bash or zsh, needs curl):
A={api}; S={control}; H='Content-Type: application/json'
get() {{ grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }}
T=$(curl -s $A/api/v1/sessions -H "$H" -d '{{"email":"{email}","password":"{password}"}}' | get access_token)
CARD=$(curl -s $A/api/v1/cards -H "$H" -H "Authorization: Bearer $T" -d '{{"number":"{card}","nickname":"mine"}}' | get id)
OFFER=$(curl -s "$A/api/v1/operators/solden/offers?day={day}&birth_year=1990" | get offer_id)
ORDER=$(curl -s $A/api/v1/orders -H "$H" -H "Authorization: Bearer $T" -H "Idempotency-Key: walk-$RANDOM-$RANDOM" -d '{{"lines":[{{"offer_id":"'$OFFER'","card_id":"'$CARD'","holder":{{"first_name":"Eva","last_name":"Skier","birth_date":"1990-05-01"}}}}]}}' | get id)
while sleep 0.5; do PAGE=$(curl -s $A/api/v1/orders/$ORDER -H "Authorization: Bearer $T" | get page_url); [ -z "$PAGE" ] || break; done; echo "pay in a browser, or go on: $PAGE"
curl -s -X POST $S/control/mpay24/pages/${{PAGE##*/}}/pay -H "$H" -d '{{"outcome":"reserved"}}'; echo
while sleep 0.5; do STATE=$(curl -s $A/api/v1/orders/$ORDER -H "Authorization: Bearer $T" | get state); echo "$STATE"; case $STATE in finished|rejected|undone) break;; esac; done
curl -s $S/control/ledger | head -c 2000; echo
"#
    )
}
